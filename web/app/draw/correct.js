// "That was wrong, it is a 7": ten buttons that keep the drawing with its right label in the server's database.

import { element, write } from "../dom.js";

// current(): {image(): promise of a data URI, digit, given: {model: label}, count (of digits)}, or null if there is
// nothing to correct.
export class Correction {
  #kept = null;
  constructor(node, { api, announce, current }) {
    Object.assign(this, { node, api, announce, current });
    this.label = element("span.soft", { id: "correction-label" }, "Not right? It is a");
    this.buttons = Array.from({ length: 10 }, (_, digit) =>
      element(
        "button.number",
        {
          type: "button",
          disabled: true,
          "aria-label": `It is a ${digit}`,
          onclick: () => this.keep(digit),
        },
        String(digit),
      ),
    );
    this.message = element("span");
    this.undo = element("button.quiet", { type: "button", onclick: () => this.takeBack(), hidden: true }, "Take back");
    this.links = element(
      "span.links",
      { hidden: true },
      "All of them: ",
      element("a", { href: "/api/corrections" }, "JSON"),
      ", ",
      element("a", { href: "/api/corrections/images-idx3-ubyte", download: true }, "images"),
      " and ",
      element("a", { href: "/api/corrections/labels-idx1-ubyte", download: true }, "labels"),
      " as IDX",
    );
    this.status = element("p.small.kept", {}, this.message, this.undo, this.links);
    node.append(
      element(
        "div.labels",
        { role: "group", "aria-labelledby": "correction-label" },
        this.label,
        element("span.ten", {}, ...this.buttons),
      ),
      this.status,
    );
  }
  refresh() {
    const now = this.current();
    const several = now && now.count > 1;
    write(this.label, several ? `Digit ${now.digit + 1} not right? It is a` : "Not right? It is a");
    for (const button of this.buttons) button.disabled = !now;
    this.node.classList.toggle("idle", !now && this.#kept === null);
  }
  // A new drawing: what was said of the last one goes.
  forget() {
    this.#kept = null;
    write(this.message, "");
    this.undo.hidden = this.links.hidden = true;
    this.refresh();
  }
  #say(text, kept) {
    this.#kept = kept;
    write(this.message, text);
    this.undo.hidden = kept === null;
    this.links.hidden = kept === null;
    this.announce(text);
  }
  async keep(label) {
    const now = this.current();
    if (!now) return;
    const { image, digit, given } = now;
    try {
      if (this.#kept !== null) await this.api.remove(`/api/corrections/${this.#kept}`); // thought better of it
      this.#kept = null;
      const { id } = await this.api.post("/api/corrections", { image: await image(), digit, label, given });
      this.#say(`Kept as a ${label} (number ${id}).`, id);
    } catch (error) {
      this.#say(`Could not be kept: ${error.message}`, null);
    }
  }
  async takeBack() {
    const id = this.#kept;
    try {
      await this.api.remove(`/api/corrections/${id}`);
      this.#say("Taken back.", null);
      this.buttons[0].parentElement.querySelector("button:not(:disabled)")?.focus();
    } catch (error) {
      this.#say(`Could not be taken back: ${error.message}`, id);
    }
  }
}
