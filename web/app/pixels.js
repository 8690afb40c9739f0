// Numbers with a sign as pictures: blue below 0, orange above it, nothing in the panel's own colour. They follow the theme.

const root = document.documentElement;
const painted = new Map(); // canvas -> paints it again
let timer = null;

// Paints all that are still in the page.
function repaint() {
  for (const [canvas, paint] of painted) {
    if (canvas.isConnected) paint();
    else painted.delete(canvas);
  }
}
new MutationObserver(repaint).observe(root, { attributes: true, attributeFilter: ["data-theme"] });

const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
function colour(name) {
  probe.fillStyle = getComputedStyle(root).getPropertyValue(name).trim();
  probe.fillRect(0, 0, 1, 1);
  return probe.getImageData(0, 0, 1, 1).data;
}

// `maps`: arrays of height x width signed bytes (-127..127), `columns` side by side with a pixel between them.
export function paintSigned(canvas, maps, height, width, columns) {
  const rows = Math.ceil(maps.length / columns);
  const [wide, high] = [columns * (width + 1) - 1, rows * (height + 1) - 1];
  const paint = () => {
    const [none, below, above] = [colour("--panel"), colour("--accent"), colour("--contrast")];
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== high) canvas.height = high;
    const context = canvas.getContext("2d");
    const image = context.createImageData(wide, high);
    maps.forEach((map, m) => {
      const start = Math.floor(m / columns) * (height + 1) * wide + (m % columns) * (width + 1);
      for (let i = 0; i < height * width; i++) {
        const out = 4 * (start + Math.floor(i / width) * wide + (i % width));
        const to = map[i] < 0 ? below : above,
          amount = Math.min(1, Math.abs(map[i]) / 127);
        for (let c = 0; c < 3; c++) image.data[out + c] = none[c] + (to[c] - none[c]) * amount;
        image.data[out + 3] = 255;
      }
    });
    context.putImageData(image, 0, 0);
  };
  painted.set(canvas, paint);
  paint();
  clearTimeout(timer);
  timer = setTimeout(() => painted.forEach((_, c) => c.isConnected || painted.delete(c)), 2000); // lets go of what has left
}
