// A round of "your hand": which digits are asked for, what was drawn and what the models said of it. It is kept in the
// browser after every step, so that a reload goes on where it was.
import { picture } from "../pad.js";

const KEY = "tenfold-hand";
export const ROUND = 20;

// Ten classes in random order, again and again, until there are `count`.
function order(count) {
  const labels = [];
  while (labels.length < count) {
    const ten = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    for (let i = 9; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [ten[i], ten[j]] = [ten[j], ten[i]];
    }
    if (ten[0] === labels.at(-1)) ten.reverse(); // not the same one twice running
    labels.push(...ten);
  }
  return labels.slice(0, count);
}

// Items: {label, strokes: null or lists of points, skipped, answers: null or {model: "7"}, sure: {model: probability},
// seen: null or 784 bytes, digit: its place among those found, kept: null or the number of the correction}.
const blank = (label) => ({
  label,
  strokes: null,
  skipped: false,
  answers: null,
  sure: {},
  seen: null,
  digit: 0,
  kept: null,
});

export class Session {
  constructor(count = ROUND) {
    this.count = count;
    this.restore() || this.restart();
  }
  restore() {
    try {
      const { items, at } = JSON.parse(localStorage.getItem(KEY));
      const sound = items.length === this.count && items.every((item) => item.label >= 0 && item.label <= 9);
      if (sound) Object.assign(this, { items, at: Math.min(Math.max(0, at), items.length - 1) });
      return sound;
    } catch {
      return false; // none was kept, or it was of another kind
    }
  }
  restart() {
    this.items = order(this.count).map(blank);
    this.at = 0;
    this.save();
  }
  save() {
    try {
      localStorage.setItem(KEY, JSON.stringify({ items: this.items, at: this.at }));
    } catch {
      // a browser may forbid it; the round then lasts as long as the page
    }
  }
  get item() {
    return this.items[this.at];
  }
  get drawn() {
    return this.items.filter((item) => item.strokes);
  }
  get over() {
    return this.items.every((item) => item.strokes || item.skipped);
  }
  get unanswered() {
    return this.items.filter((item) => item.strokes && !item.answers);
  }
  keep(strokes) {
    Object.assign(this.item, { ...blank(this.item.label), strokes });
    this.save();
  }
  skip() {
    Object.assign(this.item, { ...blank(this.item.label), skipped: true });
    this.save();
  }
  // Those that were skipped are asked for again.
  unskip() {
    for (const item of this.items) item.skipped = false;
    this.save();
  }
  // To the next that is neither drawn nor skipped; false if there is none.
  next() {
    const n = this.items.length;
    for (let k = 1; k <= n; k++) {
      const { strokes, skipped } = this.items[(this.at + k) % n];
      if (strokes || skipped) continue;
      this.at = (this.at + k) % n;
      this.save();
      return true;
    }
    return false;
  }
  // Asks all models what an item is.
  async ask(item, api) {
    const { strokes } = item;
    const { results } = await api.post("/api/predict?model=all", { image: picture(strokes) });
    if (item.strokes !== strokes) return; // drawn anew in the meantime
    item.answers = Object.fromEntries(results.map((result) => [result.model, result.number]));
    const digits = results[0]?.digits ?? [];
    item.digit = digits.reduce(
      (best, { box }, i) => (box[2] * box[3] > digits[best].box[2] * digits[best].box[3] ? i : best),
      0,
    );
    item.seen = digits[item.digit]?.seen ?? null;
    item.sure = Object.fromEntries(
      results.map(({ model, digits: all }) => {
        const one = all[item.digit];
        return [model, one && one.label !== null ? one.probabilities[one.label] : null];
      }),
    );
    this.save();
  }
  // {model: {right, all}} over what was answered.
  scores() {
    const scores = {};
    for (const { answers, label } of this.drawn) {
      for (const [model, number] of Object.entries(answers ?? {})) {
        const score = (scores[model] ??= { right: 0, all: 0 });
        score.all++;
        if (number === String(label)) score.right++;
      }
    }
    return scores;
  }
}
