// Numbers, times and settings as words; Wilson's interval; files to take away.
import { element, whole } from "./dom.js";

const known = (value) => typeof value === "number" && Number.isFinite(value);
// A share as percent, rounded, but never up to a certainty that is not there.
export function share(value, digits = 2) {
  if (!known(value)) return "–";
  const rounded = (100 * value).toFixed(digits);
  return `${value < 1 && Number(rounded) === 100 ? (100 - 10 ** -digits).toFixed(digits) : rounded}\u202f%`;
}
// The same, or on an axis whose ticks are `step` apart with as many digits as tell them apart.
export const shareTick = (value, step) =>
  share(value, step === undefined ? 2 : Math.max(0, Math.ceil(-Math.log10(100 * step) - 1e-9)));
export const number = (value, digits = 3) => (known(value) ? String(Number(value.toPrecision(digits))) : "–");
export const exact = (value) => (Number.isInteger(value) ? whole(value) : number(value, 5));
export const count = (value) => (known(value) ? whole(value) : "–");
export const plural = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

export function duration(seconds) {
  if (!known(seconds)) return "–";
  if (seconds < 1) return `${Math.max(1, Math.round(1000 * seconds))}\u202fms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)}\u202fs`;
  if (seconds < 100) return `${Math.round(seconds)}\u202fs`;
  if (seconds < 6000) return `${Math.round(seconds / 60)}\u202fmin`;
  return `${(seconds / 3600).toFixed(1)}\u202fh`;
}

// "2025-03-02T10:41:07Z" in the reader's own time: the hour for today, the day for others.
export function moment(text) {
  const date = new Date(text ?? NaN);
  if (Number.isNaN(date.getTime())) return "–";
  return new Date().toDateString() === date.toDateString()
    ? date.toLocaleTimeString("en-GB")
    : date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

// {epochs: 3, C: 1} -> "epochs 3, C 1"
export const settingsText = (settings) =>
  Object.entries(settings ?? {})
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");

// Wilson's interval at 95 % of a share of which `right` of `all` were seen: [low, high].
export function wilson(right, all) {
  if (!all) return [0, 1];
  const z = 1.959963984540054,
    p = right / all,
    wide = 1 + (z * z) / all;
  const middle = (p + (z * z) / (2 * all)) / wide;
  const half = (z / wide) * Math.sqrt((p * (1 - p)) / all + (z * z) / (4 * all * all));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

export function save(name, blob) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
