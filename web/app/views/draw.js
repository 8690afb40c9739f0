// Drawing, and what every model makes of it while it is drawn. At most one question is under way; when its answer is
// there, the newest drawing is asked about, so that the page is as quick as the server and never behind.

import { write } from "../dom.js";
import { Answers } from "../draw/answers.js";
import { Correction } from "../draw/correct.js";
import { Drawing, HEIGHT, Layer, WIDTH } from "../draw/ink.js";
import { ArrowPen, Pen } from "../draw/pen.js";
import { dataUri, encodeGrey } from "../draw/png.js";

export const title = "Tenfold: draw a digit";
export const keeps = true;

const SENT_SCALE = 0.8; // pixels of what is sent to a unit of the sheet: 320 x 256
const STALE = 300; // milliseconds after which a question about an older drawing is given up
const QUIET = 800; // milliseconds without a change before a result is said aloud
const INVITATION = "Draw a digit: every model answers as you draw.";
const at = (id) => document.getElementById(id);
const idle = () =>
  new Promise((resolve) =>
    globalThis.requestIdleCallback ? requestIdleCallback(resolve, { timeout: 500 }) : setTimeout(resolve, 50),
  );

export function mount(root, { api, models, announce, theme }) {
  const drawing = new Drawing();
  const sent = Layer.hidden(WIDTH * SENT_SCALE, HEIGHT * SENT_SCALE);
  const screen = new Layer(at("ink"));
  const tool = { width: 20, erases: false };
  let pen,
    arrows,
    stopExample = null,
    exampleStroke = null;
  let deeper = null,
    deeperAsked = false; // the panels below, once they are loaded

  // ---- What is on the sheet ----

  const underPen = () => pen.stroke ?? arrows.stroke ?? exampleStroke;
  let version = 0; // of what is on the sheet
  let epoch = 0; // counts what makes earlier answers wrong, and not only incomplete
  let since = null; // when the oldest movement was made that no question has covered yet
  let frameAsked = false;

  function changed(when = performance.now()) {
    version++;
    since ??= when;
    at("sheet").dataset.state = "asking";
    if (frameAsked) return;
    frameAsked = true;
    requestAnimationFrame(() => {
      frameAsked = false;
      drawSheet();
      ask();
    });
  }

  function drawSheet() {
    const { strokes, picture } = drawing.sheet;
    const live = underPen();
    screen.show(strokes, live);
    if (picture && !live) {
      const { x, y, scale } = picture.frame,
        k = screen.canvas.width / WIDTH;
      screen.context.imageSmoothingEnabled = !picture.pixels;
      screen.context.imageSmoothingQuality = "high";
      screen.context.drawImage(picture.canvas, x * k, y * k, picture.width * scale * k, picture.height * scale * k);
    }
    at("invitation").hidden = !drawing.blank || live !== null;
    at("undo").disabled = !drawing.canUndo;
    at("redo").disabled = !drawing.canRedo;
    at("clear").disabled = drawing.blank && !live && !drawing.sheet.strokes.length;
    const note = picture && !live ? picture.name : "";
    write(at("source-note"), note);
    at("source-note").hidden = !note;
  }

  // The sheet is another one now, not only more of the same.
  function replaced() {
    epoch++;
    question.abort?.abort();
    correction.forget();
    problem(null);
    changed();
  }

  function resize() {
    const { width, height } = at("sheet").getBoundingClientRect();
    if (!width) return; // another view is shown
    const ratio = Math.min(2, devicePixelRatio || 1);
    const pixels = [Math.round(width * ratio), Math.round(height * ratio)];
    if (screen.canvas.width === pixels[0] && screen.canvas.height === pixels[1]) return;
    screen.resize(...pixels);
    drawSheet();
  }

  // ---- Questions and answers ----

  const question = { busy: false, asked: 0, abort: null };
  let shot = null; // what the answer shown is about

  function takeShot() {
    const { strokes, picture } = drawing.sheet;
    const live = underPen();
    const made = { version, epoch, since, frame: { x: 0, y: 0, scale: 1 / SENT_SCALE } };
    since = null;
    if (picture && !live) return { ...made, body: picture.blob, frame: picture.frame };
    sent.show(picture ? [] : strokes, live);
    const { width, height } = sent.canvas;
    return { ...made, body: encodeGrey(sent.coverage(), width, height, 3, 4) };
  }

  async function ask() {
    if (question.busy) {
      if (performance.now() - question.began > STALE) question.abort.abort();
      return;
    }
    if (question.asked === version) return;
    if (drawing.blank && !underPen()) {
      question.asked = version;
      since = null;
      shot = null;
      problem(null);
      return showNothing();
    }
    if (!models.value?.models.length || !api.online.value) return; // asked again when that changes
    const now = takeShot();
    Object.assign(question, { busy: true, began: performance.now(), abort: new AbortController(), asked: now.version });
    let answer = null,
      failed = null;
    try {
      answer = await api.post("/api/predict?model=all", now.body, { signal: question.abort.signal });
    } catch (error) {
      failed = error;
    }
    question.busy = false;
    if (failed?.name === "AbortError" || failed?.code === "offline") question.asked = -1;
    if (question.asked !== version) ask(); // before the answer is shown: the server works meanwhile
    if (now.epoch !== epoch || shot?.version > now.version) return;
    if (answer) show(answer, now);
    else if (failed.name !== "AbortError" && failed.code !== "offline") problem(failed.message);
  }

  function showNothing() {
    at("sheet").dataset.state = "blank";
    answers.clear(models.value && !models.value.models.length ? preparingSentence() : INVITATION);
    correction.refresh();
    deeper?.clear();
    speak("");
  }

  function preparingSentence() {
    const running = models.value.preparing.find(({ state }) => state === "running");
    if (!models.value.preparing.length)
      return "There is no model yet. Train one with “tenfold train”, or in the Training view.";
    const share = running?.done ? ` (${Math.round(100 * running.done)}\u202f%)` : "";
    return `The first model is being trained${share}. Draw already: it answers as soon as it is there.`;
  }

  function show(answer, made) {
    shot = made;
    problem(null);
    if (made.version === version) at("sheet").dataset.state = "answered";
    answers.show(answer, models.value.default, made.frame);
    if (made.since !== null) measure(made.since);
    correction.refresh();
    if (answers.shown.leader.digits.length) deeper?.show(made, answers.selected);
    else deeper?.clear();
    speak(answers.spoken());
  }

  // From the pen's movement to the answers on the screen, as entries "answer" of the browser's own performance
  // timeline.
  const painted = new MessageChannel();
  const waiting = [];
  let measured = 0;
  painted.port1.onmessage = () => {
    for (const start of waiting.splice(0)) {
      if (++measured % 2000 === 0) performance.clearMeasures("answer");
      performance.measure("answer", { start, end: performance.now() });
    }
  };
  function measure(start) {
    waiting.push(start);
    requestAnimationFrame(() => painted.port2.postMessage(null)); // comes after this frame's painting
  }

  let speaking,
    lastSaid = "";
  function speak(text) {
    clearTimeout(speaking);
    speaking = setTimeout(() => {
      if (underPen()) return speak(text);
      if (text && text !== lastSaid) announce(text);
      lastSaid = text;
    }, QUIET);
  }

  function problem(text) {
    const node = at("problem");
    if (node.hidden === !text && node.textContent === (text ?? "")) return;
    write(node, text ?? "");
    node.hidden = !text;
  }

  const answers = new Answers({
    selected() {
      correction.forget();
      deeper?.show(shot, answers.selected);
    },
  });

  const body = async () => new Uint8Array(shot.body instanceof Blob ? await shot.body.arrayBuffer() : shot.body);
  const correction = new Correction(at("correction"), {
    api,
    announce,
    current() {
      const { shown, selected } = answers;
      if (!shown?.leader.digits.length) return null;
      const given = Object.fromEntries(
        shown.answer.results.map(({ model, digits }) => [model, digits[selected]?.label ?? null]),
      );
      const image = async () => dataUri(await body(), shot.body.type || "image/png");
      return { image, digit: selected, given, count: shown.leader.digits.length };
    },
  });

  // ---- Tools ----

  const handlers = {
    settings: () => tool,
    changed(when) {
      endExample();
      if (pen.stroke?.points.length === 2 && drawing.sheet.picture) replaced(); // a new drawing over a picture
      changed(when);
    },
    finished(stroke) {
      if (stroke) drawing.add(stroke);
      if (!stroke || stroke.erases) epoch++;
      correction.forget();
      changed();
    },
  };
  pen = new Pen(at("ink"), handlers);
  arrows = new ArrowPen(at("ink"), at("pen-mark"), { ...handlers, say: announce });

  function endExample() {
    stopExample?.();
    stopExample = exampleStroke = null;
  }

  function act(change) {
    endExample();
    pen.cancel();
    arrows.lift();
    change();
    replaced();
  }
  const undo = () => drawing.canUndo && act(() => drawing.undo());
  const redo = () => drawing.canRedo && act(() => drawing.redo());
  function clear() {
    erase(false);
    act(() => drawing.clear());
  }
  function erase(is) {
    tool.erases = is;
    at("eraser").setAttribute("aria-pressed", String(is));
    at("sheet").classList.toggle("erasing", is);
  }
  function widen(width) {
    tool.width = Math.min(40, Math.max(8, width));
    at("width").value = tool.width;
  }

  async function example() {
    const { drawExample } = await import("../draw/examples.js");
    clear();
    const digit = Math.floor(10 * Math.random());
    announce(`An example is drawn: ${digit}`);
    stopExample = drawExample(digit, tool.width, {
      changed(stroke) {
        exampleStroke = stroke;
        changed();
      },
      finished(stroke, last) {
        exampleStroke = null;
        drawing.add(stroke);
        changed();
        if (last) stopExample = null;
      },
    });
  }

  async function testImage() {
    try {
      const [{ greyPicture }, { index, label, image }] = await Promise.all([
        import("../draw/picture.js"),
        api.get("/api/digit/random"),
      ]);
      const name = `MNIST’s test image ${index}, a ${label} by its label.`;
      const picture = greyPicture(image, 28, 28, encodeGrey(image, 28, 28), name);
      act(() => drawing.load(picture));
      announce(name);
    } catch (error) {
      problem(error.message);
    }
  }

  async function load(file) {
    try {
      const { loadPicture } = await import("../draw/picture.js");
      const picture = await loadPicture(file);
      act(() => drawing.load(picture));
    } catch (error) {
      problem(error.message);
    }
  }

  const actions = { undo, redo, clear, example, "test-image": testImage, eraser: () => erase(!tool.erases) };
  for (const [id, action] of Object.entries(actions)) at(id).addEventListener("click", action);
  at("width").addEventListener("input", () => widen(at("width").valueAsNumber));
  at("file").addEventListener("change", () => {
    const [file] = at("file").files;
    if (file) load(file);
    at("file").value = ""; // the same file may be chosen again
  });

  const here = () => document.documentElement.dataset.view === "draw";
  idle()
    .then(() => import("../draw/picture.js"))
    .then(({ watchDrops }) => watchDrops(here, load, (over) => (at("drop").hidden = !over)));
  idle()
    .then(() => import("../draw/keys.js"))
    .then(({ setUpKeys }) =>
      setUpKeys(at("help"), at("help-open"), here, {
        ...actions,
        testImage,
        choose: () => at("file").click(),
        wider: () => widen(tool.width + 4),
        thinner: () => widen(tool.width - 4),
        keep: (digit) => correction.keep(digit),
      }),
    );

  // ---- What comes and goes ----

  new ResizeObserver(resize).observe(at("sheet"));
  theme.subscribe(() => {
    screen.recolour(getComputedStyle(document.documentElement).getPropertyValue("--ink").trim());
    drawSheet();
    deeper?.redraw();
  });
  let served = "";
  models.subscribe((now) => {
    if (!now) return;
    answers.models(now);
    deeper?.models(now);
    const names = JSON.stringify([now.default, now.models.map(({ name }) => name)]);
    if (names !== served) question.asked = -1; // whoever joined answers too
    served = names;
    if (!answers.shown) showNothing();
    ask();
    if (!deeper && now.models.length) loadDeeper();
  });
  api.online.subscribe((is) => is && setTimeout(ask));

  async function loadDeeper() {
    if (deeperAsked) return;
    deeperAsked = true;
    await idle();
    const { Deeper } = await import("../draw/deeper.js");
    deeper = new Deeper(at("deeper"), { api, busy: () => question.busy, drawing: () => underPen() !== null });
    deeper.models(models.value);
    if (answers.shown?.leader.digits.length) deeper.show(shot, answers.selected);
  }
}
