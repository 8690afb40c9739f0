// The page in a real browser, on a real server with small models trained for it: node --test tests/web/page.test.mjs
// The program is build/tenfold or what $TENFOLD names; MNIST is data/mnist or what $TENFOLD_DATA names; Chromium is
// /usr/bin/chromium or what $CHROMIUM names.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { launch } from "./browser.mjs";
import { encodeGrey } from "../../web/app/draw/png.js";
import { draw, place, strokes, touch } from "./drawing.mjs";

const program = resolve(process.env.TENFOLD ?? "build/tenfold");
const data = resolve(process.env.TENFOLD_DATA ?? "data/mnist");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "tenfold-page-"));
const images = readFileSync(join(data, "t10k-images-idx3-ubyte")).subarray(16);
const labels = readFileSync(join(data, "t10k-labels-idx1-ubyte")).subarray(8);

// ---- The server ----

let server, port, address;

const freePort = () =>
  new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });

async function startServer() {
  server = spawn(
    program,
    [
      "serve",
      "--port",
      String(port),
      "--data",
      data,
      "--models",
      join(folder, "models"),
      "--study",
      join(folder, "study"),
      "--runs",
      join(folder, "runs.sqlite"),
      "--no-train",
      "--quiet",
    ],
    { stdio: "inherit" },
  );
  for (let tries = 0; ; tries++) {
    try {
      if ((await fetch(`${address}/api/health`)).ok) return;
    } catch {
      // not yet
    }
    assert.ok(tries < 1200, "the server does not come up");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function stopServer(signal = "SIGTERM") {
  const ended = once(server, "exit");
  server.kill(signal);
  await ended;
}

// A layout that takes no minute: the classes in a ring. The page does not know better.
function writeMap() {
  const points = Array.from(labels, (label, i) => {
    const angle = ((label + (0.8 * ((i * 7919) % 1000)) / 1000) * Math.PI) / 5,
      radius = 20 + ((i * 104729) % 1000) / 100;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
  writeFileSync(
    join(folder, "models", "map.json"),
    JSON.stringify({ what: "pixels", count: labels.length, points, labels: Array.from(labels).join("") }),
  );
}

let browser;
before(async () => {
  mkdirSync(join(folder, "models"));
  const fits = { cnn2: ["--set", "epochs=3"], logistic: ["--set", "max_iter=20"], knn: [] };
  for (const [model, settings] of Object.entries(fits)) {
    execFileSync(program, [
      "train",
      model,
      "--data",
      data,
      "--prep",
      "scale",
      "--limit",
      "6000",
      ...settings,
      "--runs",
      "none",
      "--quiet",
      "--out",
      join(folder, "models", `${model}.safetensors`),
    ]);
  }
  writeMap();
  port = await freePort();
  address = `http://127.0.0.1:${port}`;
  await startServer();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  if (server) await stopServer();
  rmSync(folder, { recursive: true, force: true });
});

// ---- The page ----

// Opens the page and notes everything that it should not do. prepare(page) comes before it is loaded.
async function open({ width = 1400, height = 900, colorScheme = "light", touch = false, prepare, hash = "" } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    hasTouch: touch,
    deviceScaleFactor: touch ? 2 : 1,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const noise = [];
  page.on("console", (message) => noise.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => noise.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${address}/`) && !/^(data|blob):/.test(request.url()))
      noise.push(`request: ${request.url()}`);
  });
  await prepare?.(page);
  await page.goto(`${address}/${hash}`);
  await page.waitForSelector("#models .model", { state: "attached" });
  return { page, noise, close: () => context.close() };
}

const number = (page) => page.locator("#number").textContent();
const reads = (page, text) =>
  page.waitForFunction((text) => document.getElementById("number").textContent === text, text, { timeout: 60000 });
// What is on the sheet has its answer on the screen.
const settled = (page) =>
  page.waitForFunction(() => ["answered", "blank"].includes(document.getElementById("sheet").dataset.state));
const answered = (page) => page.waitForFunction(() => document.getElementById("number").textContent !== "");
const inkPixels = (page) =>
  page.$eval(
    "#ink",
    (canvas) =>
      canvas
        .getContext("2d")
        .getImageData(0, 0, canvas.width, canvas.height)
        .data.filter((v, i) => i % 4 === 3 && v > 128).length,
  );

// A test image ten times as large, as a PNG file.
const indexOf = (label) => labels.findIndex((one) => one === label);
function digitFile(label) {
  const index = indexOf(label),
    large = new Uint8Array(280 * 280);
  large.forEach((_, i) => (large[i] = images[784 * index + 28 * Math.floor(i / 2800) + Math.floor((i % 280) / 10)]));
  return { name: `a ${label}.png`, mimeType: "image/png", buffer: Buffer.from(encodeGrey(large, 280, 280)) };
}

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.html} ${n.failureSummary}`)}`);
}

for (const width of [1400, 390]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`${width} px, ${colorScheme}: draws, is accessible, quiet, and does not scroll sideways`, async () => {
      const { page, noise, close } = await open({ width, height: width > 1000 ? 900 : 844, colorScheme });
      assert.deepEqual(await violations(page), [], "blank");
      await draw(page, strokes[7]);
      await reads(page, "7");
      assert.match(await page.locator("#sentence").textContent(), /seven/);
      assert.equal(await page.locator("#models .model .reads").first().textContent(), "7");
      await page.locator("#deeper").scrollIntoViewIfNeeded();
      for (const panel of ["inside", "nearest", "map"]) {
        await page.locator(`#panel-${panel}`).scrollIntoViewIfNeeded();
        await page.waitForSelector(`#panel-${panel} .panel-body:not([hidden])`);
      }
      assert.deepEqual(await violations(page), [], "with answers");
      const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(inner <= outer, `${inner} px in ${outer}`);
      const background = await page.evaluate(() =>
        getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number),
      );
      assert.equal(background[0] > 128, colorScheme === "light");
      assert.deepEqual(noise, []);
      await close();
    });
  }
}

test("a finger draws every digit on a phone, and the page stays where it is", async () => {
  const { page, noise, close } = await open({ width: 390, height: 844, touch: true });
  const wrong = [];
  for (let digit = 0; digit < 10; digit++) {
    await touch(page, strokes[digit]);
    await settled(page);
    if ((await number(page)) !== String(digit)) wrong.push(`${digit} as ${await number(page)}`);
    assert.equal(await page.evaluate(() => scrollY), 0);
    await page.click("#clear");
  }
  assert.ok(wrong.length <= 1, wrong.join(", "));
  assert.deepEqual(noise, []);
  await close();
});

test("a second finger takes back what the first began", async () => {
  const { page, close } = await open({ width: 390, height: 844, touch: true });
  const at = await place(page),
    session = await page.context().newCDPSession(page);
  const points = [
    [150, 100],
    [250, 200],
  ].map((point, id) => ({ x: at(point)[0], y: at(point)[1], id }));
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: points.slice(0, 1) });
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: points });
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await settled(page);
  assert.equal(await inkPixels(page), 0);
  assert.equal(await page.isDisabled("#undo"), true);
  await close();
});

test("digits side by side are read as a number", async () => {
  const { page, close } = await open();
  const small = (digit, left) =>
    strokes[digit].map((flat) => flat.map((v, i) => (i % 2 ? v : left + 0.75 * (v - 140))));
  await draw(page, [...small(7, 40), ...small(0, 160), ...small(1, 270)]);
  await reads(page, "701");
  assert.equal(await page.locator("#boxes rect").count(), 3);
  assert.equal(await page.locator("#seen button").count(), 3);
  await close();
});

test("never asks twice at once, and the answer is to the whole drawing", async () => {
  const { page, close } = await open({
    prepare: (page) =>
      page.addInitScript(() => {
        window.asked = { under: 0, most: 0, count: 0 };
        const { fetch } = window;
        window.fetch = async (path, options) => {
          if (!path.includes("/api/predict")) return fetch(path, options);
          asked.count++;
          asked.most = Math.max(asked.most, ++asked.under);
          try {
            const answer = await fetch(path, options),
              text = await answer.text();
            return new Response(text, answer);
          } finally {
            asked.under--;
          }
        };
      }),
  });
  assert.equal(await page.evaluate(() => asked.count), 0, "a blank sheet is no question");
  await draw(page, strokes[4]);
  await settled(page);
  const { count, most } = await page.evaluate(() => asked);
  assert.ok(count > 3, `${count} questions`);
  assert.equal(most, 1);
  const box = await page.$eval("#boxes rect", (rect) => ["x", "width"].map((name) => Number(rect.getAttribute(name))));
  assert.ok(Math.abs(box[0] - 135) < 8 && Math.abs(box[1] - 130) < 12, `box ${box}`);
  assert.ok((await page.evaluate(() => performance.getEntriesByName("answer").length)) > 2);
  await close();
});

test("undo, redo, clear, eraser, by mouse and by keys", async () => {
  const { page, noise, close } = await open();
  assert.equal(await page.isDisabled("#undo"), true);
  await draw(page, strokes[1]);
  await settled(page);
  const one = await inkPixels(page);
  await draw(page, [[100, 100, 150, 150]]);
  await settled(page);
  const two = await inkPixels(page);
  assert.ok(two > one + 100, `${one}, ${two}`);
  await page.click("#undo");
  await settled(page);
  assert.equal(await inkPixels(page), one);
  await page.keyboard.press("Control+Shift+Z");
  await settled(page);
  assert.equal(await inkPixels(page), two);
  await page.keyboard.press("e");
  assert.equal(await page.getAttribute("#eraser", "aria-pressed"), "true");
  await page.locator("#width").fill("40");
  await draw(page, [[90, 90, 160, 160]]);
  await settled(page);
  assert.ok(Math.abs((await inkPixels(page)) - one) < 60);
  await draw(page, [[205, 40, 203, 120, 200, 190, 198, 290]]);
  await settled(page);
  assert.ok((await inkPixels(page)) < 20);
  assert.equal(await page.locator("#sentence").textContent(), "Nothing drawn.");
  await page.keyboard.press("Delete");
  await settled(page);
  assert.equal(await page.getAttribute("#eraser", "aria-pressed"), "false");
  assert.ok(await page.isVisible("#invitation"));
  assert.equal(await number(page), "");
  await page.keyboard.press("Control+Z");
  await page.keyboard.press("Control+Z");
  await page.keyboard.press("Control+Z");
  await answered(page);
  assert.deepEqual(noise, []);
  await close();
});

describe("pictures", () => {
  test("are chosen, and drawing begins anew", async () => {
    const { page, noise, close } = await open();
    await page.setInputFiles("#file", digitFile(6));
    await reads(page, "6");
    assert.equal(await page.locator("#boxes rect").count(), 1);
    assert.match(await page.locator("#source-note").textContent(), /a 6\.png/);
    await draw(page, strokes[1]);
    await reads(page, "1");
    assert.equal(await page.isVisible("#source-note"), false);
    await page.click("#undo");
    await reads(page, "6");
    assert.deepEqual(noise, []);
    await close();
  });

  // The file in the page, given to a function there.
  const inPage = (page, file, run) =>
    page.evaluate(
      ([base64, name, type, run]) => {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], name, { type }));
        if (run === "drop") {
          for (const name of ["dragenter", "dragover", "drop"]) {
            document.body.dispatchEvent(
              new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true }),
            );
          }
        } else
          document.body.dispatchEvent(
            new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }),
          );
      },
      [file.buffer.toString("base64"), file.name, file.mimeType, run],
    );

  test("are dropped and pasted", async () => {
    const { page, noise, close } = await open();
    await settled(page);
    await inPage(page, digitFile(2), "drop");
    await reads(page, "2");
    await inPage(page, digitFile(0), "paste");
    await reads(page, "0");
    assert.equal(await page.isVisible("#drop"), false);
    assert.deepEqual(noise, []);
    await close();
  });

  test("of a phone's camera are made smaller before they are sent", async () => {
    const { page, close } = await open({
      prepare: (page) =>
        page.addInitScript(() => {
          const { fetch } = window;
          window.fetch = (path, options) => {
            if (path.includes("/api/predict")) window.sent = options.body;
            return fetch(path, options);
          };
        }),
    });
    await settled(page);
    await page.evaluate(async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 4000, height: 3000 });
      const context = canvas.getContext("2d");
      context.fillStyle = "#ddd";
      context.fillRect(0, 0, 4000, 3000);
      context.lineWidth = 200;
      context.strokeRect(1600, 900, 700, 1200);
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg"));
      const transfer = new DataTransfer();
      transfer.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    });
    await answered(page);
    const sent = await page.evaluate(async () => {
      const { width, height } = await createImageBitmap(sent);
      return [width, height, sent.type];
    });
    assert.deepEqual(sent, [2000, 1500, "image/jpeg"]);
    await close();
  });

  test("that are none are refused in words", async () => {
    const { page, noise, close } = await open();
    await page.setInputFiles("#file", { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("seven") });
    await page.waitForSelector("#problem:not([hidden])");
    assert.match(await page.locator("#problem").textContent(), /notes\.txt is not a picture/);
    await page.setInputFiles("#file", {
      name: "broken.png",
      mimeType: "image/png",
      buffer: Buffer.from("\x89PNG broken"),
    });
    await page.waitForFunction(() => document.getElementById("problem").textContent.includes("broken.png"));
    await draw(page, strokes[0]);
    await reads(page, "0");
    assert.equal(await page.isVisible("#problem"), false, "a new drawing forgets it");
    assert.deepEqual(noise, []);
    await close();
  });

  test("of the test set and examples are drawn for who cannot draw", async () => {
    const { page, noise, close } = await open();
    await page.click("#test-image");
    await answered(page);
    assert.match(await page.locator("#source-note").textContent(), /test image \d+, a \d/);
    await page.focus("#example");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.getElementById("source-note").hidden);
    await answered(page);
    assert.deepEqual(noise, []);
    await close();
  });
});

test("the theme turns, and is remembered before anything is painted", async () => {
  const { page, close } = await open({ colorScheme: "light" });
  await page.click("#theme");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await page.addInitScript(() => {
    new MutationObserver(() => {
      if (document.body && !window.first) window.first = document.documentElement.dataset.theme ?? "none";
    }).observe(document, { childList: true, subtree: true });
  });
  await page.reload();
  assert.equal(await page.evaluate(() => window.first), "dark");
  assert.match(await page.getAttribute("#theme", "aria-label"), /light/);
  await close();
});

// An answer of the server, made up: [[number per model]...] with evidently different digits.
function madeUp(numbers) {
  const digit = (label, i) => ({
    label: label === "?" ? null : Number(label),
    box: [20 + 90 * i, 40, 60, 150],
    probabilities: Array.from({ length: 10 }, (_, k) => (k === Number(label) ? 0.91 : 0.01)),
    seen: new Array(784).fill(i ? 0 : 200),
  });
  return {
    results: Object.entries(numbers).map(([model, number]) => ({
      model,
      microseconds: 12.5,
      number,
      digits: [...number].map(digit),
    })),
  };
}
const answering =
  (answer, status = 200) =>
  (page) =>
    page.route("**/api/predict*", (route) => route.fulfill({ status, json: answer }));

test("several digits: a number, their boxes, one chosen, who disagrees", async () => {
  const { page, close } = await open({ prepare: answering(madeUp({ cnn2: "42", knn: "42", logistic: "47" })) });
  await draw(page, strokes[4]);
  await reads(page, "42");
  assert.equal(await page.locator("#boxes rect").count(), 2);
  assert.match(await page.locator("#agreement").textContent(), /2 of 3 models read 42; Logistic regression reads 47\./);
  assert.deepEqual(await page.$$eval(".model.differs .reads", (all) => all.map((e) => e.textContent)), ["47"]);
  assert.deepEqual(await page.$$eval("#seen .disputed .reading-of b", (all) => all.map((e) => e.textContent)), ["2"]);
  const bestBar = () => page.$eval(".model.differs .bars .best", (bar) => bar.dataset.digit);
  assert.equal(await bestBar(), "4");
  await page.locator("#seen button").nth(1).click();
  assert.equal(await bestBar(), "7");
  assert.equal(await page.locator("#seen button").nth(1).getAttribute("aria-pressed"), "true");
  assert.match(await page.locator("#correction").textContent(), /Digit 2 not right/);
  await close();
});

test("what is no digit is said to be none", async () => {
  const { page, close } = await open({ prepare: answering(madeUp({ cnn2: "?", knn: "3", logistic: "?" })) });
  await draw(page, strokes[4]);
  await reads(page, "?");
  assert.equal(await page.locator("#sentence").textContent(), "That is not a digit.");
  assert.match(
    await page.locator("#agreement").textContent(),
    /2 of 3 models see no digit; k-nearest neighbours reads 3/,
  );
  await close();
});

test("an error of the server is shown in its words", async () => {
  const error = { error: { code: "internal", message: "the pipeline has no room for this" } };
  const { page, close } = await open({ prepare: answering(error, 500) });
  await draw(page, strokes[4]);
  await page.waitForSelector("#problem:not([hidden])");
  assert.equal(await page.locator("#problem").textContent(), "the pipeline has no room for this");
  await close();
});

test("without a model the training is shown, and who is ready joins", async () => {
  let ready = false;
  const waiting = {
    default: null,
    models: [],
    preparing: [
      { name: "cnn2", title: "Convolutional network", state: "running", stage: "fit", done: 0.4 },
      { name: "svm", title: "Support vector machine", state: "waiting", stage: null, done: null },
    ],
  };
  const { page, noise, close } = await open({
    prepare: (page) =>
      page.route("**/api/models", (route) => (ready ? route.continue() : route.fulfill({ json: waiting }))),
  });
  assert.match(await page.locator("#sentence").textContent(), /first model is being trained \(40/);
  assert.match(await page.locator("#models").textContent(), /Being trained \(fit\), 40.*Waits to be trained/);
  await draw(page, strokes[7]);
  assert.equal(await number(page), "");
  ready = true;
  await reads(page, "7");
  assert.equal(await page.locator("#models .preparing").count(), 0);
  assert.deepEqual(noise, []);
  await close();
});

test("a correction is kept, and taken back", async () => {
  const { page, noise, close } = await open();
  const kept = async () => (await (await fetch(`${address}/api/corrections`)).json()).corrections;
  assert.equal(await page.isDisabled(".ten button"), true);
  await draw(page, strokes[1]);
  await answered(page);
  await settled(page);
  await page.click(".ten button >> nth=7");
  await page.waitForFunction(() => document.querySelector(".kept").textContent.includes("Kept as a 7"));
  const [correction] = await kept();
  assert.equal(correction.label, 7);
  assert.deepEqual(Object.keys(correction.given).sort(), ["cnn2", "knn", "logistic"]);
  assert.ok(correction.image.some((value) => value > 200));
  await page.keyboard.press("4"); // thought better of it
  await page.waitForFunction(() => document.querySelector(".kept").textContent.includes("Kept as a 4"));
  assert.deepEqual(
    (await kept()).map(({ label }) => label),
    [4],
  );
  await page.click("text=Take back");
  await page.waitForFunction(() => document.querySelector(".kept").textContent.includes("Taken back"));
  assert.deepEqual(await kept(), []);
  assert.deepEqual(noise, []);
  await close();
});

test("the keyboard alone draws, hears the answer and finds the keys", async () => {
  const { page, noise, close } = await open();
  for (let i = 0; i < 20 && !(await page.evaluate(() => document.activeElement.id === "ink")); i++)
    await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "ink");
  await page.keyboard.press("Space");
  for (let i = 0; i < 16; i++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await reads(page, "1");
  await page.waitForFunction(() => /^one\..*3 models/.test(document.getElementById("announcer").textContent));
  await page.keyboard.press("?");
  assert.ok(await page.isVisible("#help"));
  assert.deepEqual(await violations(page), []);
  await page.click("#single-keys");
  await page.click("#help >> text=Close");
  assert.equal(await page.isVisible("#help"), false);
  await page.keyboard.press("e");
  assert.equal(await page.getAttribute("#eraser", "aria-pressed"), "false", "switched off");
  await page.keyboard.press("Control+Z");
  await reads(page, "");
  assert.deepEqual(noise, []);
  await close();
});

test("the map shows the digit under the pointer, and one class alone", async () => {
  const { page, noise, close } = await open();
  await draw(page, strokes[7]);
  await page.waitForSelector("#panel-map .panel-body:not([hidden])");
  await page.locator(".field").scrollIntoViewIfNeeded();
  const box = await page.locator(".field").boundingBox();
  for (let i = 0; i < 8 && !(await page.isVisible(".tip")); i++) {
    await page.mouse.move(box.x + box.width * (0.6 + 0.05 * i), box.y + box.height / 2);
  }
  assert.match(await page.locator(".tip").textContent(), /^\d, image \d+/);
  await page.locator(".legend button").nth(3).click();
  assert.equal(await page.locator(".legend [aria-pressed=true]").textContent(), "3");
  assert.match(await page.locator("#panel-nearest").textContent(), /are \d+s/);
  await page.locator(".kinds button").first().click();
  assert.match(await page.getAttribute(".maps", "aria-label"), /maps of 26 by 26/);
  assert.deepEqual(noise, []);
  await close();
});

test("a server that goes is told of, and its return needs nobody", async () => {
  const { page, noise, close } = await open();
  await draw(page, strokes[1]);
  await answered(page);
  await settled(page);
  await stopServer("SIGKILL");
  await page.click("#clear");
  await draw(page, strokes[7]);
  await page.waitForSelector("#banner:not([hidden])");
  await startServer();
  await page.waitForSelector("#banner", { state: "hidden", timeout: 60000 });
  await reads(page, "7");
  assert.deepEqual(
    noise.filter((line) => !line.includes("ERR_CONNECTION_REFUSED")),
    [],
  );
  await close();
});
