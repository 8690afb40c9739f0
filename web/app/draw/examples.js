// The ten digits as strokes, drawn by themselves for whoever wants to see it first, or cannot draw. In a box 60 x 100.

import { HEIGHT, Stroke, WIDTH } from "./ink.js";

const digits = [
  [[30, 0, 12, 8, 2, 30, 0, 50, 3, 74, 14, 94, 30, 100, 46, 94, 57, 74, 60, 50, 57, 26, 47, 7, 30, 0]],
  [[14, 20, 34, 0, 34, 30, 33, 65, 33, 100]],
  [[4, 22, 12, 6, 30, 0, 48, 6, 55, 24, 48, 44, 30, 66, 12, 84, 2, 98, 4, 98, 20, 97, 40, 97, 62, 98]],
  [[6, 10, 22, 1, 42, 2, 54, 16, 50, 34, 36, 45, 24, 48, 40, 50, 56, 62, 58, 80, 46, 95, 26, 100, 4, 92]],
  [
    [36, 2, 24, 26, 10, 50, 0, 64, 2, 65, 20, 65, 40, 64, 62, 63],
    [44, 36, 43, 60, 41, 80, 40, 102],
  ],
  [
    [12, 2, 10, 20, 7, 44, 9, 44, 22, 38, 40, 40, 54, 52, 57, 70, 48, 90, 30, 99, 12, 97, 2, 88],
    [12, 3, 30, 3, 54, 1],
  ],
  [[46, 2, 30, 10, 14, 32, 5, 56, 6, 80, 18, 97, 36, 99, 52, 88, 56, 72, 48, 58, 32, 54, 16, 60, 7, 76]],
  [[2, 6, 20, 5, 40, 5, 58, 3, 58, 5, 48, 24, 36, 48, 27, 74, 22, 100]],
  [
    [
      50, 14, 36, 1, 18, 2, 8, 16, 14, 32, 30, 46, 48, 62, 56, 80, 46, 96, 28, 100, 10, 94, 4, 78, 14, 62, 32, 46, 48,
      32, 52, 16, 46, 8,
    ],
  ],
  [[54, 18, 42, 4, 24, 2, 9, 14, 6, 32, 16, 46, 34, 46, 50, 34, 55, 18, 54, 40, 50, 70, 44, 100]],
];

// The points of the digit's strokes on the sheet, about `spacing` units apart, a little different every time.
export function exampleStrokes(digit, spacing = 5) {
  const vary = (most) => (2 * Math.random() - 1) * most;
  const size = 2 + vary(0.15),
    slant = vary(0.12);
  const place = (x, y) => [
    WIDTH / 2 + vary(1) + size * (x - 30 - slant * (y - 50)),
    HEIGHT / 2 + vary(1) + size * (y - 50),
  ];
  return digits[digit].map((flat) => {
    const corners = [];
    for (let i = 0; i < flat.length; i += 2) corners.push(place(flat[i], flat[i + 1]));
    const points = [corners[0]];
    corners.slice(1).forEach(([x1, y1], i) => {
      const [x0, y0] = corners[i];
      const parts = Math.max(1, Math.round(Math.hypot(x1 - x0, y1 - y0) / spacing));
      for (let k = 1; k <= parts; k++) points.push([x0 + ((x1 - x0) * k) / parts, y0 + ((y1 - y0) * k) / parts]);
    });
    return points;
  });
}

// Draws a digit before the eyes: changed() after every step, finished(stroke) after every stroke. stop() ends it early.
export function drawExample(digit, width, { changed, finished }) {
  const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const perFrame = reduced ? Infinity : 2;
  const strokes = exampleStrokes(digit);
  let frame,
    stroke = null,
    at = 0;
  const step = () => {
    for (let n = 0; n < perFrame; n++) {
      if (!strokes.length) return;
      stroke ??= new Stroke(width, false);
      stroke.add(...strokes[0][at++]);
      if (at < strokes[0].length) continue;
      strokes.shift();
      at = 0;
      const done = stroke;
      stroke = null;
      finished(done, !strokes.length);
    }
    changed(stroke);
    frame = requestAnimationFrame(step);
  };
  step();
  return () => {
    cancelAnimationFrame(frame);
    strokes.length = 0;
  };
}
