// The training digits that are nearest to the drawing, pixel by pixel.

import { digitPicture, element, paint, whole, write } from "../dom.js";
import { Panel } from "./panel.js";

const COUNT = 12;

export class Nearest extends Panel {
  #tiles = [];
  constructor(api) {
    super("nearest", "Nearest training digits", "The training images that are most like the drawing will stand here.");
    this.api = api;
    this.list = element("ol.tiles.number", { "aria-label": "Nearest training digits" });
    this.body.append(this.list);
    this.clear();
  }
  async ask(body, digit) {
    const { neighbours } = await this.api.post(`/api/nearest?count=${COUNT}&digit=${digit}`, body);
    return () => this.#show(neighbours);
  }
  clear() {
    super.clear();
    this.body.hidden = true;
  }
  #show(neighbours) {
    this.body.hidden = false;
    while (this.#tiles.length < neighbours.length) {
      const picture = digitPicture(null),
        label = element("b"),
        distance = element("span.small");
      const item = element("li", {}, picture, element("span", {}, label, " ", distance));
      this.list.append(item);
      this.#tiles.push({ item, picture, label, distance });
    }
    this.#tiles.forEach(({ item, picture, label, distance }, i) => {
      const one = neighbours[i];
      item.hidden = !one;
      if (!one) return;
      paint(picture, one.image);
      write(label, String(one.label));
      write(distance, whole(one.distance));
      item.title = `Training image ${one.index}`;
    });
    const counts = new Map();
    for (const { label } of neighbours) counts.set(label, (counts.get(label) ?? 0) + 1);
    const [[label, count]] = [...counts].sort((a, b) => b[1] - a[1]);
    this.say(
      `${count === neighbours.length ? `All ${count}` : `${count} of ${neighbours.length}`} are ${label}s. ` +
        "The numbers are distances: the root of the summed squares of 784 differences.",
    );
  }
}
