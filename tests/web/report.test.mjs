// The report in a real browser, from disk, as a reader opens it: TENFOLD_REPORT=study/report.html node --test tests/web
// Chromium is /usr/bin/chromium or what $CHROMIUM names.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { launch } from "./browser.mjs";

const report = process.env.TENFOLD_REPORT;
if (!report) throw new Error("TENFOLD_REPORT must name the report to look at");
const address = pathToFileURL(resolve(report)).href;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const drawn = (page) =>
  page.waitForFunction(() => document.documentElement.dataset.ready === "true", null, { timeout: 60000 });

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
    empty: [...f.querySelectorAll("svg .role-mark")].filter((g) => !g.querySelector("path, line, text, image")).length,
    box: f.querySelector("svg")?.getBoundingClientRect().width ?? 0,
    room: f.querySelector(".canvas").clientWidth,
  })));

function assertDrawn(figures) {
  assert.ok(figures.length >= 7, `${figures.length} figures`);
  for (const figure of figures) {
    assert.ok(figure.count > 0, `${figure.id} has no marks`);
    const least = figure.id === "figure-accuracy" ? 1 : 0; // nothing was published on fewer images
    assert.ok(figure.empty <= least, `${figure.id} has layers without marks`);
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
  const names = sections.map(([id]) => id);
  const journey = ["data", "preprocessing", "crossval", "tuning", "comparison", "model", "images", "inside", "plane", "learning", "robustness",
    "significance", "suspects", "made"];
  const known = names.filter((id) => journey.includes(id));
  assert.deepEqual(known, journey.filter((id) => names.includes(id)), "the journey's order");
  for (const id of ["data", "comparison", "model", "made"]) assert.ok(names.includes(id), id);
  for (const [id, finding] of sections) assert.match(finding, /\d|[Tt]wo|[Oo]ne|three/, id);
  const links = await page.$$eval("nav ol a", (all) => all.map((link) => link.hash.slice(1)));
  assert.deepEqual(links, names);
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

test("every choice within a section can be made, figures and all", async () => {
  for (const width of [1400, 390]) {
    const { page, noise, close } = await open({ width });
    const choosers = await page.$$eval("select[data-shows]", (all) => all.map((select) => select.id));
    assert.ok(choosers.includes("choose-cost"));
    for (const id of choosers) {
      const values = await page.$$eval(`#${id} option`, (options) => options.map((option) => option.value));
      for (const value of values) {
        if (values.length > 1) await page.selectOption(`#${id}`, value);
        await page.waitForTimeout(50);
        await drawn(page);
        const shown = await page.evaluate((ids) => ids.filter((part) => !document.getElementById(part).hidden), values);
        assert.deepEqual(shown, [value]);
      }
      assertDrawn(await marks(page));
    }
    assert.deepEqual(noise, []);
    await close();
  }
});

for (const width of [1400, 390]) {
  test(`names beside dots overlap neither each other nor dots at ${width} px`, async () => {
    const { page, close } = await open({ width });
    const [names, dots] = await page.$eval("#figure-cost-fit svg", (svg) => {
      const box = (element) => {
        const { left, right, top, bottom } = element.getBoundingClientRect();
        return { left, right, top: top + 2, bottom: bottom - 2, text: element.textContent };
      };
      const plot = ".mark-text.role-mark text";
      const seen = [...svg.querySelectorAll(plot)].filter((t) => t.textContent && t.getAttribute("opacity") !== "0");
      return [seen.map(box), [...svg.querySelectorAll(".mark-symbol.role-mark path")].map(box)];
    });
    const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom && b.top < a.bottom;
    assert.ok(names.length > 0, "no names");
    names.forEach((a, i) => {
      names.slice(i + 1).forEach((b) => assert.ok(!meet(a, b), `${a.text} and ${b.text}`));
      dots.forEach((dot) => assert.ok(!meet(a, dot), `${a.text} and a dot`));
    });
    await close();
  });
}

test("every table of values can be saved as CSV, by keyboard too", async () => {
  const { page, close } = await open();
  const without = await page.$$eval(".scroll > table", (all) =>
    all.filter((t) => !t.querySelector("img") && !t.parentElement.querySelector("button.csv")).length);
  assert.equal(without, 0);
  const button = page.locator(".comparison button.csv");
  assert.match(await button.getAttribute("aria-label"), /CSV.*All pipelines compared/);
  await button.focus();
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  assert.equal(download.suggestedFilename(), "all-pipelines-compared.csv");
  const lines = readFileSync(await download.path(), "utf8").trimEnd().split("\n");
  const rows = await page.locator(".comparison tbody tr").count();
  assert.equal(lines.length, rows + 1);
  assert.match(lines[0], /^Model,Preprocessing,Accuracy,/);
  const quoted = /("([^"]|"")*"|[^,]*)(,|$)/g;
  for (const line of lines) assert.equal(line.match(quoted).filter((part, i, all) => part || i < all.length - 1).length, 13, line);
  const accuracy = await page.locator(".comparison tbody tr").first().locator("td").nth(1).getAttribute("data-key");
  assert.ok(lines[1].includes(`,${accuracy},`), lines[1]);
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
  // a browser with much to do stores it a little later
  for (let tries = 0; tries < 20; tries++) {
    await page.reload();
    await drawn(page);
    if ((await look())[0] === dark[0]) break;
  }
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
  await page.waitForSelector("#tip:not([hidden])", { timeout: 60000 });
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

// ---- Images behind figures, where the study has them ----

// Opens the report, or skips the test if it lacks `needed`.
async function openWith(t, needed, options) {
  const opened = await open(options);
  if (await opened.page.locator(needed).count()) return opened;
  await opened.close();
  t.skip(`this report has no ${needed}`);
  return null;
}

// How many of the canvases show an image: pixels that differ.
const painted = (canvases) => canvases.filter((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, i) => i % 4 === 0 && value !== data[0]);
}).length;

async function waitPainted(page, selector, least) {
  await page.waitForFunction(({ selector, least, painted }) =>
    new Function(`return ${painted}`)()([...document.querySelectorAll(selector)]) >= least,
  { selector, least, painted: painted.toString() }, { timeout: 60000 });
}

test("a cell of the confusion matrix shows its images, by mouse and by keyboard", async (t) => {
  const opened = await openWith(t, ".panel:not([hidden]) .cell");
  if (!opened) return;
  const { page, noise, close } = opened;
  const cell = page.locator(".panel:not([hidden]) .cell");
  const [row, column, text] = await page.evaluate(() => { // the largest mistake but that which is shown already
    const lines = [...document.querySelectorAll(".panel:not([hidden]) figure table tbody tr")].slice(0, 10);
    const cells = lines.flatMap((line, r) => [...line.querySelectorAll("td")].map((td, c) => [r, c, td.textContent]));
    return cells.filter(([r, c]) => r !== c).sort((a, b) => Number(b[2]) - Number(a[2]))[1];
  });
  const marks = page.locator(".panel:not([hidden]) [id^=figure-confusion] svg .mark-rect path");
  await marks.nth(row * 10 + column).click({ force: true });
  const count = Number(text);
  await page.waitForFunction((count) =>
    document.querySelector(".panel:not([hidden]) .cell [role=status]").textContent.startsWith(`${count} image`), count);
  assert.deepEqual(await cell.locator("select").evaluateAll((all) => all.map((s) => Number(s.value))), [row, column]);
  await waitPainted(page, ".panel:not([hidden]) .cell canvas", Math.min(count, 48));
  const sure = (await cell.locator("li span").allTextContents()).filter((s) => s.includes("sure")).map((s) => parseFloat(s));
  assert.deepEqual(sure, [...sure].sort((a, b) => b - a), "surest first");
  const truth = cell.locator("select").first();
  await truth.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press(row === 1 ? "3" : "1"); // a digit chooses the class of that name
  assert.notEqual(Number(await truth.inputValue()), row);
  assert.match(await cell.locator("[role=status]").innerText(), /^[\d,]+ images?/);
  assert.deepEqual(noise, []);
  await close();
});

test("another model's panel comes with all that it has", async (t) => {
  const opened = await openWith(t, ".cell");
  if (!opened) return;
  const { page, noise, close } = opened;
  const values = await page.$$eval("#choose option", (options) => options.map((o) => o.value));
  const other = values.find((value) => value !== values[0]);
  await page.selectOption("#choose", other);
  await drawn(page);
  assert.ok(await page.locator(`[id="${other}"] .cell select`).count() === 2);
  assert.equal(await page.locator(`[id="${other}"] template`).count(), 0);
  await page.locator(`[id="${other}"] .more summary`).first().click();
  assert.ok(await page.locator(`[id="${other}"] button.csv`).first().isVisible());
  assert.deepEqual(noise, []);
  await close();
});

test("an image can be looked up by its number", async (t) => {
  const opened = await openWith(t, "#lookup");
  if (!opened) return;
  const { page, close } = opened;
  const answers = await page.evaluate(() => JSON.parse(document.getElementById("answers").textContent));
  const input = page.locator("#lookup-index"), said = page.locator(".said li");
  await input.fill("23");
  assert.match(await page.locator(".looked p").innerText(), new RegExp(`\\b23\\b.* labelled ${answers.classes[answers.labels[23]]};`));
  assert.equal(await said.count(), answers.models.length);
  const labels = await said.locator("b").allTextContents();
  assert.deepEqual(labels, answers.models.map((model) => answers.classes[model.predicted[23]]));
  const missed = answers.models.filter((model) => model.predicted[23] !== answers.labels[23]).length;
  assert.equal(await page.locator(".said .missed").count(), missed);
  await waitPainted(page, ".looked > canvas", 1);
  await page.locator("#lookup button", { hasText: "Next" }).click();
  assert.equal(await input.inputValue(), "24");
  await input.fill(String(answers.count));
  assert.match(await page.locator(".looked").innerText(), /There is no image/);
  assert.equal(await input.getAttribute("aria-invalid"), "true");
  await close();
});

test("two models can be compared image by image", async (t) => {
  const opened = await openWith(t, "#versus");
  if (!opened) return;
  const { page, close } = opened;
  await page.selectOption("#versus-first", "0");
  await page.selectOption("#versus-second", "1");
  const expected = await page.evaluate(() => {
    const { labels, models: [a, b] } = JSON.parse(document.getElementById("answers").textContent);
    const counts = [0, 0, 0, 0]; // right by both, wrong by both, only by one, only by the other
    [...labels].forEach((label, i) => {
      const [x, y] = [a.predicted[i] === label, b.predicted[i] === label];
      counts[x && y ? 0 : !x && !y ? 1 : x ? 2 : 3]++;
    });
    return counts;
  });
  const told = await page.locator(".versus p").first().innerText();
  const numbers = ["right by both", "wrong by both", "right only by", "only by \\S+\\. McNemar"].map((words) =>
    Number(told.match(new RegExp(`([\\d,]+)(?: images are)? ${words}`))[1].replaceAll(",", "")));
  assert.deepEqual(numbers, expected);
  assert.match(told, /p = [\d.e+-]+/);
  await waitPainted(page, ".versus canvas", Math.min(1, expected[2] + expected[3]));
  await page.selectOption("#versus-second", "0");
  assert.match(await page.locator(".versus").innerText(), /two models that differ/);
  await close();
});

for (const width of [1400, 390]) {
  test(`points in a plane tell their images, ${width} px`, async (t) => {
    const opened = await openWith(t, "figure.plane", { width });
    if (!opened) return;
    const { page, noise, close } = opened;
    await page.waitForFunction(() => [...document.querySelectorAll(".plane canvas")].every((c) => c.dataset.drawn > 0));
    const canvas = page.locator(".plane canvas").first(), told = page.locator(".pointed");
    await canvas.scrollIntoViewIfNeeded();
    const at = await page.evaluate(() => { // where the first point stands, as the page's data have it
      const figure = document.querySelector("figure.plane");
      const { points } = JSON.parse(figure.querySelector("script").textContent);
      const box = figure.querySelector("canvas").getBoundingClientRect();
      const [right, top] = [0, 1].map((k) => points.reduce((most, v, i) => (i % 2 === k ? Math.max(most, v) : most), 1));
      const scale = Math.min((box.width - 24) / right, (box.height - 24) / top);
      return [box.left + (box.width - scale * right) / 2 + scale * points[0],
        box.top + (box.height - scale * top) / 2 + scale * (top - points[1])];
    });
    await page.mouse.move(...at);
    await page.waitForFunction(() => /labelled/.test(document.querySelector(".pointed").textContent));
    assert.ok(await page.locator(".plane .spot:not([hidden])").isVisible());
    await canvas.focus();
    const texts = new Set();
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"]) {
      await page.keyboard.press(key);
      texts.add(await told.innerText());
    }
    assert.ok(texts.size > 1, [...texts].join("; "));
    const one = page.locator(".legend button").nth(3);
    await one.click();
    assert.equal(await one.getAttribute("aria-pressed"), "true");
    await canvas.focus();
    await page.keyboard.press("ArrowUp");
    const name = (await one.innerText()).trim();
    assert.ok((await told.innerText()).endsWith(`labelled ${name}`), await told.innerText());
    await one.click();
    assert.equal(await one.getAttribute("aria-pressed"), "false");
    await page.locator(".plane summary").first().click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator(".plane button.csv").first().click()]);
    const lines = readFileSync(await download.path(), "utf8").trim().split("\n");
    assert.equal(lines[0], "index,label,x,y");
    assert.equal(lines.length - 1, Number(await canvas.getAttribute("data-drawn")));
    assert.match(lines[1], /^0,\d,-?[\d.e+-]+,-?[\d.e+-]+$/);
    assert.deepEqual(noise, []);
    await close();
  });
}

test("the maps of another image can be shown", async (t) => {
  const opened = await openWith(t, "#choose-maps");
  if (!opened) return;
  const { page, close } = opened;
  const values = await page.$$eval("#choose-maps option", (options) => options.map((o) => o.value));
  await page.selectOption("#choose-maps", values.at(-1));
  assert.deepEqual(await page.$$eval(".maps:not([hidden])", (all) => all.map((m) => m.id)), [values.at(-1)]);
  await close();
});

test("a figure's data can be taken away as CSV", async () => {
  const { page, close } = await open();
  await page.locator("#figure-pixels summary").click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#figure-pixels button.csv").click()]);
  const lines = readFileSync(await download.path(), "utf8").trim().split("\n");
  assert.equal(lines[0], "row,column,mean,deviation,minimum,quartile1,median,quartile3,maximum");
  const { height, width } = await page.evaluate(() => {
    const rows = JSON.parse(document.querySelector("#figure-pixels script").textContent).data.values;
    return { height: rows.at(-1).row + 1, width: rows.at(-1).column + 1 };
  });
  assert.equal(lines.length - 1, height * width);
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
