// What lies behind an answer: the inside of a network, the nearest training digits, the place on the map. Their
// questions wait for the answers of the models: one at a time, never beside one of those, and only for panels that can
// be seen.

import { Inside } from "./inside.js";
import { DigitMap } from "./map.js";
import { Nearest } from "./nearest.js";

const PAUSE = 90,
  PAUSE_DRAWING = 250; // milliseconds between two questions: with the pen lifted, and while it draws

const HOPELESS = new Set(["no_data", "map_failed", "not_found"]); // not asked again while the page lasts

// busy(): whether the models are being asked; drawing(): whether the pen is down.
export class Deeper {
  #panels;
  #now = null; // {body, digit, version}
  #running = false;
  #seen = new Set();
  constructor(node, { api, busy, drawing }) {
    Object.assign(this, { busy, drawing });
    this.#panels = [new Inside(api), new Nearest(api), new DigitMap(api)];
    for (const panel of this.#panels) {
      panel.again = (wait = 0) =>
        setTimeout(() => {
          panel.version = null;
          this.#run();
        }, wait);
    }
    node.append(...this.#panels.map((panel) => panel.node));
    const watch = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          if (isIntersecting) this.#seen.add(target);
          else this.#seen.delete(target);
        }
        this.#run();
      },
      { rootMargin: "100px" },
    );
    for (const panel of this.#panels) watch.observe(panel.node);
  }
  models({ models }) {
    this.#panels[0].models(models);
    this.#run();
  }
  show(shot, digit) {
    if (!shot) return;
    this.#now = { body: shot.body, digit, version: `${shot.version} ${digit}` };
    this.#run();
  }
  clear() {
    this.#now = null;
    for (const panel of this.#panels) {
      panel.version = null;
      panel.clear();
    }
  }
  redraw() {
    for (const panel of this.#panels) panel.redraw();
  }
  #next() {
    if (!this.#now) return null;
    const due = this.#panels.filter(
      (panel) => !panel.hopeless && this.#seen.has(panel.node) && panel.version !== this.#now.version,
    );
    return due.sort((a, b) => (a.asked ?? 0) - (b.asked ?? 0))[0] ?? null; // the one that waits longest
  }
  async #run() {
    if (this.#running) return;
    this.#running = true;
    for (let panel; (panel = this.#next());) {
      await new Promise((resolve) => setTimeout(resolve, this.drawing() ? PAUSE_DRAWING : PAUSE));
      if (this.busy() || !this.#now) continue;
      const now = this.#now;
      panel.version = now.version;
      panel.asked = performance.now();
      try {
        const show = await panel.ask(now.body, now.digit);
        if (this.#now) show(); // the sheet was cleared in the meantime
      } catch (error) {
        panel.say(error.message);
        panel.hopeless = HOPELESS.has(error.code);
        if (error.code === "offline") panel.again(2000);
      }
    }
    this.#running = false;
  }
}
