// From the pen's movement to all the models' answers on the screen, in a real browser: draws the ten digits again and
// again with the mouse, moving once a frame, and prints the distribution of the page's own measurements.
//   node bench/page.mjs http://127.0.0.1:8000 [rounds]
// Chromium is /usr/bin/chromium or what $CHROMIUM names.
import { chromium } from "playwright-core";

const address = process.argv[2] ?? "http://127.0.0.1:8000";
const rounds = Number(process.argv[3] ?? 3);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
});
const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
await page.goto(address);
await page.waitForSelector("#models .reads", { state: "attached" });
await page.waitForTimeout(500);

// What the browser itself says of every request, beside the page's measurements.
await page.evaluate(() => {
  window.benchRequests = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name.includes("/api/predict")) benchRequests.push(entry.duration);
  }).observe({ type: "resource" });
});

const strokesOf = (digit) =>
  page.evaluate(async (digit) => {
    const { exampleStrokes } = await import("/app/draw/examples.js");
    return exampleStrokes(digit, 6);
  }, digit);

const box = await page.locator("#ink").boundingBox();
const at = ([x, y]) => [box.x + (x / 400) * box.width, box.y + (y / 320) * box.height];
for (let n = 0; n < 10 * rounds; n++) {
  for (const stroke of await strokesOf(n % 10)) {
    await page.mouse.move(...at(stroke[0]));
    await page.mouse.down();
    for (const point of stroke.slice(1)) {
      await page.mouse.move(...at(point));
      await page.waitForTimeout(8);
    }
    await page.mouse.up();
  }
  await page.waitForTimeout(300);
  await page.keyboard.press("Delete");
}

const [answers, requests] = await page.evaluate(() => [
  performance.getEntriesByName("answer").map((entry) => entry.duration),
  benchRequests,
]);
function tell(what, values) {
  values.sort((a, b) => a - b);
  const at = (share) => values[Math.min(values.length - 1, Math.floor(share * values.length))].toFixed(1).padStart(6);
  console.log(
    `${what.padEnd(34)} ${String(values.length).padStart(5)}  median ${at(0.5)}  95 % ${at(0.95)}  99 % ${at(0.99)} ms`,
  );
}
const count = await page.locator("#models .reads").count();
tell(`movement to ${count} models on screen`, answers);
tell("of it the request", requests);
await browser.close();
