// Mouse, touch, pen and arrow keys on the sheet. One pointer draws at a time: a hand that rests on the screen beside a
// pen is no stroke, and a second finger takes back what the first has only just begun (it was no drawing, but a grip).

import { HEIGHT, Stroke, WIDTH } from "./ink.js";

const GRIP = 150; // milliseconds within which a second finger means a grip

// settings: {width, erases}, read when a stroke begins. changed(since): the stroke under the pen has new points, the
// oldest made at `since` (milliseconds of performance.now()). finished(stroke): the pen was lifted; null if the stroke
// was given up.
export class Pen {
  stroke = null;
  #pointer = null;
  #began = 0;
  constructor(sheet, { settings, changed, finished }) {
    Object.assign(this, { sheet, settings, changed, finished });
    sheet.addEventListener("pointerdown", (event) => this.#down(event));
    sheet.addEventListener("pointermove", (event) => this.#move(event));
    sheet.addEventListener("pointerup", (event) => this.#up(event));
    sheet.addEventListener("pointercancel", (event) => event.pointerId === this.#pointer && this.#end());
    sheet.addEventListener("lostpointercapture", (event) => this.#up(event));
    // older Safaris scroll and select although touch-action says no
    for (const name of ["touchstart", "touchmove", "contextmenu", "selectstart"]) {
      sheet.addEventListener(name, (event) => event.preventDefault(), { passive: false });
    }
  }
  #at(event) {
    return [
      ((event.clientX - this.frame.left) / this.frame.width) * WIDTH,
      ((event.clientY - this.frame.top) / this.frame.height) * HEIGHT,
    ];
  }
  #down(event) {
    if (event.button !== 0 && event.button !== 5) return; // 5: a pen's own eraser
    if (this.#pointer !== null) {
      const grip = event.pointerType === "touch" && this.type === "touch" && event.timeStamp - this.#began < GRIP;
      const better = event.pointerType === "pen" && this.type === "touch";
      if (!grip && !better) return;
      this.#drop();
      if (grip) return;
    }
    this.frame = this.sheet.getBoundingClientRect();
    this.#pointer = event.pointerId;
    this.#began = event.timeStamp;
    this.type = event.pointerType;
    try {
      this.sheet.setPointerCapture(event.pointerId);
    } catch {
      // a pointer that is gone already
    }
    const { width, erases } = this.settings();
    this.stroke = new Stroke(width, erases || event.button === 5);
    this.stroke.add(...this.#at(event));
    this.changed(event.timeStamp);
  }
  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    const all = event.getCoalescedEvents?.() ?? [];
    let since = null;
    for (const one of all.length ? all : [event]) {
      if (this.stroke.add(...this.#at(one))) since ??= one.timeStamp;
    }
    if (since !== null) this.changed(since);
  }
  #up(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#end();
  }
  #end() {
    const { stroke } = this;
    this.#pointer = this.stroke = null;
    if (stroke) this.finished(stroke);
  }
  #drop() {
    this.#pointer = this.stroke = null;
    this.finished(null);
  }
  // Gives up the stroke under the pen: whatever else changes the sheet comes first.
  cancel() {
    if (this.stroke) this.#drop();
  }
}

// Drawing without a pointer: arrow keys move a pen over the sheet, Space puts it down and lifts it.
export class ArrowPen {
  x = WIDTH / 2;
  y = HEIGHT / 4;
  constructor(sheet, mark, { settings, changed, finished, say }) {
    Object.assign(this, { sheet, mark, settings, changed, finished, say, stroke: null });
    sheet.addEventListener("keydown", (event) => this.#key(event));
    sheet.addEventListener("blur", () => (this.lift(), (mark.hidden = true)));
  }
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 2 : 10;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key === " ") {
      if (this.stroke) this.lift();
      else this.#put(event);
      this.say(this.stroke ? "Pen down" : "Pen up");
    } else if (event.key in moves) {
      this.x = Math.min(WIDTH, Math.max(0, this.x + moves[event.key][0]));
      this.y = Math.min(HEIGHT, Math.max(0, this.y + moves[event.key][1]));
      if (this.stroke?.add(this.x, this.y)) this.changed(event.timeStamp);
    } else return;
    event.preventDefault();
    this.mark.hidden = false;
    this.mark.style.left = `${(100 * this.x) / WIDTH}%`;
    this.mark.style.top = `${(100 * this.y) / HEIGHT}%`;
    this.mark.classList.toggle("down", this.stroke !== null);
  }
  #put(event) {
    const { width, erases } = this.settings();
    this.stroke = new Stroke(width, erases);
    this.stroke.add(this.x, this.y);
    this.changed(event.timeStamp);
  }
  lift() {
    const { stroke } = this;
    this.stroke = null;
    this.mark.classList.remove("down");
    if (stroke) this.finished(stroke);
  }
}
