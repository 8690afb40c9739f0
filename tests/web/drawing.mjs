// Digits as a hand draws them, and how a mouse or a finger does it in the page.

// On a sheet of 400 x 320: x, y, x, y...
export const strokes = {
  0: [
    [
      200, 60, 160, 75, 140, 120, 138, 170, 150, 225, 180, 262, 205, 268, 240, 245, 262, 190, 260, 130, 240, 80, 200,
      60,
    ],
  ],
  1: [[205, 60, 203, 120, 200, 190, 198, 265]],
  2: [[145, 105, 160, 70, 200, 58, 240, 75, 250, 110, 230, 155, 190, 205, 150, 258, 200, 254, 262, 258]],
  3: [[150, 80, 190, 60, 235, 68, 248, 105, 225, 140, 188, 152, 230, 165, 256, 205, 238, 250, 190, 266, 145, 248]],
  4: [
    [180, 65, 165, 110, 148, 165, 200, 168, 255, 162],
    [235, 75, 233, 140, 230, 200, 226, 268],
  ],
  5: [[250, 65, 200, 66, 165, 66, 158, 105, 152, 150, 195, 138, 240, 155, 252, 205, 228, 250, 185, 262, 145, 245]],
  6: [[230, 60, 190, 90, 160, 145, 150, 210, 170, 255, 210, 264, 244, 235, 240, 195, 208, 175, 172, 190, 154, 220]],
  7: [[140, 75, 190, 72, 255, 68, 240, 110, 215, 165, 196, 220, 188, 268]],
  8: [
    [
      245, 85, 205, 60, 165, 75, 160, 112, 195, 148, 240, 180, 252, 225, 225, 262, 180, 264, 150, 232, 165, 190, 210,
      150, 244, 115, 248, 88,
    ],
  ],
  9: [[245, 95, 215, 64, 170, 72, 152, 112, 170, 150, 215, 148, 246, 110, 250, 90, 248, 150, 238, 210, 225, 266]],
};
// The stroke's points about 16 units apart.
function dense(flat) {
  const points = [[flat[0], flat[1]]];
  for (let i = 2; i < flat.length; i += 2) {
    const [x, y] = [flat[i - 2], flat[i - 1]],
      parts = Math.ceil(Math.hypot(flat[i] - x, flat[i + 1] - y) / 16);
    for (let k = 1; k <= parts; k++)
      points.push([x + ((flat[i] - x) * k) / parts, y + ((flat[i + 1] - y) * k) / parts]);
  }
  return points;
}

export async function place(page) {
  const box = await page.locator("#ink").boundingBox();
  return ([x, y]) => [box.x + (x / 400) * box.width, box.y + (y / 320) * box.height];
}

export async function draw(page, parts) {
  const at = await place(page);
  for (const stroke of parts) {
    const points = dense(stroke);
    await page.mouse.move(...at(points[0]));
    await page.mouse.down();
    for (const point of points.slice(1)) await page.mouse.move(...at(point));
    await page.mouse.up();
  }
}

export async function touch(page, parts) {
  const at = await place(page),
    session = await page.context().newCDPSession(page);
  const send = (type, point) =>
    session.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: point ? [{ x: at(point)[0], y: at(point)[1] }] : [],
    });
  for (const stroke of parts) {
    const points = dense(stroke);
    await send("touchStart", points[0]);
    for (const point of points.slice(1)) await send("touchMove", point);
    await send("touchEnd");
  }
  await session.detach();
}
