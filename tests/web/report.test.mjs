// The report in a real browser, from disk, as a reader opens it: TENFOLD_REPORT=study/report.html node --test tests/web
// Chromium is /usr/bin/chromium or what $CHROMIUM names.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const report = process.env.TENFOLD_REPORT;
if (!report) throw new Error("TENFOLD_REPORT must name the report to look at");
const address = pathToFileURL(resolve(report)).href;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});
after(() => browser?.close());

const drawn = (page) =>
  page.waitForFunction(() => document.documentElement.dataset.ready === "true", null, { timeout: 30000 });

// Opens the report and notes everything that it should not do.
async function open({ width = 1400, colorScheme = "light", javaScriptEnabled = true } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, javaScriptEnabled });
  const page = await context.newPage();
  const noise = [];
  page.on("console", (message) => noise.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => noise.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== address && !request.url().startsWith("data:")) noise.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  if (javaScriptEnabled) await drawn(page);
  return { page, noise, close: () => context.close() };
}

// The figures that are shown and how many marks each has.
const marks = (page) =>
  page.$$eval("figure.chart", (figures) => figures.filter((f) => !f.closest("[hidden]")).map((f) => ({
    id: f.id,
    count: f.querySelectorAll("svg :is(.mark-rect, .mark-line, .mark-symbol) path, svg .mark-rule line").length,
    box: f.querySelector("svg")?.getBoundingClientRect().width ?? 0,
    room: f.querySelector(".canvas").clientWidth,
  })));

function assertDrawn(figures) {
  assert.ok(figures.length >= 7, `${figures.length} figures`);
  for (const figure of figures) {
    assert.ok(figure.count > 0, `${figure.id} has no marks`);
    const fits = figure.box > 100 && figure.box <= figure.room + 1;
    assert.ok(fits, `${figure.id} is ${figure.box} wide in ${figure.room}`);
  }
}

for (const width of [1400, 390]) {
  for (const colorScheme of ["light", "dark"]) {
    describe(`${width} px, ${colorScheme}`, () => {
      let opened, page;
      before(async () => {
        opened = await open({ width, colorScheme });
        page = opened.page;
      });
      after(() => opened.close());

      test("draws every figure", async () => assertDrawn(await marks(page)));

      test("cuts no label off", async () => {
        const cut = await page.$$eval("figure.chart svg", (pictures) => pictures.flatMap((svg) => {
          const frame = svg.getBoundingClientRect();
          const outside = ({ left, right }) => left < frame.left - 3 || right > frame.right + 3; // corners of turned texts
          return [...svg.querySelectorAll(":is(.role-axis-label, .role-legend-label) text")]
            .filter((text) => text.getAttribute("opacity") !== "0" && outside(text.getBoundingClientRect()))
            .map((text) => `${svg.closest("figure").id}: ${text.textContent}`);
        }));
        assert.deepEqual(cut, []);
      });

      test("keeps the labels of a stretched axis apart", async () => {
        const boxes = await page.$$eval("#figure-accuracy svg .role-axis-label text", (labels) =>
          labels.filter((l) => l.textContent.endsWith("%")).map((l) => [l.getAttribute("opacity"), l.textContent,
            l.getBoundingClientRect().left, l.getBoundingClientRect().right]));
        assert.ok(boxes.length > 1, `${boxes.length} ticks`);
        assert.deepEqual(boxes.filter(([opacity]) => opacity === "0"), [], "ticks without a label");
        boxes.sort((a, b) => a[2] - b[2]);
        boxes.slice(1).forEach((box, i) => assert.ok(box[2] > boxes[i][3] + 4, `${boxes[i][1]} and ${box[1]}`));
      });

      test("names every class below its bars", async () => {
        const names = await page.$$eval("#figure-class-distribution svg .role-axis-label text", (labels) =>
          labels.filter((l) => l.getAttribute("opacity") !== "0" && !l.textContent.endsWith("%")).length);
        assert.equal(names, 10);
      });

      test("shows pixels as squares", async () => {
        const { width, height } = await page.$eval("#figure-pixels svg .mark-rect path", (cell) =>
          cell.getBoundingClientRect().toJSON());
        assert.ok(Math.abs(width - height) < 0.05 * width, `${width} x ${height}`);
      });

      test("has the scheme's colours, in the figures too", async () => {
        const lightness = await page.evaluate(() => {
          const parts = (colour) => colour.match(/\d+(\.\d+)?/g).slice(0, 3).map(Number);
          const grey = (colour) => parts(colour).reduce((sum, c) => sum + c) / 765;
          const label = document.querySelector("svg .role-axis-label text");
          return [grey(getComputedStyle(document.body).backgroundColor), grey(getComputedStyle(label).fill)];
        });
        if (colorScheme === "dark") lightness.reverse();
        assert.ok(lightness[0] > lightness[1] + 0.35, `background and label: ${lightness}`);
      });

      test("does not scroll sideways", async () => {
        const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(inner <= outer, `${inner} px in ${outer}`);
      });

      test("is accessible", async () => {
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
        assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html)}`), []);
      });

      test("names every figure and every scrolling box", async () => {
        const unnamed = await page.$$eval("[role=img], [role=region]", (all) =>
          all.filter((e) => !(e.getAttribute("aria-label") ?? "").trim()).length);
        assert.equal(unnamed, 0);
        const captions = await page.$$eval("figure", (all) => all.filter((f) => !f.querySelector("figcaption")).length);
        assert.equal(captions, 0);
      });

      test("asks for nothing and complains about nothing", () => assert.deepEqual(opened.noise, []));
    });
  }
}

test("every section begins with its finding", async () => {
  const { page, close } = await open();
  const sections = await page.$$eval("section", (all) =>
    all.map((s) => [s.id, s.querySelector(".finding")?.textContent ?? ""]));
  const names = sections.map(([id]) => id).filter((id) => id !== "preprocessing");
  assert.deepEqual(names, ["data", "comparison", "model", "made"]);
  for (const [id, finding] of sections) assert.match(finding, /\d|[Tt]wo|[Oo]ne|three/, id);
  await close();
});

test("is up in two seconds", async () => {
  const { page, close } = await open();
  const time = await page.evaluate(() => performance.getEntriesByType("navigation")[0].loadEventEnd);
  assert.ok(time > 0 && time < 2000, `${time} ms`);
  await close();
});

test("the comparison sorts by mouse and by keyboard", async () => {
  const { page, close } = await open();
  const column = (n) =>
    page.$$eval(".comparison tbody tr", (rows, n) => rows.map((r) => Number(r.cells[n].dataset.key)), n);
  const head = page.locator(".comparison thead th").nth(7).locator("button");
  await head.click();
  assert.equal(await page.locator(".comparison thead th[aria-sort]").count(), 1);
  const falling = await column(7);
  assert.deepEqual(falling, [...falling].sort((a, b) => b - a));
  await head.focus();
  await page.keyboard.press("Enter");
  assert.deepEqual(await column(7), [...falling].sort((a, b) => a - b));
  assert.equal(await page.locator(".comparison thead th").nth(7).getAttribute("aria-sort"), "ascending");
  await close();
});

test("every evaluated model can be shown, figures and all", async () => {
  const { page, noise, close } = await open();
  const values = await page.$$eval("#choose option", (options) => options.map((o) => o.value));
  for (const value of values) {
    await page.selectOption("#choose", value);
    await page.waitForTimeout(50);
    await drawn(page);
    assert.deepEqual(await page.$$eval(".panel:not([hidden])", (all) => all.map((p) => p.id)), [value]);
    assertDrawn(await marks(page));
  }
  assert.deepEqual(noise, []);
  await close();
});

test("the theme turns, figures included, and is remembered", async () => {
  const { page, close } = await open();
  const look = () => page.evaluate(() => [getComputedStyle(document.body).backgroundColor,
    getComputedStyle(document.querySelector("svg .role-axis-label text")).fill]);
  const light = await look();
  await page.click("#theme");
  const dark = await look();
  assert.notEqual(dark[0], light[0]);
  assert.notEqual(dark[1], light[1]);
  await page.reload();
  await drawn(page);
  assert.deepEqual(await look(), dark);
  await page.click("#theme");
  assert.deepEqual(await look(), light);
  await close();
});

test("figures follow the window's width", async () => {
  const { page, close } = await open();
  await page.setViewportSize({ width: 700, height: 900 });
  await page.waitForTimeout(300);
  await drawn(page);
  assertDrawn(await marks(page));
  await close();
});

test("pointing at a mark tells its data", async () => {
  const { page, close } = await open();
  const bar = page.locator("#figure-class-distribution svg .mark-rect path").first();
  await bar.scrollIntoViewIfNeeded();
  await page.waitForTimeout(300); // scrolling hides what is told
  await bar.hover();
  await page.waitForSelector("#tip:not([hidden])", { timeout: 3000 });
  assert.match(await page.locator("#tip").innerText(), /images\s+[\d,]+/);
  await close();
});

test("a figure can be taken away as SVG with its colours filled in", async () => {
  const { page, close } = await open();
  await page.locator("#figure-class-distribution summary").click();
  const [download] = await Promise.all([page.waitForEvent("download"),
    page.locator("#figure-class-distribution button.svg").click()]);
  assert.equal(download.suggestedFilename(), "class-distribution.svg");
  const svg = readFileSync(await download.path(), "utf8");
  assert.match(svg, /^<svg/);
  assert.doesNotMatch(svg, /var\(--/);
  await close();
});

test("paper gets every section in light colours, without what only a screen needs", async () => {
  const { page, close } = await open({ colorScheme: "dark" });
  const sections = await page.locator("section").count();
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  const seen = await page.$$eval("section", (all) => all.filter((s) => s.getBoundingClientRect().height > 100).length);
  assert.equal(seen, sections);
  assert.equal(await page.locator("nav").isVisible(), false);
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
  const ink = await page.evaluate(() => getComputedStyle(document.querySelector("svg .role-axis-label text")).fill);
  assert.ok(ink.match(/\d+/g).every((c) => Number(c) < 128), ink);
  assertDrawn((await marks(page)).map((figure) => ({ ...figure, room: Math.max(figure.room, figure.box) })));
  assert.ok((await page.pdf({ format: "A4" })).length > 50000);
  await close();
});

test("without JavaScript the best model's tables are there", async () => {
  const { page, close } = await open({ javaScriptEnabled: false });
  assert.ok(await page.locator(".panel:not([hidden]) .report table").isVisible());
  assert.ok(await page.locator(".comparison table").isVisible());
  assert.ok(await page.locator("noscript p").isVisible());
  assert.equal(await page.locator("#choose").isVisible(), false);
  await close();
});
