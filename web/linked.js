// Looking from a figure to the images behind it: cells of a confusion matrix, points of a plane, one image by its number,
// two models against each other. The page holds the test images as one picture and the models' labels as texts of
// digits (the elements #sprite and #answers); a page without them has none of this. Comes before report.js, which tells
// when a figure is drawn.
"use strict";

(() => {
  const root = document.documentElement;
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const element = (name, members = {}, ...children) => {
    const made = Object.assign(document.createElement(name), members);
    made.append(...children);
    return made;
  };
  const number = (value) => value.toLocaleString("en");
  const percent = (share) => `${(share * 100).toFixed(share > 0.995 && share < 0.9995 ? 1 : 0)}\u202f%`;

  // Calls `action` behind the page's load, so that it holds nothing up and moves nothing that is being read.
  const soon = (action) => {
    if (document.readyState === "complete") action();
    else addEventListener("load", () => setTimeout(action));
  };

  // ---- Images out of the one picture ----

  const source = document.getElementById("answers");
  const answers = source && JSON.parse(source.textContent);
  let sprite; // a promise of the decoded picture

  function picture() {
    sprite ??= (async () => {
      const image = new Image();
      image.src = document.getElementById("sprite").textContent;
      await image.decode();
      return image;
    })();
    return sprite;
  }

  const called = (index) => (answers?.chosen ? `no. ${number(index)} of those chosen` : `image ${number(index)}`);

  // Fills a canvas with a test image at its own size; the style enlarges it.
  async function paint(canvas, index) {
    const { width, height, columns } = answers;
    Object.assign(canvas, { width, height });
    const image = await picture();
    const [x, y] = [(index % columns) * width, Math.floor(index / columns) * height];
    canvas.getContext("2d").drawImage(image, x, y, width, height, 0, 0, width, height);
  }

  function digit(index, words = `test ${called(index)}`) {
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", words);
    paint(canvas, index);
    return canvas;
  }

  const name = (label) => answers.classes[label];
  const truth = (index) => Number(answers.labels[index]);

  // A model's wrong images with their probabilities (null where unknown): index -> share.
  function mistakesOf(model) {
    model.mistakes ??= (() => {
      const found = new Map();
      for (let i = 0, k = 0; i < answers.count; i++)
        if (model.predicted[i] !== answers.labels[i]) found.set(i, model.sure ? model.sure[k++] / 10000 : null);
      return found;
    })();
    return model.mistakes;
  }

  // A list of images, a part at a time; `line` gives the texts below one.
  function gallery(holder, indices, step, line) {
    const list = element("ol", { className: "mistakes" });
    const more = element("button", { type: "button" });
    let shown = 0;
    const show = () => {
      for (const index of indices.slice(shown, shown + step))
        list.append(element("li", {}, digit(index), ...line(index).map(([className, ...parts]) =>
          element("span", { className }, ...parts))));
      shown = Math.min(indices.length, shown + step);
      more.hidden = shown === indices.length;
      more.textContent = `Show ${number(Math.min(step, indices.length - shown))} more of ${number(indices.length)}`;
    };
    more.addEventListener("click", () => {
      const next = shown;
      show();
      if (more.hidden) list.children[next].scrollIntoView({ block: "nearest" });
    });
    holder.replaceChildren(list, more);
    show();
  }

  const bold = (text) => element("b", { textContent: text });

  // ---- A cell of the confusion matrix ----

  function options(select, texts, chosen) {
    select.append(...texts.map((text, value) => element("option", { value, textContent: text })));
    select.value = chosen;
    return select;
  }

  function cellImages(model, row, column) {
    const indices = [];
    for (let i = 0; i < answers.count; i++)
      if (truth(i) === row && Number(model.predicted[i]) === column) indices.push(i);
    const mistakes = mistakesOf(model);
    return indices.sort((a, b) => (mistakes.get(b) ?? 0) - (mistakes.get(a) ?? 0) || a - b);
  }

  // The mistake made most often.
  function commonest(model) {
    const counts = new Map();
    for (const index of mistakesOf(model).keys()) {
      const cell = `${answers.labels[index]}${model.predicted[index]}`;
      counts.set(cell, (counts.get(cell) ?? 0) + 1);
    }
    const [cell] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0] ?? ["00"];
    return [Number(cell[0]), Number(cell[1])];
  }

  function cell(holder) {
    const model = answers.models.find((one) => one.name === holder.dataset.model);
    const [row, column] = commonest(model);
    const selects = [["Images of", row], ["labelled as", column]].map(([text, chosen]) => {
      const select = options(element("select", { autocomplete: "off" }), answers.classes, chosen);
      return [element("label", {}, `${text} `, select), select];
    });
    const status = element("span", { role: "status" });
    const images = element("div", { className: "found" });
    const heading = element("h3", { textContent: "Behind a cell" });
    holder.append(heading, element("p", { className: "chooser" }, ...selects.map(([label]) => label), status), images);
    const [first, second] = selects.map(([, select]) => select);

    function show() {
      const [r, c] = [Number(first.value), Number(second.value)];
      const found = cellImages(model, r, c);
      status.textContent = `${number(found.length)} image${found.length === 1 ? "" : "s"}` +
        (found.length > 1 ? (r === c || !model.sure ? ", in their order" : ", surest first") : "");
      gallery(images, found, 48, (index) => {
        const sure = mistakesOf(model).get(index);
        return [["verdict", bold(name(r)), r === c ? " recognised" : " taken for ", ...(r === c ? [] : [bold(name(c))])],
          ...(typeof sure === "number" ? [["", `${percent(sure)} sure`]] : []), ["index", called(index)]];
      });
    }
    first.addEventListener("change", show);
    second.addEventListener("change", show);
    soon(show);

    document.getElementById(`figure-confusion-${model.name}`)?.addEventListener("drawn", ({ detail: view }) => {
      view.addEventListener("click", (event, item) => {
        if (item?.datum?.truth === undefined) return;
        first.value = answers.classes.indexOf(item.datum.truth);
        second.value = answers.classes.indexOf(item.datum.predicted);
        show();
        heading.scrollIntoView({ block: "nearest" });
      });
    });
  }

  // ---- One image ----

  function lookup(holder) {
    const input = holder.querySelector("input");
    const place = holder.querySelector(".looked");
    place.setAttribute("role", "status");

    function show() {
      const index = Number(input.value);
      const exists = input.value.trim() !== "" && Number.isInteger(index) && index >= 0 && index < answers.count;
      input.setAttribute("aria-invalid", String(!exists));
      if (!exists) {
        place.replaceChildren(element("p", {
          textContent: `There is no image ${input.value}: they go from 0 to ${number(answers.count - 1)}.` }));
        return;
      }
      const wrong = answers.models.filter((model) => mistakesOf(model).has(index));
      const words = element("div", {}, element("p", {}, `Test ${called(index)} is labelled `, bold(name(truth(index))),
        `; ${number(answers.models.length - wrong.length)} of ${number(answers.models.length)} pipelines say so.`));
      const said = element("ul", { className: "said" }, ...answers.models.map((model) => {
        const sure = mistakesOf(model).get(index);
        const missed = sure !== undefined;
        return element("li", { className: missed ? "missed" : "" }, element("span", { textContent: model.name }),
          element("b", { textContent: name(Number(model.predicted[index])) }),
          ...(missed ? [element("small", { textContent: `wrong${sure === null ? "" : `, ${percent(sure)} sure`}` })] : []));
      }));
      words.append(said);
      place.replaceChildren(digit(index, `test ${called(index)}, a ${name(truth(index))}`), words);
    }
    all("button", holder).forEach((button) => button.addEventListener("click", () => {
      const next = (Number(input.value) || 0) + Number(button.dataset.step);
      input.value = Math.min(answers.count - 1, Math.max(0, next));
      show();
    }));
    input.addEventListener("input", show);
    soon(show);
  }

  // ---- Two models ----

  // McNemar's exact test: the chance of a split at least as uneven if both were as likely to be the one that is right.
  function mcnemar(a, b) {
    const n = a + b;
    if (n === 0) return 1;
    let log = -n * Math.log(2), sum = 0;
    for (let k = 0; k <= Math.min(a, b); k++) {
      sum += Math.exp(log);
      log += Math.log((n - k) / (k + 1));
    }
    return Math.min(1, 2 * sum);
  }

  function versus(holder) {
    const [first, second] = all("select", holder);
    const place = holder.querySelector(".versus");
    const names = answers.models.map((model) => model.name);
    const best = Math.max(0, names.indexOf(answers.best));
    options(first, names, best);
    options(second, names, best === 0 ? 1 : 0);

    function only(right, wrong) {
      const indices = [...mistakesOf(wrong).keys()].filter((index) => !mistakesOf(right).has(index));
      const images = element("div");
      gallery(images, indices, 20, (index) => [
        ["verdict", bold(name(truth(index))), " taken for ", bold(name(Number(wrong.predicted[index])))],
        ["index", called(index)]]);
      const heading = element("h4", {}, "Right only by ", element("code", { textContent: right.name }),
        `: ${number(indices.length)}`);
      return { count: indices.length, box: element("div", {}, heading, images) };
    }

    function show() {
      const [a, b] = [answers.models[first.value], answers.models[second.value]];
      if (a === b) {
        place.replaceChildren(element("p", { textContent: "Choose two models that differ." }));
        return;
      }
      const [onlyA, onlyB] = [only(a, b), only(b, a)];
      const both = [...mistakesOf(a).keys()].filter((index) => mistakesOf(b).has(index)).length;
      const p = mcnemar(onlyA.count, onlyB.count);
      const right = answers.count - both - onlyA.count - onlyB.count;
      const told = element("p", { role: "status", textContent: `${number(right)} images are right by both, ` +
        `${number(both)} wrong by both, ${number(onlyA.count)} right only by ${a.name} and ` +
        `${number(onlyB.count)} only by ${b.name}. McNemar’s exact test gives p = ` +
        `${p < 0.0001 ? p.toExponential(1) : p.toFixed(4)}${p < 0.05 ? "" : ": the difference may be chance"}.` });
      place.replaceChildren(told, element("div", { className: "pair" }, onlyA.box, onlyB.box));
    }
    first.addEventListener("change", show);
    second.addEventListener("change", show);
    soon(show);
  }

  // ---- Points in a plane ----

  const planes = [];
  let alone = null; // the class that is shown alone
  let pointed = null; // the index of the image pointed at

  const colour = (property) => getComputedStyle(root).getPropertyValue(property).trim();

  function readPlane(figure) {
    const data = JSON.parse(figure.querySelector("script").textContent);
    const count = data.labels.length;
    const [x, y] = [new Float64Array(count), new Float64Array(count)];
    for (let i = 0; i < count; i++) [x[i], y[i]] = [data.points[2 * i], data.points[2 * i + 1]];
    const side = Math.max(x.reduce((a, b) => Math.max(a, b), 1), y.reduce((a, b) => Math.max(a, b), 1));
    const middle = (values) => values.length ? values.sort()[values.length >> 1] : null;
    const middles = Array.from({ length: 10 }, (_, c) => {
      const inside = [...data.labels].flatMap((label, i) => (Number(label) === c ? [i] : []));
      return [middle(Float64Array.from(inside, (i) => x[i])), middle(Float64Array.from(inside, (i) => y[i]))];
    });
    const plane = { figure, canvas: figure.querySelector("canvas"), data, count, x, y, side, middles };
    plane.high = [x, y].map((values) => values.reduce((a, b) => Math.max(a, b), 1));
    return plane;
  }

  const EDGE = 12; // pixels around the points

  // Fits the points into the canvas, both axes in one scale.
  function layOut(plane) {
    const width = plane.canvas.clientWidth, height = plane.canvas.clientHeight;
    const scale = Math.min((width - 2 * EDGE) / plane.high[0], (height - 2 * EDGE) / plane.high[1]);
    const [left, top] = [(width - scale * plane.high[0]) / 2, (height - scale * plane.high[1]) / 2];
    plane.at = (i) => [left + scale * plane.x[i], top + scale * (plane.high[1] - plane.y[i])];
    plane.place = ([x, y]) => [left + scale * x, top + scale * (plane.high[1] - y)];
    Object.assign(plane, { width, height });
  }

  function drawPlane(plane) {
    const { canvas, data, count } = plane;
    layOut(plane);
    if (!plane.width) return;
    const ratio = Math.min(3, Math.max(2, devicePixelRatio)); // crisp on paper too
    Object.assign(canvas, { width: plane.width * ratio, height: plane.height * ratio });
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const size = count > 4000 ? 2.2 : 3.2;
    const classes = [...Array(10).keys()];
    if (alone !== null) classes.push(...classes.splice(alone, 1)); // on top of the others
    for (const c of classes) {
      pen.fillStyle = alone === null || alone === c ? colour(`--class-${c}`) : colour("--rule");
      pen.globalAlpha = alone === null ? 0.75 : alone === c ? 1 : 0.35;
      for (let i = 0; i < count; i++) {
        if (data.labels.charCodeAt(i) - 48 !== c) continue;
        const [x, y] = plane.at(i);
        pen.fillRect(x - size / 2, y - size / 2, size, size);
      }
    }
    pen.globalAlpha = 1;
    nameClasses(plane, pen);
    plane.drawn = element("canvas", { width: canvas.width, height: canvas.height });
    plane.drawn.getContext("2d").drawImage(canvas, 0, 0);
    if (pointed !== null && pointed < count) ring(plane, pen);
    canvas.dataset.drawn = String(count);
  }

  // The ring alone has moved: the points are there already.
  function drawPointed(plane) {
    if (!plane.drawn) return;
    const pen = plane.canvas.getContext("2d");
    pen.save();
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, plane.drawn.width, plane.drawn.height);
    pen.drawImage(plane.drawn, 0, 0);
    pen.restore();
    if (pointed !== null && pointed < plane.count) ring(plane, pen);
  }

  // Each class's name in its middle, on a halo of paper.
  function nameClasses(plane, pen) {
    pen.font = "600 15px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineWidth = 4;
    pen.lineJoin = "round";
    plane.middles.forEach(([x, y], c) => {
      if (x === null || (alone !== null && alone !== c)) return;
      const [left, top] = plane.place([x, y]);
      const text = plane.names[c];
      pen.strokeStyle = colour("--paper");
      pen.fillStyle = colour("--ink");
      pen.strokeText(text, left, top);
      pen.fillText(text, left, top);
    });
  }

  function ring(plane, pen) {
    const [x, y] = plane.at(pointed);
    for (const [style, width] of [[colour("--paper"), 5], [colour("--ink"), 2]]) {
      pen.beginPath();
      pen.arc(x, y, 7, 0, 2 * Math.PI);
      pen.strokeStyle = style;
      pen.lineWidth = width;
      pen.stroke();
    }
  }

  const drawPlanes = () => planes.forEach(drawPlane);

  // The image nearest to a place in the canvas, if any is near enough.
  function nearest(plane, left, top, reach) {
    let found = null, least = reach * reach;
    for (let i = 0; i < plane.count; i++) {
      if (alone !== null && plane.data.labels.charCodeAt(i) - 48 !== alone) continue;
      const [x, y] = plane.at(i);
      const distance = (x - left) ** 2 + (y - top) ** 2;
      if (distance < least) [found, least] = [i, distance];
    }
    return found;
  }

  // The next image in a direction: near, and not far from straight ahead.
  function ahead(plane, [dx, dy]) {
    if (pointed === null) return nearest(plane, plane.width / 2, plane.height / 2, Infinity);
    const [x0, y0] = plane.at(pointed);
    let found = pointed, least = Infinity;
    for (let i = 0; i < plane.count; i++) {
      if (alone !== null && plane.data.labels.charCodeAt(i) - 48 !== alone) continue;
      const [x, y] = plane.at(i);
      const along = (x - x0) * dx + (y - y0) * dy, across = Math.abs((x - x0) * dy) + Math.abs((y - y0) * dx);
      if (along < 0.75 || across > along) continue;
      const cost = along + 2 * across;
      if (cost < least) [found, least] = [i, cost];
    }
    return found;
  }

  function tell(plane, index) {
    if (index === pointed) return;
    pointed = index;
    planes.forEach(drawPointed);
    if (index === null) return;
    const place = document.querySelector(".pointed");
    const label = Number(plane.data.labels[index]);
    const which = plane.data.test ? `Test ${called(index)}` : `Image ${number(index)}`;
    const words = element("span", {}, `${which}, labelled `, bold(plane.names[label]));
    const known = answers && plane.data.test && answers.count === plane.count;
    place.replaceChildren(...(known ? [digit(index)] : []), words);
    const tip = plane.figure.querySelector(".field .spot");
    const [x, y] = plane.at(index);
    const short = element("span", {}, bold(plane.names[label]), ` · ${number(index)}`);
    tip.replaceChildren(...(known ? [digit(index)] : []), short);
    tip.hidden = false;
    tip.style.left = `${Math.min(Math.max(x + 14, 0), plane.width - 96)}px`;
    tip.style.top = `${y + 110 > plane.height ? y - 100 : y + 12}px`;
    all(".field .spot").forEach((other) => other !== tip && (other.hidden = true));
  }

  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function listen(plane) {
    const { canvas, figure } = plane;
    const tip = element("div", { className: "spot pictures", hidden: true });
    tip.setAttribute("aria-hidden", "true"); // .pointed tells the same
    canvas.parentElement.append(tip);
    const hide = () => {
      tip.hidden = true;
      if (pointed === null) return;
      pointed = null;
      planes.forEach(drawPointed);
    };
    canvas.addEventListener("pointermove", ({ offsetX, offsetY, pointerType }) => {
      if (pointerType !== "touch") tell(plane, nearest(plane, offsetX, offsetY, 24) ?? pointed);
    });
    canvas.addEventListener("click", ({ offsetX, offsetY }) => tell(plane, nearest(plane, offsetX, offsetY, 40)));
    canvas.addEventListener("pointerleave", ({ pointerType }) => pointerType !== "touch" && hide());
    canvas.addEventListener("blur", hide);
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return hide();
      if (!arrows[event.key]) return undefined;
      event.preventDefault();
      return tell(plane, ahead(plane, arrows[event.key]));
    });
    const csv = figure.querySelector("button.csv");
    csv.addEventListener("click", () => {
      const { data, count, x, y } = plane;
      const place = (i) => [x[i], y[i]].map((v, k) => (data.low[k] + data.step * v).toPrecision(6));
      const lines = Array.from({ length: count }, (_, i) => `${i},${data.labels[i]},${place(i)}`);
      save(`${figure.id.replace("figure-", "")}.csv`, `index,label,x,y\n${lines.join("\n")}\n`);
    });
    csv.hidden = false;
  }

  function planeSection() {
    const figures = all("figure.plane");
    if (!figures.length) return;
    const buttons = all(".legend button");
    const names = buttons.map((button) => button.textContent.trim());
    buttons.forEach((button) => button.addEventListener("click", () => {
      const c = Number(button.dataset.class);
      alone = alone === c ? null : c;
      buttons.forEach((other) => other.setAttribute("aria-pressed", String(Number(other.dataset.class) === alone)));
      drawPlanes();
    }));
    const start = () => {
      for (const figure of figures) {
        const plane = readPlane(figure);
        plane.names = names;
        planes.push(plane);
        listen(plane);
      }
      drawPlanes();
    };
    soon(start);
    let timer;
    addEventListener("resize", () => {
      clearTimeout(timer);
      timer = setTimeout(drawPlanes, 120);
    });
    // pixels do not follow the theme by themselves, nor the paper's colours
    new MutationObserver(drawPlanes).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
    for (const query of ["(prefers-color-scheme: dark)", "print"])
      matchMedia(query).addEventListener("change", drawPlanes);
  }

  // ---- Data to take away ----

  function save(file, text) {
    const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: file });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  const quoted = (value) => {
    const text = String(value ?? "");
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };

  // The rows of a chart as CSV; a row need not have every column.
  function chartData(figure) {
    const button = element("button", { type: "button", className: "csv", textContent: "Save its data as CSV" });
    button.addEventListener("click", () => {
      const rows = JSON.parse(figure.querySelector("script").textContent).data.values;
      const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
      save(`${figure.id.replace("figure-", "")}.csv`, `${lines.map((line) => line.map(quoted).join(",")).join("\n")}\n`);
    });
    figure.querySelector(".tools").append(button);
  }

  // ---- Maps of one image after another ----

  function mapChooser() {
    const select = document.getElementById("choose-maps");
    if (!select) return;
    select.addEventListener("change", () =>
      all("#maps .maps").forEach((maps) => (maps.hidden = maps.id !== select.value)));
    select.closest("p").hidden = false;
  }

  // What stands in panels too, which are filled when they are wanted.
  function prepare(inside) {
    all(".live", inside).forEach((part) => (part.hidden = false));
    all("figure.chart", inside).forEach(chartData);
    if (answers) all(".cell[data-model]", inside).forEach(cell);
  }

  prepare(document);
  document.addEventListener("filled", ({ target }) => prepare(target));
  mapChooser();
  planeSection();
  if (answers) {
    all("#lookup").forEach(lookup);
    all("#versus").forEach(versus);
    all("canvas[data-digit]").forEach((canvas) => soon(() => paint(canvas, Number(canvas.dataset.digit))));
  }
})();
