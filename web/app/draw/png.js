// A grey PNG, made at once: the browser's own encoder answers only frames later. Deflate is restricted to runs of one
// byte with the fixed Huffman codes (RFC 1951, 3.2.6), which is all that ink on a blank sheet asks for.

const crcTable = new Uint32Array(256);
for (let n = 0; n < 256; n++) {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  crcTable[n] = c;
}

function crc32(bytes, from, to) {
  let c = 0xffffffff;
  for (let i = from; i < to; i++) c = crcTable[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

function reversed(code, length) {
  let result = 0;
  for (let i = 0; i < length; i++) result |= ((code >> i) & 1) << (length - 1 - i);
  return result;
}

// The bits of every literal and of every run length 3..258 (its distance, 1, included), and how many they are.
const literalBits = new Uint32Array(256),
  literalLength = new Uint8Array(256);
for (let n = 0; n < 256; n++) {
  literalLength[n] = n < 144 ? 8 : 9;
  literalBits[n] = n < 144 ? reversed(0x30 + n, 8) : reversed(0x190 + n - 144, 9);
}
const LONGEST = 258;
const runBits = new Uint32Array(LONGEST + 1),
  runLength = new Uint8Array(LONGEST + 1);
for (let symbol = 257, first = 3; symbol <= 285; symbol++) {
  const extra = symbol < 265 || symbol === 285 ? 0 : (symbol - 261) >> 2;
  if (symbol === 285) first = LONGEST;
  const width = symbol < 280 ? 7 : 8;
  const code = reversed(symbol < 280 ? symbol - 256 : 0xc0 + symbol - 280, width);
  for (let i = 0; i < 1 << extra && first + i <= LONGEST; i++) {
    runBits[first + i] = code | (i << width);
    runLength[first + i] = width + extra + 5; // the distance's code is five bits of 0
  }
  first += 1 << extra;
}

// Writes the zlib stream of raw[0..size) to out at `at`; returns where it ends.
function deflate(raw, size, out, at) {
  let bits = 3,
    count = 3; // the last block, fixed codes: 1, then 01 from the lowest bit
  out[at++] = 0x78;
  out[at++] = 0x01;
  const put = (code, length) => {
    bits |= code << count;
    count += length;
    for (; count >= 8; count -= 8, bits >>>= 8) out[at++] = bits & 255;
  };
  for (let i = 0; i < size;) {
    const value = raw[i];
    put(literalBits[value], literalLength[value]);
    let end = i + 1;
    while (end < size && raw[end] === value) end++;
    let run = end - i - 1;
    for (; run >= 3;) {
      const length = run > LONGEST && run < LONGEST + 3 ? run - 3 : Math.min(run, LONGEST);
      put(runBits[length], runLength[length]);
      run -= length;
    }
    for (; run > 0; run--) put(literalBits[value], literalLength[value]);
    i = end;
  }
  put(0, 7); // the end of the block
  if (count > 0) out[at++] = bits & 255;
  let a = 1,
    b = 0;
  for (let i = 0; i < size;) {
    for (const stop = Math.min(size, i + 3800); i < stop; i++) b += a += raw[i]; // as long as b stays below 2^32
    a %= 65521;
    b %= 65521;
  }
  for (const byte of [b >> 8, b & 255, a >> 8, a & 255]) out[at++] = byte;
  return at;
}

// The PNG of width x height grey bytes: pixels[start + stride * i], i = 0.. row by row.
export function encodeGrey(pixels, width, height, start = 0, stride = 1) {
  const size = (width + 1) * height;
  const raw = new Uint8Array(size); // every row begins with its filter: none
  for (let y = 0, from = start, to = 0; y < height; y++) {
    to++;
    for (let x = 0; x < width; x++, from += stride) raw[to++] = pixels[from];
  }
  const out = new Uint8Array(96 + Math.ceil((size * 9) / 8)); // 9 bits a byte at the worst
  const view = new DataView(out.buffer);
  out.set([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  let at = 8;
  const chunk = (name, fill) => {
    const begin = at + 8;
    for (let i = 0; i < 4; i++) out[at + 4 + i] = name.charCodeAt(i);
    const end = fill(begin);
    view.setUint32(at, end - begin);
    view.setUint32(end, crc32(out, at + 4, end));
    at = end + 4;
  };
  chunk("IHDR", (begin) => {
    view.setUint32(begin, width);
    view.setUint32(begin + 4, height);
    out.set([8, 0, 0, 0, 0], begin + 8);
    return begin + 13;
  });
  chunk("IDAT", (begin) => deflate(raw, size, out, begin));
  chunk("IEND", (begin) => begin);
  return out.slice(0, at);
}

// Bytes as a data URI.
export function dataUri(bytes, type = "image/png") {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return `data:${type};base64,${btoa(text)}`;
}
