// Pictures from files, the clipboard, a phone's camera or a drop: turned upright, made small enough to send, and fitted
// into the sheet.

import { HEIGHT, WIDTH } from "./ink.js";

const LARGEST = 2000; // pixels of the longer side that is sent: a digit of a photographed page still has plenty
const MOST_BYTES = 8 * 1024 * 1024;

const canvasOf = (width, height) => Object.assign(document.createElement("canvas"), { width, height });
const blobOf = (canvas, type, quality) => new Promise((resolve) => canvas.toBlob(resolve, type, quality));

// Where a picture of this size stands on the sheet: {x, y, scale}, from its pixels to the sheet's units.
export function fit(width, height) {
  const scale = Math.min(WIDTH / width, HEIGHT / height);
  return { x: (WIDTH - width * scale) / 2, y: (HEIGHT - height * scale) / 2, scale };
}

async function decode(file, name) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Error(`${name} is no picture that this browser can read. PNG, JPEG and WebP can be read.`);
  }
}

// Gives {canvas, blob, width, height, frame, name}; throws an Error whose message says what was wrong.
export async function loadPicture(file, name = file.name || "The picture") {
  if (file.type && !file.type.startsWith("image/"))
    throw new Error(`${name} is not a picture. PNG, JPEG and WebP can be read.`);
  let bitmap = await decode(file, name);
  const shrink = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * shrink)),
    height = Math.max(1, Math.round(bitmap.height * shrink));
  if (shrink < 1) {
    const small = await createImageBitmap(bitmap, { resizeWidth: width, resizeHeight: height, resizeQuality: "high" });
    bitmap.close();
    bitmap = small;
  }
  const canvas = canvasOf(width, height);
  canvas.getContext("2d").drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  let blob = file.type === "image/jpeg" ? await blobOf(canvas, "image/jpeg", 0.95) : await blobOf(canvas, "image/png");
  // a photo; what has transparent pixels is small as PNG
  if (blob && blob.size > MOST_BYTES / 2) blob = await blobOf(canvas, "image/jpeg", 0.92);
  if (!blob) throw new Error(`${name} could not be made ready to send.`);
  return { canvas, blob, width, height, frame: fit(width, height), name };
}

// A picture of grey bytes, as a test image is.
export function greyPicture(bytes, width, height, png, name) {
  const canvas = canvasOf(width, height);
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  bytes.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
  context.putImageData(image, 0, 0);
  return {
    canvas,
    blob: new Blob([png], { type: "image/png" }),
    width,
    height,
    frame: fit(width, height),
    name,
    pixels: true,
  };
}

// Calls load(file) for what is dropped on the page or pasted; over(is) while a file hovers.
export function watchDrops(active, load, over) {
  let depth = 0;
  const files = (event) => active() && [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragenter", (event) => files(event) && (event.preventDefault(), over(++depth > 0)));
  addEventListener("dragover", (event) => files(event) && event.preventDefault());
  addEventListener("dragleave", (event) => files(event) && over(--depth > 0));
  addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    over((depth = 0) > 0);
    if (event.dataTransfer.files[0]) load(event.dataTransfer.files[0]);
  });
  addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (!active() || !file) return;
    event.preventDefault();
    load(file);
  });
}
