// A sheet to draw one digit on, with mouse, touch, pen or arrow keys: the drawing view's ink and pen without the rest.
import { element } from "./dom.js";
import { HEIGHT, Layer, Stroke, WIDTH } from "./draw/ink.js";
import { ArrowPen, Pen } from "./draw/pen.js";
import { dataUri, encodeGrey } from "./draw/png.js";

const INK = 22; // a stroke's width, in units of the sheet

// changed() is called when the strokes have changed, say(text) with what a screen reader should hear.
export function createPad({ label, changed, say, theme }) {
  const canvas = element("canvas.pad-sheet", {
    tabindex: "0",
    role: "img",
    "aria-label": label,
    "aria-describedby": "pad-keys",
  });
  const mark = element("span.pad-mark", { hidden: true, "aria-hidden": "true" });
  const root = element(
    "div.pad",
    {},
    canvas,
    mark,
    element(
      "span.unseen",
      { id: "pad-keys" },
      "Arrow keys move a pen over the sheet, Space puts it down and lifts it.",
    ),
  );
  const layer = new Layer(canvas);
  let strokes = [];

  const show = () => layer.show(strokes, pen.stroke ?? arrows.stroke);
  const add = (stroke) => {
    if (stroke) strokes = [...strokes, stroke];
    show();
    if (stroke) changed();
  };
  const settings = () => ({ width: INK, erases: false });
  const pen = new Pen(canvas, { settings, changed: () => show(), finished: add });
  const arrows = new ArrowPen(canvas, mark, { settings, changed: () => show(), finished: add, say });

  const watcher = new ResizeObserver(() => {
    const scale = Math.min(3, devicePixelRatio || 1),
      { clientWidth, clientHeight } = canvas;
    if (!clientWidth) return;
    layer.resize(Math.round(clientWidth * scale), Math.round(clientHeight * scale));
    show();
  });
  watcher.observe(canvas);
  const ended = theme.subscribe(() => {
    layer.recolour(getComputedStyle(document.documentElement).getPropertyValue("--ink").trim());
    show();
  });

  const replace = (next) => {
    pen.cancel();
    arrows.lift();
    strokes = next;
    show();
  };
  return {
    element: root,
    focus: () => canvas.focus({ preventScroll: true }),
    describe: (text) => canvas.setAttribute("aria-label", text),
    get blank() {
      return !strokes.length;
    },
    // Plain lists of numbers, x, y, x, y..., in units of a sheet of 400 x 320.
    get strokes() {
      return strokes.map(({ points }) => points.map((v) => Math.round(10 * v) / 10));
    },
    set strokes(lists) {
      replace(lists.map((points) => Object.assign(new Stroke(INK, false), { points: [...points] })));
    },
    undo() {
      if (!strokes.length) return;
      replace(strokes.slice(0, -1));
      changed();
    },
    clear() {
      replace([]);
      changed();
    },
    close() {
      watcher.disconnect();
      ended();
    },
  };
}

// The strokes as a PNG, a data URI: dark ink on white, as paper is.
export function picture(lists) {
  const layer = Layer.hidden(WIDTH, HEIGHT);
  layer.show(
    lists.map((points) => Object.assign(new Stroke(INK, false), { points })),
    null,
  );
  return dataUri(
    encodeGrey(
      layer.coverage().map((v) => 255 - v),
      WIDTH,
      HEIGHT,
      3,
      4,
    ),
  );
}
