// What is on the sheet, with its history, and how strokes become pixels. A sheet is {strokes, picture}: strokes in
// units of a sheet of 400 x 320, whatever the screen's size; or a picture that was loaded. Sheets are never changed,
// only replaced, so that undo is a step back in a list.

export const WIDTH = 400,
  HEIGHT = 320;
const MOST_STEPS = 200,
  MOST_PICTURES = 8; // that can be undone: pictures are large

export class Drawing {
  #steps = [{ strokes: [], picture: null }];
  #now = 0;
  get sheet() {
    return this.#steps[this.#now];
  }
  get blank() {
    return !this.sheet.picture && !this.sheet.strokes.some((stroke) => !stroke.erases);
  }
  get canUndo() {
    return this.#now > 0;
  }
  get canRedo() {
    return this.#now < this.#steps.length - 1;
  }
  #replace(sheet) {
    this.#steps.length = this.#now + 1;
    this.#steps.push(sheet);
    const pictures = () => new Set(this.#steps.map((step) => step.picture)).size;
    while (this.#steps.length > MOST_STEPS || pictures() > MOST_PICTURES + 1) this.#steps.shift();
    this.#now = this.#steps.length - 1;
  }
  // A stroke on a picture begins a new sheet.
  add(stroke) {
    const { strokes, picture } = this.sheet;
    this.#replace({ strokes: picture ? [stroke] : [...strokes, stroke], picture: null });
  }
  load(picture) {
    this.#replace({ strokes: [], picture });
  }
  clear() {
    if (this.sheet.picture || this.sheet.strokes.length) this.#replace({ strokes: [], picture: null });
  }
  undo() {
    if (this.canUndo) this.#now--;
  }
  redo() {
    if (this.canRedo) this.#now++;
  }
}

// A stroke under the pen: quadratic curves through the middles between its points.
export class Stroke {
  points = []; // x, y, x, y...
  constructor(width, erases) {
    Object.assign(this, { width, erases });
  }
  // False where the point is too near the last one to matter.
  add(x, y) {
    const { points } = this;
    const n = points.length;
    if (n && Math.hypot(x - points[n - 2], y - points[n - 1]) < 0.8) return false;
    points.push(x, y);
    return true;
  }
  trace(context) {
    const { points } = this;
    const n = points.length;
    context.beginPath();
    context.moveTo(points[0], points[1]);
    if (n === 2) context.lineTo(points[0] + 0.01, points[1]); // a dot: the caps alone
    for (let i = 2; i < n - 2; i += 2) {
      const x = (points[i] + points[i + 2]) / 2,
        y = (points[i + 1] + points[i + 3]) / 2;
      context.quadraticCurveTo(points[i], points[i + 1], x, y);
    }
    if (n > 2) context.lineTo(points[n - 2], points[n - 1]);
    context.lineWidth = this.width;
    context.stroke();
  }
}

const surface = (width, height) =>
  typeof OffscreenCanvas === "function"
    ? new OffscreenCanvas(width, height)
    : Object.assign(document.createElement("canvas"), { width, height });

// Strokes on a canvas. Finished ones are kept on a canvas of their own, so that a frame costs one stroke.
export class Layer {
  #base = null;
  #done = [];
  constructor(canvas, { colour = "#000", readable = false } = {}) {
    this.canvas = canvas;
    this.colour = colour;
    this.options = { willReadFrequently: readable };
    this.context = canvas.getContext("2d", this.options);
    this.resize(canvas.width, canvas.height);
  }
  static hidden(width, height) {
    return new Layer(surface(width, height), { readable: true });
  }
  resize(width, height) {
    this.canvas.width = width;
    this.canvas.height = height;
    this.#base = surface(width, height).getContext("2d", this.options);
    this.#done = [];
  }
  recolour(colour) {
    this.colour = colour;
    this.#done = null;
  }
  #stroke(context, strokes) {
    context.setTransform(this.canvas.width / WIDTH, 0, 0, this.canvas.height / HEIGHT, 0, 0);
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = this.colour;
    for (const stroke of strokes) {
      context.globalCompositeOperation = stroke.erases ? "destination-out" : "source-over";
      stroke.trace(context);
    }
    context.globalCompositeOperation = "source-over";
    context.setTransform(1, 0, 0, 1, 0, 0);
  }
  // The finished strokes and the one under the pen, or null.
  show(strokes, live) {
    const { width, height } = this.canvas;
    const old = this.#done;
    if (strokes !== old) {
      const grown = old && old.length <= strokes.length && old.every((stroke, i) => stroke === strokes[i]);
      if (!grown) this.#base.clearRect(0, 0, width, height);
      this.#stroke(this.#base, grown ? strokes.slice(old.length) : strokes);
      this.#done = strokes;
    }
    this.context.clearRect(0, 0, width, height);
    this.context.drawImage(this.#base.canvas, 0, 0);
    if (live) this.#stroke(this.context, [live]);
  }
  // How much ink every pixel has, as bytes 0..255 four apart, the first at 3.
  coverage() {
    return this.context.getImageData(0, 0, this.canvas.width, this.canvas.height).data;
  }
}
