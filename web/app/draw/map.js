// Where the drawing lands among the test images on the plane that t-SNE made of them.

import { digitPicture, element, list, paint, write } from "../dom.js";
import { Panel } from "./panel.js";

const CELL = 24; // units of the grid that finds the point under the pointer

export class DigitMap extends Panel {
  #map = null;
  #place = null;
  #base = null; // the points, drawn once for a size and a theme
  #only = null; // the class that is shown alone
  #digits = new Map(); // of the test set, as they were pointed at
  constructor(api) {
    super(
      "map",
      "On the map of digits",
      "10,000 test images as t-SNE lays them out: your drawing will land among its like.",
    );
    this.api = api;
    this.canvas = element("canvas.field", { role: "img", "aria-label": "Map of the test images" });
    this.tip = element(
      "div.tip",
      { hidden: true, "aria-hidden": "true" },
      digitPicture(null),
      element("span.small.number"),
    );
    this.legend = element(
      "div.legend",
      { role: "group", "aria-label": "Show one digit alone" },
      ...Array.from({ length: 10 }, (_, digit) =>
        element(
          "button",
          {
            type: "button",
            "aria-pressed": "false",
            "aria-label": `Show ${digit} alone`,
            "data-digit": String(digit),
            onclick: () => this.#toggle(digit),
          },
          element("i"),
          String(digit),
        ),
      ),
    );
    this.body.append(element("div.plane", {}, this.canvas, this.tip), this.legend);
    this.body.hidden = true;
    this.canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.canvas.addEventListener("pointerdown", (event) => this.#point(event));
    this.canvas.addEventListener("pointerleave", () => (this.tip.hidden = true));
    new ResizeObserver(() => this.redraw()).observe(this.canvas);
  }
  async ask(body, digit) {
    const map = this.#map ?? (await this.api.get("/api/map?patient=1"));
    if (map.making) {
      this.again(2000);
      return () => this.say("The map is being made: it takes the server a minute, once.");
    }
    const place = await this.api.post(`/api/place?digit=${digit}`, body);
    return () => {
      if (map !== this.#map) this.#take(map);
      this.#place = place;
      this.body.hidden = false;
      this.#draw();
      const labels = place.nearest.slice(0, 5).map((index) => map.labels[index]);
      const same = labels.every((label) => label === labels[0]);
      this.say(same ? `It lands among the ${labels[0]}s.` : `Its nearest test images there are ${list(labels)}.`);
    };
  }
  clear() {
    super.clear();
    this.#place = null;
    if (this.#map) this.#draw();
  }
  redraw() {
    this.#base = null;
    if (this.#map) this.#draw();
  }
  #take(map) {
    this.#map = map;
    const xs = map.points.map(([x]) => x),
      ys = map.points.map(([, y]) => y);
    const low = [Math.min(...xs), Math.min(...ys)],
      high = [Math.max(...xs), Math.max(...ys)];
    const span = Math.max(high[0] - low[0], high[1] - low[1]) * 1.06;
    this.centre = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    this.span = span;
  }
  #toggle(digit) {
    this.#only = this.#only === digit ? null : digit;
    for (const button of this.legend.children) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.digit) === this.#only));
    }
    this.redraw();
  }
  // From the map's place to the canvas's pixels.
  #at([x, y], size) {
    return [(0.5 + (x - this.centre[0]) / this.span) * size, (0.5 - (y - this.centre[1]) / this.span) * size];
  }
  #drawBase(size) {
    const style = getComputedStyle(document.documentElement);
    const base = Object.assign(document.createElement("canvas"), { width: size, height: size });
    const context = base.getContext("2d");
    const { points, labels } = this.#map;
    const radius = Math.max(0.8, size / 520);
    for (let digit = 0; digit < 10; digit++) {
      context.fillStyle = style.getPropertyValue(`--class-${digit}`).trim();
      context.globalAlpha = this.#only === null ? 0.75 : this.#only === digit ? 0.9 : 0.08;
      for (let i = 0; i < points.length; i++) {
        if (labels.charCodeAt(i) - 48 !== digit) continue;
        const [x, y] = this.#at(points[i], size);
        context.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
      }
    }
    this.#base = base;
    this.#grid = new Map();
    points.forEach((point, i) => {
      const key = this.#at(point, 1000)
        .map((value) => Math.floor(value / CELL))
        .join();
      if (this.#grid.has(key)) this.#grid.get(key).push(i);
      else this.#grid.set(key, [i]);
    });
  }
  #grid = new Map();
  #draw() {
    const size = Math.round(this.canvas.getBoundingClientRect().width * Math.min(2, devicePixelRatio || 1));
    if (!size) return;
    if (this.canvas.width !== size) this.canvas.width = this.canvas.height = size;
    if (!this.#base || this.#base.width !== size) this.#drawBase(size);
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, size, size);
    context.drawImage(this.#base, 0, 0);
    if (!this.#place) return;
    const style = getComputedStyle(document.documentElement);
    const [ink, paper, contrast] = ["--ink", "--paper", "--contrast"].map((name) =>
      style.getPropertyValue(name).trim(),
    );
    const [x, y] = this.#at([this.#place.x, this.#place.y], size),
      unit = size / 100;
    context.lineWidth = Math.max(1, unit / 5);
    context.strokeStyle = ink;
    context.beginPath();
    for (const index of this.#place.nearest) {
      context.moveTo(x, y);
      context.lineTo(...this.#at(this.#map.points[index], size));
    }
    context.stroke();
    for (const [radius, colour] of [
      [2.6, paper],
      [2, contrast],
    ]) {
      context.fillStyle = colour;
      context.beginPath();
      context.arc(x, y, radius * unit, 0, 2 * Math.PI);
      context.fill();
    }
  }
  // The test image nearest to the pointer, if one is near.
  #under(event) {
    const frame = this.canvas.getBoundingClientRect();
    const x = ((event.clientX - frame.left) / frame.width) * 1000,
      y = ((event.clientY - frame.top) / frame.height) * 1000;
    let best = null,
      least = CELL * CELL;
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) {
        for (const i of this.#grid.get(`${Math.floor(x / CELL) + dx},${Math.floor(y / CELL) + dy}`) ?? []) {
          const [px, py] = this.#at(this.#map.points[i], 1000);
          const distance = (px - x) ** 2 + (py - y) ** 2;
          if (distance < least) [best, least] = [i, distance];
        }
      }
    }
    return best;
  }
  async #point(event) {
    const index = this.#map ? this.#under(event) : null;
    this.pointed = index;
    this.tip.hidden = index === null;
    if (index === null) return;
    const [x, y] = this.#at(this.#map.points[index], 100);
    this.tip.style.left = `${Math.min(85, Math.max(15, x))}%`;
    this.tip.style.top = `${y}%`;
    this.tip.classList.toggle("below", y < 30);
    write(this.tip.lastChild, `${this.#map.labels[index]}, image ${index}`);
    if (!this.#digits.has(index)) {
      if (this.fetching) return; // the pointer's next movement asks for what it is over then
      this.fetching = true;
      try {
        this.#digits.set(index, (await this.api.get(`/api/digit/${index}`)).image);
      } catch {
        return; // the label alone is shown
      } finally {
        this.fetching = false;
      }
    }
    if (this.pointed === index) paint(this.tip.firstChild, this.#digits.get(index));
    else if (this.pointed !== null && !this.tip.hidden) this.#point(event);
  }
}
