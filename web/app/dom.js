// Elements, numbers and small pictures, as all views write them.

// element("button.quiet", {type: "button", onclick: f, "aria-label": "..."}, "text", child...). Attributes that are null
// or false are left out; functions become properties.
export function element(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Sets a text only where it changes: screen readers and the layout are left alone otherwise.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
export const whole = (value) => grouped.format(value);

// A share as percent: 99.9 %, never rounded up to a certainty that is not there.
export function percent(share, digits = 1) {
  const step = 10 ** digits;
  const rounded = share < 1 ? Math.floor(share * 100 * step) / step : 100;
  return `${rounded.toFixed(digits)}\u202f%`;
}

export function microseconds(value) {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}\u202fs`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)}\u202fms`;
  return `${value >= 100 ? whole(value) : value.toFixed(1)}\u202fµs`;
}

export const inkWords = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

// "a", "a and b", "a, b and c"
export function list(parts) {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
}

// Draws bytes (0 background, 255 ink) as black ink on nothing; the style sheet turns it round in the dark (.digit).
export function paint(canvas, bytes, width = 28, height = 28) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < bytes.length; i++) image.data[4 * i + 3] = bytes[i];
  context.putImageData(image, 0, 0);
}

// A digit's picture as an element; label for screen readers, "" where the text beside it says it all.
export function digitPicture(bytes, label = "", width = 28, height = 28) {
  const canvas = element("canvas.digit", label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" });
  canvas.width = width;
  canvas.height = height;
  if (bytes) paint(canvas, bytes, width, height);
  return canvas;
}

// Bytes of a base64 text.
export function fromBase64(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}
