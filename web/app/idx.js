// IDX, the format of the MNIST files: a header of big-endian numbers (two zero bytes, 8 for unsigned bytes, how many
// dimensions, then each of them), then the bytes.

function idx(dimensions, bytes) {
  const file = new Uint8Array(4 + 4 * dimensions.length + bytes.length);
  const view = new DataView(file.buffer);
  file.set([0, 0, 8, dimensions.length]);
  dimensions.forEach((size, i) => view.setUint32(4 + 4 * i, size));
  file.set(bytes, 4 + 4 * dimensions.length);
  return file;
}

// `images`: arrays of height x width bytes, 0 background to 255 ink.
export function idxImages(images, height = 28, width = 28) {
  const bytes = new Uint8Array(images.length * height * width);
  images.forEach((image, i) => bytes.set(image, i * height * width));
  return idx([images.length, height, width], bytes);
}

export const idxLabels = (labels) => idx([labels.length], Uint8Array.from(labels));
