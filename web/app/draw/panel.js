// A card below the answers: a heading, what it shows, and a sentence that says the same in words.

import { element } from "../dom.js";

// A panel's ask(body, digit) asks the server and gives a function that shows the answer; version is what was last asked
// about, and again(milliseconds) has it asked once more.
export class Panel {
  version = null;
  constructor(name, heading, hint) {
    this.hint = hint;
    this.text = element("p.small.number", {}, hint);
    this.body = element("div.panel-body");
    this.heading = element("h2", {}, heading);
    this.node = element(
      "section.card.panel",
      { id: `panel-${name}`, "aria-label": heading },
      this.heading,
      this.body,
      this.text,
    );
  }
  say(text) {
    if (this.text.textContent !== text) this.text.textContent = text;
  }
  clear() {
    this.say(this.hint);
  }
  redraw() {}
}
