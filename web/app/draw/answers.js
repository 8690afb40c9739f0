// What the models answered: the number, large; a sentence that says who agrees; what they saw; one row per model with
// its ten bars. Elements are made once and changed only where an answer differs, so that an answer costs little to
// show.

import { element, list, microseconds, paint, percent, write, inkWords, whole } from "../dom.js";

const at = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

function topThree(probabilities) {
  return probabilities
    .map((share, label) => ({ share, label }))
    .sort((a, b) => b.share - a.share)
    .slice(0, 3);
}

// ---- Rows of models ----

class ModelRow {
  #shares = new Float32Array(10);
  constructor(model) {
    this.name = element("span.name");
    this.facts = element("span.small.number.facts");
    this.time = element("span.small.number.time");
    this.reads = element("span.reads.number");
    this.sure = element("span.unseen");
    this.bars = Array.from({ length: 10 }, (_, digit) => element("i", { "data-digit": String(digit) }, element("b")));
    this.top = Array.from({ length: 3 }, () => {
      const label = element("b"),
        share = element("span");
      return { label, share, item: element("li", {}, label, share) };
    });
    this.node = element(
      "li.model",
      {},
      element("div.who", {}, this.name, this.facts),
      this.reads,
      element("div.bars", { "aria-hidden": "true" }, ...this.bars),
      element("ol.top.number", { "aria-label": "Most likely" }, ...this.top.map(({ item }) => item)),
      this.time,
    );
    this.describe(model);
    this.clear();
  }
  describe({ title, name, accuracy, on, parameters, summary }) {
    write(this.name, title ?? name);
    this.name.title = summary ?? "";
    const measured =
      accuracy === null || accuracy === undefined
        ? null
        : `${percent(accuracy, 2)} on ${on === "test" ? "MNIST" : (on ?? "MNIST")}`;
    write(this.facts, measured ?? (parameters ? `${whole(parameters)} parameters` : name));
  }
  clear() {
    write(this.reads, "");
    write(this.time, "");
    this.node.classList.remove("differs");
    this.node.classList.add("idle");
    this.#bars(null);
  }
  show(result, digit, differs) {
    write(this.reads, result.number);
    this.reads.classList.toggle("long", result.number.length > 2);
    write(this.time, microseconds(result.microseconds));
    this.node.classList.toggle("differs", differs);
    this.node.classList.remove("idle");
    this.#bars(result.digits[digit] ?? null);
  }
  #bars(digit) {
    const probabilities = digit?.probabilities ?? null;
    for (let i = 0; i < 10; i++) {
      const share = probabilities?.[i] ?? 0;
      if (Math.abs(share - this.#shares[i]) < 0.002 && share > 0 === this.#shares[i] > 0) continue;
      this.#shares[i] = share;
      this.bars[i].firstChild.style.transform = `scaleY(${share.toFixed(3)})`; // the cheapest of all changes to lay out
    }
    const best = digit?.label ?? null;
    if (best !== this.best) {
      this.bars[this.best]?.classList.remove("best");
      this.bars[best]?.classList.add("best");
      this.best = best;
    }
    const top = probabilities ? topThree(probabilities) : [];
    this.top.forEach(({ label, share }, i) => {
      write(label, top[i] ? String(top[i].label) : "");
      write(share, top[i] ? percent(top[i].share) : "");
    });
  }
}

class PreparingRow {
  constructor() {
    this.name = element("span.name");
    this.state = element("span.small");
    this.meter = element(
      "span.meter",
      { role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" },
      element("i"),
    );
    this.node = element("li.model.preparing", {}, element("div.who", {}, this.name, this.state), this.meter);
  }
  describe({ title, name, state, stage, done, message }) {
    write(this.name, title ?? name);
    this.meter.setAttribute("aria-label", `Training ${title ?? name}`);
    const running = state === "running";
    write(
      this.state,
      state === "failed"
        ? `Could not be trained: ${message ?? "no reason given"}`
        : running
          ? `Being trained${stage ? ` (${stage})` : ""}${done === null ? "" : `, ${Math.round(100 * done)}\u202f%`}`
          : "Waits to be trained",
    );
    this.meter.hidden = !running;
    this.meter.style.setProperty("--share", done ?? 0);
    if (done === null) this.meter.removeAttribute("aria-valuenow");
    else this.meter.setAttribute("aria-valuenow", Math.round(100 * done));
  }
}

// ---- Sentences ----

const spoken = (number) => (number.length === 1 && number !== "?" ? inkWords[Number(number)] : number);

// Who reads what, from the results and the models' titles.
export function agreement(results, leader, titles) {
  const others = results.filter((result) => result.number !== leader.number);
  const count = results.length;
  if (count < 2) return "";
  const says = leader.number === "?" ? "see no digit" : `read ${leader.number}`;
  if (!others.length) return `All ${count} models ${says}.`;
  const readings = new Map();
  for (const { number, model } of others)
    readings.set(number, [...(readings.get(number) ?? []), titles.get(model) ?? model]);
  const parts = [...readings].map(([number, names]) => {
    const shown = names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} more`] : names;
    const verb = names.length > 1 ? "read" : "reads";
    const none = names.length > 1 ? "see no digit" : "sees no digit";
    return `${list(shown)} ${number === "?" ? none : number === "" ? `${verb} nothing` : `${verb} ${number}`}`;
  });
  return `${count - others.length} of ${count} models ${says}; ${parts.join("; ")}.`;
}

function verdictOf(leader) {
  const { digits, number } = leader;
  if (!digits.length) return "Nothing drawn.";
  if (digits.length === 1) {
    const { label, probabilities } = digits[0];
    if (label === null) return "That is not a digit.";
    const share = probabilities[label];
    const sure = share >= 0.99 ? "That is a" : share >= 0.8 ? "That is probably a" : "That may be a";
    return `${sure}${label === 8 ? "n" : ""} ${inkWords[label]}.`;
  }
  const none = digits.filter(({ label }) => label === null).length;
  const unread = none === 1 ? " One of them is not a digit." : none > 1 ? ` ${none} of them are not digits.` : "";
  const count = inkWords[digits.length]?.replace(/^./, (first) => first.toUpperCase()) ?? digits.length;
  return `${count} digits: ${number}.${unread}`;
}

// ---- All together ----

export class Answers {
  #rows = new Map();
  #preparing = new Map();
  #seen = [];
  #boxes = [];
  #disputed = []; // of several digits those on which the models disagree
  #titles = new Map();
  selected = 0;
  shown = null; // {answer, leader, frame}
  // selected(): another digit was chosen
  constructor({ selected }) {
    this.whenSelected = selected;
  }

  models({ models, preparing }) {
    const listed = at("models");
    this.#titles = new Map(models.map(({ name, title }) => [name, title]));
    for (const [name, row] of this.#rows) if (!this.#titles.has(name)) (row.node.remove(), this.#rows.delete(name));
    for (const model of models) {
      let row = this.#rows.get(model.name);
      if (!row) this.#rows.set(model.name, (row = new ModelRow(model)));
      else row.describe(model);
      listed.append(row.node); // in order; those that stand right are not moved by this visibly
    }
    const coming = new Set(preparing.map(({ name }) => name));
    for (const [name, row] of this.#preparing) if (!coming.has(name)) (row.node.remove(), this.#preparing.delete(name));
    for (const one of preparing) {
      let row = this.#preparing.get(one.name);
      if (!row) this.#preparing.set(one.name, (row = new PreparingRow()));
      row.describe(one);
      listed.append(row.node);
    }
  }

  // Nothing is on the sheet, or nothing can be said of it yet.
  clear(sentence, detail = "") {
    this.shown = null;
    this.selected = 0;
    write(at("number"), "");
    write(at("sentence"), sentence);
    write(at("agreement"), "");
    write(at("detail"), detail);
    for (const row of this.#rows.values()) row.clear();
    at("seen").hidden = true;
    this.#drawBoxes([], null);
  }

  // answer: of /api/predict?model=all. leader: the name of the model whose answer stands large. frame: {x, y, scale},
  // from the picture's pixels to the sheet's units.
  show(answer, leaderName, frame) {
    const { results } = answer;
    const leader = results.find(({ model }) => model === leaderName) ?? results[0];
    this.shown = { answer, leader, frame };
    const { digits } = leader;
    if (this.selected >= digits.length) this.selected = Math.max(0, digits.length - 1);
    const number = at("number");
    write(number, leader.number);
    number.dataset.length = Math.min(leader.number.length, 5);
    write(at("sentence"), verdictOf(leader));
    const title = this.#titles.get(leader.model) ?? leader.model;
    const share =
      digits.length === 1 && digits[0].label !== null
        ? ` is ${percent(digits[0].probabilities[digits[0].label])} sure`
        : ` answers`;
    write(at("agreement"), digits.length ? agreement(results, leader, this.#titles) : "");
    at("agreement").classList.toggle(
      "split",
      results.some((result) => result.number !== leader.number),
    );
    write(at("detail"), digits.length ? `${title}${share}, in ${microseconds(leader.microseconds)}.` : "");
    this.#rowsShow();
    this.#disputed = digits.map(
      ({ label }, i) => digits.length > 1 && results.some((result) => result.digits[i]?.label !== label),
    );
    this.#seenShow(digits);
    this.#drawBoxes(digits, frame);
  }

  #rowsShow() {
    const { answer, leader } = this.shown;
    for (const result of answer.results) {
      this.#rows.get(result.model)?.show(result, this.selected, result.number !== leader.number);
    }
  }

  select(index) {
    if (!this.shown || index === this.selected || !this.shown.leader.digits[index]) return;
    this.selected = index;
    this.#rowsShow();
    this.#seenShow(this.shown.leader.digits);
    this.#drawBoxes(this.shown.leader.digits, this.shown.frame);
    this.whenSelected();
  }

  #seenShow(digits) {
    const node = at("seen");
    node.hidden = !digits.length;
    node.classList.toggle("single", digits.length === 1);
    while (this.#seen.length < digits.length) {
      const index = this.#seen.length;
      const canvas = element("canvas.digit", { "aria-hidden": "true", width: "28", height: "28" });
      const place = element("span.unseen"),
        label = element("b"),
        share = element("span.small");
      const button = element(
        "button.look",
        { type: "button", onclick: () => this.select(index) },
        canvas,
        place,
        element("span.reading-of.number", {}, label, share),
        element("span.caption", {}, "as seen"),
      );
      const item = element("li", {}, button);
      node.append(item);
      this.#seen.push({ item, button, canvas, place, label, share });
    }
    this.#seen.forEach(({ item, button, canvas, place, label, share }, i) => {
      item.hidden = i >= digits.length;
      if (item.hidden) return;
      const digit = digits[i];
      if (digit.seen) paint(canvas, digit.seen);
      write(label, digit.label === null ? "?" : String(digit.label));
      write(share, digit.label === null ? "no digit" : percent(digit.probabilities[digit.label]));
      button.disabled = digits.length === 1;
      if (digits.length > 1) button.setAttribute("aria-pressed", String(i === this.selected));
      else button.removeAttribute("aria-pressed");
      button.classList.toggle("disputed", this.#disputed[i]);
      write(place, `Digit ${i + 1} of ${digits.length}${this.#disputed[i] ? ", on which the models disagree" : ""}: `);
    });
  }

  #drawBoxes(digits, frame) {
    const svg = at("boxes");
    while (this.#boxes.length < digits.length) {
      const rect = document.createElementNS(SVG, "rect"),
        text = document.createElementNS(SVG, "text");
      rect.setAttribute("rx", "4");
      svg.append(rect, text);
      this.#boxes.push({ rect, text });
    }
    this.#boxes.forEach(({ rect, text }, i) => {
      const digit = digits[i];
      const display = digit ? "" : "none";
      if (rect.style.display !== display) rect.style.display = text.style.display = display;
      if (!digit) return;
      const [x, y, width, height] = digit.box.map((value) => value * frame.scale);
      const left = frame.x + x - 3,
        top = frame.y + y - 3;
      rect.setAttribute("x", left.toFixed(1));
      rect.setAttribute("y", top.toFixed(1));
      rect.setAttribute("width", (width + 6).toFixed(1));
      rect.setAttribute("height", (height + 6).toFixed(1));
      text.setAttribute("x", (left + 2).toFixed(1));
      text.setAttribute("y", (top > 16 ? top - 4 : top + height + 18).toFixed(1));
      write(text, digit.label === null ? "?" : String(digit.label));
      rect.classList.toggle("disputed", this.#disputed[i]);
      rect.classList.toggle("chosen", digits.length > 1 && i === this.selected);
    });
  }

  // For a screen reader.
  spoken() {
    if (!this.shown) return "";
    const { leader, answer } = this.shown;
    const said = leader.digits.length === 1 && leader.number !== "?" ? `${spoken(leader.number)}.` : verdictOf(leader);
    return `${said} ${agreement(answer.results, leader, this.#titles)}`;
  }
}
