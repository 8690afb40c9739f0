// Vega-Lite's figure in Vega's terms, for the report's page and for its pictures alike. Names beside dots (usermeta.names)
// are placed where they run into nothing, those of the first rows first; a name without room is left out.
"use strict";

function vegaOf(figure) {
  const { spec } = vegaLite.compile(figure);
  const { names, when } = figure.usermeta ?? {};
  const texts = names && spec.marks.find((mark) => mark.type === "text");
  if (!texts) return spec;
  const { fontSize } = figure.layer.find((layer) => layer.mark.type === "text").mark;
  Object.assign(texts, {
    from: { data: spec.marks.find((mark) => mark.type === "symbol").name },
    encode: {
      enter: {
        text: { signal: `datum.datum.${when} ? datum.datum.${names} : ""` },
        fontSize: { value: fontSize },
        fill: { value: figure.config.text.color },
      },
    },
    transform: [{
      type: "label",
      size: { signal: "[width, height]" },
      anchor: ["top-right", "right", "top", "left", "bottom-right", "bottom", "top-left", "bottom-left"],
      offset: [4],
      padding: 0,
    }],
  });
  return spec;
}
