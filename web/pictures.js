// Draws the figures of `tenfold report --png` and `--svg` in a browser without a window and leaves them in the page, a line
// each: kind, name, base64. The program reads that off the page, down to the line "done".
"use strict";

function encoded(text) {
  const bytes = new TextEncoder().encode(text);
  let letters = "";
  for (let i = 0; i < bytes.length; i += 8192) letters += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(letters);
}

async function drawPictures(figures, { png, svg }) {
  const lines = [];
  for (const [name, figure] of Object.entries(figures)) {
    try {
      const view = new vega.View(vega.parse(vegaOf(figure)), { renderer: "none" });
      await view.runAsync();
      if (svg) lines.push(`svg ${name} ${encoded(await view.toSVG())}`);
      if (png) lines.push(`png ${name} ${(await view.toCanvas(2)).toDataURL("image/png").split(",")[1]}`);
      view.finalize();
    } catch (error) {
      lines.push(`error ${name} ${encoded(error.message)}`);
    }
  }
  document.body.replaceChildren(Object.assign(document.createElement("pre"), {
    textContent: `\n${lines.join("\n")}\ndone\n`,
  }));
}
