// How long a browser takes to have the report on the screen, from disk: node bench/report.mjs study/report.html [times]
// Chromium is /usr/bin/chromium or what $CHROMIUM names.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "../tests/web/browser.mjs";

const address = pathToFileURL(resolve(process.argv[2] ?? "study/report.html")).href;
const times = Number(process.argv[3] ?? 9);
const browser = await launch();
for (const [width, height] of [
  [1400, 900],
  [390, 844],
]) {
  const took = [];
  for (let i = 0; i < times; i++) {
    const page = await browser.newPage({ viewport: { width, height } });
    await page.goto(address);
    took.push(await page.evaluate(() => performance.getEntriesByType("navigation")[0].loadEventEnd));
    await page.close();
  }
  took.sort((a, b) => a - b);
  const median = took[Math.floor(times / 2)];
  console.log(`${width} px: median ${median.toFixed(0)} ms, ${took[0].toFixed(0)} to ${took.at(-1).toFixed(0)}`);
}
await browser.close();
