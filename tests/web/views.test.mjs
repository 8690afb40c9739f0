// The views for training, the study and one's own hand in a real browser, on real servers with quick models:
// TENFOLD_REPORT=study/report.html node --test tests/web/views.test.mjs
// The program is build/tenfold or what $TENFOLD names; MNIST is data/mnist or what $TENFOLD_DATA names; Chromium is
// /usr/bin/chromium or what $CHROMIUM names; the study is that of $TENFOLD_REPORT.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { launch } from "./browser.mjs";
import { exampleStrokes } from "../../web/app/draw/examples.js";

if (!process.env.TENFOLD_REPORT) throw new Error("TENFOLD_REPORT must name the report of a study");
const study = dirname(resolve(process.env.TENFOLD_REPORT));
const program = resolve(process.env.TENFOLD ?? "build/tenfold");
const data = resolve(process.env.TENFOLD_DATA ?? "data/mnist");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "tenfold-views-"));
const runs = join(folder, "runs.sqlite");

// ---- Servers ----

const freePort = () =>
  new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });

async function startServer({ models, study: from, port }) {
  port ??= await freePort();
  const process = spawn(
    program,
    [
      "serve",
      "--port",
      String(port),
      "--data",
      data,
      "--models",
      models,
      "--study",
      from,
      "--runs",
      runs,
      "--no-train",
      "--quiet",
    ],
    { stdio: "inherit" },
  );
  const address = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    try {
      if ((await fetch(`${address}/api/health`)).ok) break;
    } catch {
      // not yet
    }
    assert.ok(tries < 1200, "the server does not come up");
    await new Promise((done) => setTimeout(done, 50));
  }
  const stop = async () => {
    const ended = once(process, "exit");
    process.kill("SIGTERM");
    await ended;
  };
  return { address, port, stop, get: async (path) => (await fetch(address + path)).json() };
}

const places = { models: join(folder, "models"), study: join(folder, "study") };
let server, browser;
before(async () => {
  mkdirSync(places.models);
  const tenfold = (...words) =>
    execFileSync(program, [...words, "--data", data, "--quiet"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
  for (const model of ["knn", "nearest-centroid"])
    tenfold("train", model, "--limit", "3000", "--runs", "none", "--out", join(places.models, `${model}.safetensors`));
  tenfold("crossval", "--models", "nearest-centroid", "--limit", "300", "--folds", "4", "--runs", runs);
  server = await startServer(places);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// ---- The page ----

// Opens a view and notes everything that it should not do.
async function open(hash, { width = 1400, colorScheme = "light", at = server, query = "" } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  const noise = [];
  page.on("console", (message) => noise.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => noise.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${at.address}/`) && !/^(data|blob):/.test(request.url()))
      noise.push(`request: ${request.url()}`);
  });
  await page.goto(`${at.address}/${query}${hash}`);
  return { page, noise, close: () => context.close() };
}

// What was drawn on a canvas, as a text that tells pictures apart.
const ink = (locator) => locator.evaluate((canvas) => canvas.toDataURL());

async function download(page, button) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: button }).click()]);
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

// ---- Training ----

async function startTraining(page, { epochs, limit, keep = false, model = "cnn2" }) {
  await page.waitForSelector("#train-model option", { state: "attached" });
  await page.selectOption("#train-model", model);
  await page.fill("#set-epochs", String(epochs));
  await page.fill("#train-images", String(limit));
  if (keep) await page.check("#train-keep");
  await begin(page);
}

// Starts, and waits until the new training is the one that is watched.
async function begin(page) {
  const newest = (await server.get("/api/trainings")).trainings.reduce((most, { id }) => Math.max(most, id), 0);
  await page.getByRole("button", { name: "Start training" }).click();
  await page.waitForFunction((id) => location.hash === `#training/${id}`, newest + 1);
}

// What an answer of the server has to be sooner or later.
async function eventually(what, ask) {
  for (let tries = 0; ; tries++) {
    const value = await ask();
    if (value) return value;
    assert.ok(tries < 1200, what);
    await new Promise((done) => setTimeout(done, 100));
  }
}

const stateIs = (page, state) =>
  page.waitForFunction((state) => document.querySelector(".watch .state")?.dataset.state === state, state, {
    timeout: 120000,
  });

describe("a training", () => {
  test("is watched to its end: curves, filters, mistakes; a reload has them again; the model joins", async () => {
    const { page, noise, close } = await open("#training");
    await page.waitForSelector(".rest"); // nothing has been trained yet
    await startTraining(page, { epochs: 3, limit: 1200, keep: true });
    await stateIs(page, "done");
    assert.match(page.url(), /#training\/1$/);
    async function check() {
      await page.waitForFunction(() => document.querySelectorAll(".watch .chart-dot").length === 12); // 2 charts, 2 lines, 3 epochs
      await page.locator(".watch .chart-more summary").first().click();
      const rows = page.locator(".watch .chart").first().locator("tbody tr");
      await rows.nth(2).waitFor(); // the table is made when it is opened
      assert.equal(await rows.count(), 3);
      const table = await rows.last().innerText();
      assert.match(table, /^3\s+[\d.]+\s+[\d.]+$/);
    }
    await check();
    const first = await page.locator(".watch .findings dd").first().innerText();
    assert.match(first, /^\d+\.\d\d\s?% ?\n?95\s% interval/);
    // the page knows the training's last word, the server lists it as done when its process has ended, too
    const listed = await eventually("the training is not done", async () =>
      (await server.get("/api/trainings")).trainings.find(({ state }) => state === "done"),
    );
    assert.deepEqual(listed.settings, { epochs: 3 });
    const run = (await server.get("/api/runs?kind=train")).runs[0];
    assert.ok(first.startsWith((100 * run.accuracy).toFixed(2)), `${first}; the run has ${run.accuracy}`);

    // the filters of epoch 1 are others than those of epoch 3, and come back
    const filters = page.locator("canvas.filters"),
      slider = page.locator("#watch-epoch");
    const last = await ink(filters);
    await slider.fill("1");
    assert.notEqual(await ink(page.locator("canvas.filters")), last);
    await slider.fill("3");
    assert.equal(await ink(page.locator("canvas.filters")), last);
    const mistakes = page.locator(".watch-mistakes li");
    assert.ok((await mistakes.count()) > 0 && (await mistakes.count()) <= 12);
    assert.match(await mistakes.first().innerText(), /^\d read as \d\s+\d+\.\d\s?% sure/);

    // the keyboard reads the curves
    await page.locator(".watch .chart-plot").first().focus();
    await page.keyboard.press("ArrowRight");
    assert.match(
      await page.locator(".watch .chart-says").first().innerText(),
      /^epoch 1: training [\d.]+, validation [\d.]+$/,
    );

    await eventually("the kept model is not served", async () =>
      (await server.get("/api/models")).models.some(({ name }) => name === listed.name),
    );
    assert.match(await page.locator(".watch .result").innerText(), new RegExp(`as ${listed.name}: draw something`));
    await page.reload();
    await stateIs(page, "done");
    await check();
    assert.deepEqual(noise, []);
    await close();
  });

  test("can be stopped, and another follows; what has no epochs shows its progress", async () => {
    const { page, noise, close } = await open("#training");
    await startTraining(page, { epochs: 5000, limit: 2000 });
    await page.waitForFunction(() => document.querySelectorAll(".watch .chart-dot").length >= 4, null, {
      timeout: 60000,
    });
    assert.ok(await page.locator("button.primary").isDisabled());
    assert.match(await page.locator(".watch .now").innerText(), /Epoch \d+ of 5000 · .* images/);
    const value = await page.locator(".watch progress").evaluate((bar) => bar.position);
    assert.ok(value >= 0 && value < 0.1, `${value}`);
    await page.getByRole("button", { name: "Stop" }).click();
    await stateIs(page, "stopped");
    assert.match(await page.locator(".watch .result").innerText(), /^Stopped after [\d,]+ epochs?/);
    await page.waitForFunction(() => !document.querySelector("button.primary").disabled);
    await page.selectOption("#train-model", "nearest-centroid");
    await begin(page);
    await stateIs(page, "done");
    assert.equal(await page.locator(".watch h2").innerText(), "Nearest centroid");
    assert.equal(await page.locator(".watch .charts").isVisible(), false);
    assert.ok((await page.locator(".past li").count()) >= 2);
    await page.locator(".past li a").nth(1).click();
    await stateIs(page, "stopped");
    assert.deepEqual(noise, []);
    await close();
  });

  test("that cannot be is refused in words", async () => {
    const { page, noise, close } = await open("#training");
    await startTraining(page, { epochs: 1, limit: 1000 });
    await stateIs(page, "done");
    await page.fill("#train-prep", "deskew,nonsense");
    await page.getByRole("button", { name: "Start training" }).click();
    await page.waitForSelector(".train .notice:not([hidden])");
    assert.match(await page.locator(".train .notice").innerText(), /nonsense/);
    await page.getByRole("button", { name: "scale", exact: true }).click(); // steps can be put in and taken out
    assert.equal(await page.inputValue("#train-prep"), "deskew,nonsense,scale");
    assert.ok(noise.length <= 1 && noise.every((line) => line.includes("400")), noise.join("\n")); // the browser's own line
    await close();
  });
});

// ---- Your hand ----

async function drawDigit(page, label) {
  const box = await page.locator(".pad-sheet").boundingBox();
  const at = ([x, y]) => [box.x + (x / 400) * box.width, box.y + (y / 320) * box.height];
  for (const stroke of exampleStrokes(label, 12)) {
    await page.mouse.move(...at(stroke[0]));
    await page.mouse.down();
    for (const point of stroke.slice(1)) await page.mouse.move(...at(point));
    await page.mouse.up();
  }
}

const wanted = async (page) => Number(await page.locator(".wanted b").innerText());
const next = (page) => page.getByRole("button", { name: "Next" }).click();

test("your hand: asked, drawn, undone, skipped, resumed, read, taken away as IDX and kept", async () => {
  const { page, noise, close } = await open("#hand", { query: "?digits=4" });
  const asked = [];
  await page.waitForSelector(".wanted b");
  assert.match(await page.locator(".ask").innerText(), /1 of 4/);
  assert.ok(await page.getByRole("button", { name: "Next" }).isDisabled(), "nothing is drawn yet");

  // a wrong stroke is taken back; the first digit
  const blank = await ink(page.locator(".pad-sheet"));
  await drawDigit(page, 1);
  assert.notEqual(await ink(page.locator(".pad-sheet")), blank);
  await page.getByRole("button", { name: "Undo" }).click();
  assert.equal(await ink(page.locator(".pad-sheet")), blank);
  asked.push(await wanted(page));
  await drawDigit(page, asked[0]);
  await next(page);
  // the second is skipped, and a reload goes on with the third
  const skipped = await wanted(page);
  await page.getByRole("button", { name: "Skip", exact: true }).click();
  asked.push(await wanted(page));
  await page.reload();
  await page.waitForSelector(".wanted b");
  assert.equal(await wanted(page), asked[1]);
  assert.match(await page.locator(".ask").innerText(), /3 of 4/);
  await drawDigit(page, asked[1]);
  await page.keyboard.press("Enter");
  asked.push(await wanted(page));
  await drawDigit(page, asked[2]);
  await next(page);
  // the skipped one is asked for at the end
  await page.getByRole("button", { name: "Draw the skipped" }).click();
  assert.equal(await wanted(page), skipped);
  await drawDigit(page, skipped);
  await next(page);
  asked.splice(1, 0, skipped); // in the order of the round
  assert.equal(new Set(asked).size, 4, "no class twice among so few");

  const models = (await server.get("/api/models")).models.map(({ name }) => name);
  await page.waitForFunction(() =>
    [...document.querySelectorAll(".scores tbody td:nth-child(2)")].every((td) => td.textContent.endsWith("of 4")),
  );
  const rows = await page
    .locator(".scores tbody tr")
    .evaluateAll((all) =>
      all.map((row) => [
        row.querySelector("small").textContent.trim(),
        ...[...row.cells].slice(1).map((cell) => cell.textContent),
      ]),
    );
  assert.deepEqual(rows.map(([name]) => name).sort(), [...models].sort());
  const kept = await page.evaluate(() => JSON.parse(localStorage.getItem("tenfold-hand")).items);
  for (const [name, right, , , interval] of rows) {
    const count = kept.filter((item) => item.answers[name] === String(item.label)).length;
    assert.equal(right, `${count} of 4`);
    const wilson = { 0: "0 % to 49 %", 1: "5 % to 70 %", 2: "15 % to 85 %", 3: "30 % to 95 %", 4: "51 % to 100 %" }[
      count
    ];
    assert.equal(interval.replaceAll("\u202f", " "), wilson);
  }
  const missed = kept.filter((item) => Object.values(item.answers).some((number) => number !== String(item.label)));
  assert.equal(await page.locator(".misread > li").count(), missed.length);

  const images = await download(page, "Images (IDX)"),
    labels = await download(page, "Labels (IDX)");
  assert.deepEqual([images.name, labels.name], ["hand-images-idx3-ubyte", "hand-labels-idx1-ubyte"]);
  assert.deepEqual([...images.bytes.subarray(0, 16)], [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 28, 0, 0, 0, 28]);
  assert.equal(images.bytes.length, 16 + 4 * 784);
  assert.deepEqual([...labels.bytes], [0, 0, 8, 1, 0, 0, 0, 4, ...asked]);
  kept.forEach(({ seen }, i) => assert.deepEqual([...images.bytes.subarray(16 + 784 * i, 16 + 784 * (i + 1))], seen));
  assert.ok(kept.every(({ seen }) => Math.max(...seen) > 200 && seen[0] === 0));
  const picture = await download(page, "Picture (PNG)");
  assert.equal(picture.bytes.subarray(1, 4).toString(), "PNG");

  await page.getByRole("button", { name: "Keep them on the server" }).click();
  await page.waitForFunction(() => /All 4 are kept/.test(document.querySelector(".hand-end").textContent));
  const { corrections } = await server.get("/api/corrections");
  assert.deepEqual(corrections.map(({ label }) => label).reverse(), asked);
  await page.getByRole("button", { name: "Another round" }).click();
  assert.match(await page.locator(".ask").innerText(), /1 of 4/);
  assert.deepEqual(noise, []);
  await close();
});

test("your hand can be drawn with the keyboard alone", async () => {
  const { page, noise, close } = await open("#hand", { query: "?digits=1" });
  await page.waitForSelector(".wanted b");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter"); // past the bar, and still in this view
  assert.deepEqual(await page.evaluate(() => [document.activeElement.id, location.hash]), ["main", "#hand"]);
  await page.keyboard.press("Tab");
  assert.ok(await page.locator(".pad-sheet").evaluate((sheet) => sheet === document.activeElement));
  for (const key of ["Space", ...Array(14).fill("ArrowDown"), "Space"]) await page.keyboard.press(key);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".scores");
  assert.deepEqual(noise, []);
  await close();
});

// ---- The study and its runs ----

describe("the study", () => {
  let there;
  before(async () => {
    there = await startServer({ models: join(folder, "none"), study });
    await eventually("the report is not made", async () => (await there.get("/api/study")).report);
  });
  after(() => there?.stop());

  test("is shown section by section in the page's theme, and its links lead on", async () => {
    const { page, noise, close } = await open("#study/comparison", { at: there });
    const { sections } = await there.get("/api/study");
    assert.ok(sections.length > 5);
    const links = page.locator(".parts a");
    await links.nth(1).waitFor();
    assert.deepEqual(await links.allInnerTexts(), ["Runs, live", "Overview", ...sections.map(({ title }) => title)]);
    const frame = page.frameLocator("iframe"),
      shown = frame.locator("main > :is(header, section):not([hidden])");
    await frame.locator("#comparison svg .mark-symbol path").first().waitFor({ timeout: 60000 });
    assert.equal(await shown.count(), 1);
    assert.equal(await frame.locator("nav").isVisible(), false);
    // as high as what it shows
    const [inside, outside] = await page
      .locator("iframe")
      .evaluate((f) => [f.contentDocument.documentElement.scrollHeight, f.clientHeight]);
    assert.ok(Math.abs(inside - outside) <= 2, `${inside} px in ${outside}`);
    // another section, from the list; its figures are drawn when it is shown
    await page.getByRole("link", { name: "The data", exact: true }).click();
    await frame.locator("#data svg .mark-rect path").first().waitFor({ timeout: 60000 });
    assert.equal(await shown.getAttribute("id"), "data");
    assert.match(await page.locator(".parts a[aria-current]").innerText(), /The data/);
    // the theme follows
    const paper = () => frame.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
    const light = await paper();
    await page.locator("#theme").click();
    await page.waitForFunction(
      () => document.querySelector("iframe").contentDocument.documentElement.dataset.theme === "dark",
    );
    assert.notEqual(await paper(), light);
    // a link inside leads the page
    const link = frame.locator("main a[href^='#']:visible").first();
    if (await link.count()) {
      await link.click();
      await page.waitForFunction(() => !location.hash.endsWith("/data"));
    }
    await page.goBack();
    assert.deepEqual(noise, []);
    await close();
  });

  test("brings its own runs along, with a search's trials", async () => {
    const { page, noise, close } = await open("#study/runs", { at: there });
    const whole = ({ kind }) => kind !== "fold" && kind !== "trial";
    const [own, its] = await Promise.all(
      ["latest=1000", "of=study&latest=1000"].map(async (query) => (await there.get(`/api/runs?${query}`)).runs),
    );
    const count = [...own, ...its].filter(whole).length;
    assert.ok(count > own.filter(whole).length);
    await page.waitForFunction((n) => document.querySelectorAll(".runs tbody tr").length === n, Math.min(count, 100));
    const search = its.find(({ kind }) => kind === "tune"),
      trials = its.filter(({ parent }) => parent === search.id);
    await page.selectOption("#runs-kind", "tune");
    await page.locator(`.runs a[href="#study/runs/s${search.id}"]`).click();
    await page.waitForSelector(".run .chart-dot");
    assert.equal(
      await page.locator(".run .chart-dot").count(),
      trials.filter(({ accuracy }) => accuracy !== null).length,
    );
    await page.selectOption("#run-over", { index: 1 }); // over a setting that was searched
    assert.match(await page.locator(".run .chart figcaption").innerText(), /^Accuracy over (?!trial)/);
    await page.locator(".run .chart-plot").focus();
    await page.keyboard.press("Home");
    assert.match(await page.locator(".run .chart-says").innerText(), /trial \d+: \d+\.\d+/);
    assert.deepEqual(noise, []);
    await close();
  });
});

describe("the runs", () => {
  test("are shown without a study, sorted, filtered and live", async () => {
    const { page, noise, close } = await open("#study");
    await page.waitForSelector(".runs tbody tr");
    assert.match(await page.locator(".no-study").innerText(), /There is no study yet\. build\/tenfold study --quick/);
    const { runs: all } = await server.get("/api/runs");
    const whole = all.filter(({ kind }) => kind !== "fold" && kind !== "trial");
    assert.equal(await page.locator(".runs tbody tr").count(), whole.length);
    await page.selectOption("#runs-kind", "fold");
    await page.waitForFunction(() => document.querySelectorAll(".runs tbody tr").length === 4);
    const accuracies = () =>
      page
        .locator(".runs tbody tr td:nth-child(4)")
        .allInnerTexts()
        .then((texts) => texts.map(parseFloat));
    await page.getByRole("button", { name: "Accuracy" }).click();
    const falling = await accuracies();
    assert.deepEqual(
      falling,
      [...falling].sort((a, b) => b - a),
    );
    await page.getByRole("button", { name: "Accuracy" }).click();
    assert.deepEqual(await accuracies(), [...falling].reverse());
    assert.equal(await page.locator("th[aria-sort]").getAttribute("aria-sort"), "ascending");
    await page.fill("#runs-words", "no such thing");
    assert.match(await page.locator(".study-other [role=status]").innerText(), /^0 runs/);
    await page.fill("#runs-words", "");
    await page.selectOption("#runs-kind", "");
    await page.waitForFunction((n) => document.querySelectorAll(".runs tbody tr").length === n, whole.length);
    // one more comes by itself
    execFileSync(program, [
      "train",
      "nearest-centroid",
      "--data",
      data,
      "--limit",
      "300",
      "--runs",
      runs,
      "--quiet",
      "--out",
      join(folder, "x.safetensors"),
    ]);
    await page.waitForFunction((n) => document.querySelectorAll(".runs tbody tr").length === n, whole.length + 1, {
      timeout: 60000,
    });
    assert.deepEqual(noise, []);
    await close();
  });

  test("can be opened, with their folds or their curve, and compared", async () => {
    const { runs: all } = await server.get("/api/runs");
    const whole = all.find(({ kind }) => kind === "crossval");
    const { page, noise, close } = await open(`#study/runs/${whole.id}`);
    await page.waitForSelector(".run .chart-dot");
    assert.equal(await page.locator(".run .chart-dot").count(), 4);
    await page.locator(".chart-plot").focus();
    await page.keyboard.press("End");
    assert.match(await page.locator(".chart-says").innerText(), /^fold 4: accuracy \d+/);
    await page.keyboard.press("Enter");
    await page.waitForFunction((id) => location.hash !== `#study/runs/${id}`, whole.id);
    await page.getByRole("link", { name: `run ${whole.id}` }).waitFor();

    const trained = all.filter(({ kind, model }) => kind === "train" && model === "cnn2").slice(0, 2);
    await page.getByRole("link", { name: "All runs" }).click();
    for (const { id } of trained) await page.getByLabel(new RegExp(`, number ${id}$`)).check();
    await page.getByRole("link", { name: "Compare the two" }).click();
    await page.waitForSelector(".two");
    assert.ok((await page.locator(".two .unlike").count()) > 0);
    assert.equal(await page.locator(".two thead th").count(), 2);
    assert.ok((await page.locator(".run .chart-line").count()) >= 2);
    assert.deepEqual(noise, []);
    await close();
  });
});

// ---- All views ----

describe("every view", { concurrency: 2 }, () => {
  for (const [width, colorScheme] of [
    [1400, "light"],
    [390, "dark"],
    [1400, "dark"],
    [390, "light"],
  ]) {
    test(`is accessible and fits, ${width} px, ${colorScheme}`, async () => {
      const { page, noise, close } = await open("#training/1", { width, colorScheme });
      const found = [];
      for (const [hash, ready] of [
        ["#training/1", ".watch .chart-dot"],
        ["#hand", ".wanted b"],
        ["#study/runs", ".runs tbody tr"],
        ["#study/runs/1", ".run .chart-dot"],
      ]) {
        await page.evaluate((hash) => (location.hash = hash), hash);
        await page.waitForSelector(ready);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
        found.push(...violations.map((v) => `${hash} ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html)}`));
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (over > 0) found.push(`${hash} is ${over} px too wide`);
      }
      assert.deepEqual(found, []);
      assert.deepEqual(noise, []);
      await close();
    });
  }
});

test("the server goes and comes back: the banner tells it, and the views go on", async () => {
  const { page, close } = await open("#training/1");
  await page.waitForSelector(".watch .chart-dot");
  await server.stop();
  await page.waitForSelector("#banner:not([hidden])", { timeout: 60000 });
  server = await startServer({ ...places, port: server.port });
  await page.waitForSelector("#banner[hidden]", { state: "attached", timeout: 60000 });
  await page.waitForFunction(() => /There is no training 1/.test(document.querySelector(".watch").textContent));
  await startTraining(page, { epochs: 1, limit: 1000 });
  await stateIs(page, "done");
  await close();
});
