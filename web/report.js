// The report's page: draws the figures, turns the theme, sorts the comparison, shows one model after another. The page
// is complete without it, but for the charts, whose data stand in tables below them.
"use strict";

(() => {
  const root = document.documentElement;
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const unhide = (element) => element && (element.hidden = false);

  // ---- Figures: Vega-Lite texts with colours named as CSS properties, which the SVG keeps ----

  const figures = new Map(); // figure element -> {spec, view, width}

  function specOf(figure) {
    return JSON.parse(figure.querySelector("script").textContent);
  }

  const pen = document.createElement("canvas").getContext("2d");

  // The widest of some texts in pixels, as a figure writes them.
  function widest(spec, texts) {
    pen.font = `12px ${spec.config.font}`;
    return Math.max(0, ...texts.map((text) => pen.measureText(text).width));
  }

  const values = (spec, field) => [...new Set(spec.data.values.map((row) => String(row[field])))];

  // The pixels that the labels of the y axis take from the plot.
  function labelRoom(spec) {
    const { type, field, axis = {} } = spec.encoding.y;
    if (axis === null) return 0;
    return type === "nominal" ? Math.min(axis.labelLimit ?? 180, widest(spec, values(spec, field))) + 20 : 60;
  }

  // As many columns as the legend's longest text leaves room for.
  function legendColumns(spec, width) {
    const colour = spec.encoding.color ?? spec.layer?.find((layer) => layer.encoding?.color)?.encoding.color;
    if (colour?.type !== "nominal") return 1;
    const texts = colour.scale?.domain ?? values(spec, colour.field);
    const column = widest(spec, texts) + 20 + spec.config.legend.columnPadding;
    return Math.max(1, Math.floor((width - labelRoom(spec)) / column));
  }

  // The given ticks of a logarithmic x axis, without those that would run into the one before.
  function sparse(spec, width) {
    const { axis, scale } = spec.encoding.x;
    if (!axis?.values || scale?.type !== "log" || !scale.domain) return spec.encoding.x;
    const [low, high] = scale.domain;
    const pixel = (width - labelRoom(spec)) / Math.log(high / low);
    let last = Infinity;
    const kept = axis.values.filter((tick) => {
      const fits = tick >= low && tick <= high && Math.abs(Math.log(tick / last)) * pixel >= 52;
      if (fits) last = tick;
      return fits;
    });
    return { ...spec.encoding.x, axis: { ...axis, values: kept } };
  }

  // Rows and columns of square cells; the longer side is what the width allows.
  function squareCells(spec, width) {
    const side = (width - 10) / Math.max(spec.width, spec.height);
    return { width: spec.width * side, height: spec.height * side, autosize: "pad" };
  }

  // Names below or above columns that are too narrow for them stand upright; those of a matrix are numbers, which the rows
  // have too.
  function narrowColumns(fit, spec, width) {
    const { type, field, axis } = spec.encoding.x;
    if (type !== "nominal" || !axis?.labelAngle) return;
    const count = values(spec, field).length;
    const column = (width - labelRoom(spec)) / count;
    const { y } = spec.encoding;
    if (column >= (width < 480 ? 40 : 18)) return;
    if (column >= 14 || y.type !== "nominal") {
      const small = column < 14 ? { labelFontSize: 9, labelPadding: 2 } : {};
      fit.encoding.x = { ...spec.encoding.x, axis: { ...axis, labelAngle: -90, ...small } };
      return;
    }
    const number = `(round(datum.index * ${count - 1}) + 1)`;
    const every = `${number} % 5 && ${number} > 1 ? '' : ${number}`;
    fit.encoding.x = { ...spec.encoding.x, axis: { ...axis, labelAngle: 0, labelExpr: every } };
    fit.encoding.y = { ...y, axis: { ...y.axis, labelExpr: `${number} + ' ' + datum.label`, labelLimit: 125, labelPadding: 3 } };
    fit.height = count * 14;
  }

  // Parallel axes lie below one another where there is no room beside.
  function turned(fit) {
    const swapped = ({ x, x2, y, y2, ...rest }) =>
      Object.fromEntries(Object.entries({ ...rest, x: y, x2: y2, y: x, y2: x2 }).filter(([, channel]) => channel));
    const encoding = swapped(fit.encoding);
    encoding.x = { ...encoding.x, scale: { ...encoding.x.scale, padding: 16 } };
    encoding.y = {
      ...encoding.y,
      axis: { labelColor: "var(--ink)", labelPadding: 4, labelExpr: encoding.y.axis.labelExpr, domain: false, ticks: false },
    };
    const below = (mark) => (mark.type === "text" ? { ...mark, align: "center", baseline: "top", dx: 0, dy: 5 } : mark);
    const layer = fit.layer.map((l) => ({ ...l, mark: below(l.mark), ...(l.encoding && { encoding: swapped(l.encoding) }) }));
    return { ...fit, encoding, layer, height: 52 * encoding.y.scale.domain.length };
  }

  // The figure for a width: the plot fills it, and what must stay square does.
  function fitted(spec, width) {
    const fit = { ...spec, width, autosize: { type: "fit-x", contains: "padding" } };
    fit.encoding = { ...spec.encoding, x: sparse(spec, width) };
    narrowColumns(fit, spec, width);
    if (spec.usermeta?.aspect) fit.height = Math.round(width * spec.usermeta.aspect);
    if (spec.usermeta?.cells) Object.assign(fit, squareCells(spec, width));
    const narrow = width < 480;
    fit.config = {
      ...spec.config,
      background: "transparent",
      aria: false, // the element around the figure says what it is
      legend: { ...spec.config.legend, columns: legendColumns(spec, width) },
    };
    if (spec.usermeta?.textFrom > width) fit.layer = spec.layer.filter((layer) => layer.mark.type !== "text");
    if (narrow) {
      fit.config.axis = { ...spec.config.axis, labelFontSize: 11, titleFontSize: 11 };
      fit.config.text = { ...spec.config.text, fontSize: 10 };
      if (spec.usermeta?.aspect)
        fit.layer?.filter((l) => l.mark.type === "text").forEach((l) => (l.mark.fontSize = 9.5));
    }
    if (narrow && spec.usermeta?.turns) return turned(fit);
    return fit;
  }

  async function draw(figure) {
    const canvas = figure.querySelector(".canvas");
    const width = Math.floor(canvas.clientWidth);
    const state = figures.get(figure);
    if (!width || state.width === width) return;
    state.width = width;
    const spec = vegaOf(fitted(specOf(figure), width));
    const holder = document.createElement("div");
    // expressions are walked through, not compiled: the page needs no "unsafe-eval"
    const parsed = vega.parse(spec, null, { ast: true });
    const expr = vega.expressionInterpreter;
    const view = new vega.View(parsed, { expr, renderer: "svg", container: holder, hover: true, tooltip });
    await view.runAsync();
    state.view?.finalize();
    state.view = view;
    canvas.replaceChildren(holder);
    figure.dispatchEvent(new CustomEvent("drawn", { detail: view }));
    // what is beside a role="img" is presentation, and says so
    all("svg", holder).forEach((svg) => svg.setAttribute("aria-hidden", "true"));
    canvas.parentElement.style.minHeight = "0";
  }

  const shown = (figure) => !figure.closest("[hidden]");

  async function drawAll() {
    delete root.dataset.ready;
    // what is seen comes first
    const away = (figure) => Math.abs(figure.getBoundingClientRect().top);
    const order = [...figures.keys()].filter(shown).map((figure) => [away(figure), figure]).sort(([a], [b]) => a - b);
    for (const [, figure] of order) {
      try {
        await draw(figure);
      } catch (error) {
        console.error(`${figure.id}: ${error.message}`);
        figure.querySelector(".canvas").textContent = "This figure could not be drawn.";
      }
      await new Promise((next) => setTimeout(next)); // lets the page answer between two figures
    }
    root.dataset.ready = "true";
  }

  let pending = Promise.resolve();
  const redraw = () => (pending = pending.then(drawAll));

  // ---- Tooltips ----

  const tip = document.getElementById("tip");

  function tooltip(handler, event, item, value) {
    if (value === null || value === undefined || value === "") {
      tip.hidden = true;
      return;
    }
    const lines = typeof value === "object" ? Object.entries(value) : [["", String(value)]];
    tip.replaceChildren(...lines.map(([key, text]) => {
      const line = document.createElement("div");
      for (const part of [key, text]) line.append(Object.assign(document.createElement("span"), { textContent: part }));
      return line;
    }));
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    const x = event.clientX + 14 + width > innerWidth ? event.clientX - width - 14 : event.clientX + 14;
    const y = event.clientY + 14 + height > innerHeight ? event.clientY - height - 10 : event.clientY + 14;
    tip.style.left = `${Math.max(4, x)}px`;
    tip.style.top = `${Math.max(4, y)}px`;
  }
  addEventListener("scroll", () => (tip.hidden = true), { passive: true });

  // ---- A figure's text and picture to take away ----

  // Colours as they are now in place of the properties' names.
  function coloured(text) {
    const style = getComputedStyle(root);
    return text.replace(/var\((--[a-z0-9-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
  }

  function download(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function offer(figure) {
    const name = figure.id.replace("figure-", "");
    const svg = figure.querySelector("button.svg");
    const copy = figure.querySelector("button.copy");
    svg.addEventListener("click", async () => {
      const view = figures.get(figure).view;
      if (view) download(`${name}.svg`, "image/svg+xml", coloured(await view.toSVG()));
    });
    copy.addEventListener("click", async () => {
      const text = coloured(JSON.stringify(specOf(figure), null, 2));
      try {
        await navigator.clipboard.writeText(text);
        copy.textContent = "Copied";
      } catch {
        download(`${name}.vl.json`, "application/json", text); // a page from disk may be refused the clipboard
      }
      setTimeout(() => (copy.textContent = "Copy the text"), 2000);
    });
    unhide(svg);
    unhide(copy);
  }

  // ---- Theme ----

  function themeButton() {
    const button = document.getElementById("theme");
    const system = matchMedia("(prefers-color-scheme: dark)");
    const dark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
    const name = () => (button.textContent = dark() ? "Light" : "Dark");
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      name();
      try {
        localStorage.setItem("tenfold-theme", root.dataset.theme);
      } catch {
        // a browser may forbid it for files; the choice then lasts as long as the page
      }
    });
    system.addEventListener("change", name);
    name();
    unhide(button);
  }

  // ---- Tables: their order, and a file of them to take away ----

  function sortBy(table, column, direction) {
    const key = (row) => {
      const cell = row.cells[column];
      return cell.dataset.key === undefined ? cell.textContent.trim() : Number(cell.dataset.key);
    };
    const order = (a, b) => {
      const [x, y] = [key(a), key(b)];
      const numbers = [x, y].map((k) => typeof k === "number");
      if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1; // what has no value stays last
      return direction * (numbers[0] ? x - y : x.localeCompare(y));
    };
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      // texts rise first; of numbers the larger come first, as most here are better so
      const first = column < 2 ? "ascending" : "descending";
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const next = !now ? first : now === "ascending" ? "descending" : "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", next);
        sortBy(table, column, next === "ascending" ? 1 : -1);
      });
    });
  }

  // A cell as other programs read it: the value behind what is shown, numbers without commas, dashes as nothing.
  function plain(cell) {
    const text = cell.dataset.key ?? cell.textContent.trim().replace(/\s+/g, " ");
    if (/^[−+]?\d{1,3}(,\d{3})*(\.\d+)?$/.test(text)) return text.replaceAll(",", "").replace("−", "-");
    if (text === "–") return "";
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  function savable(table) {
    if (table.querySelector("img")) return; // pictures are no values
    const title = table.parentElement.getAttribute("aria-label");
    const button = Object.assign(document.createElement("button"), { type: "button", className: "csv", textContent: "CSV" });
    button.setAttribute("aria-label", `CSV: save the table “${title}”`);
    button.addEventListener("click", () => {
      const lines = [...table.rows].map((row) => [...row.cells].map(plain).join(","));
      const name = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
      download(`${name}.csv`, "text/csv", `${lines.join("\n")}\n`);
    });
    table.after(button);
  }

  // ---- One model after another ----

  function adopt(figure) {
    figures.set(figure, {});
    offer(figure);
  }

  // A panel's content stands in a template until it is wanted.
  function fill(panel) {
    const content = panel.querySelector(":scope > template");
    if (!content) return;
    content.replaceWith(content.content);
    panel.dispatchEvent(new CustomEvent("filled", { bubbles: true })); // web/linked.js has its part in it
    all("figure.chart", panel).forEach(adopt);
    all(".scroll > table", panel).forEach(savable);
  }

  function chooser() {
    const select = document.getElementById("choose");
    if (select.options.length < 2) return;
    select.addEventListener("change", () => {
      fill(document.getElementById(select.value));
      all(".panel").forEach((panel) => (panel.hidden = panel.id !== select.value));
      redraw();
    });
    unhide(select.closest("p"));
  }

  // Shows one of the elements that a <select data-shows> names.
  function shows(select) {
    const parts = [...select.options].map((option) => document.getElementById(option.value));
    const show = () => parts.forEach((part) => (part.hidden = part.id !== select.value));
    if (parts.length < 2) return;
    select.addEventListener("change", () => {
      show();
      redraw();
    });
    show();
    unhide(select.closest("p"));
  }

  // ---- Where the reader is ----

  function navigation() {
    const list = document.querySelector("nav ol");
    const links = new Map(all("nav ol a").map((link) => [document.querySelector(link.hash), link]));
    const seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        links.forEach((link) => link.removeAttribute("aria-current"));
        const link = links.get(target);
        link.setAttribute("aria-current", "true");
        list.scrollTo({ left: link.offsetLeft - list.offsetLeft - 30 }); // on a phone the list is wider than its place
      }
    }, { rootMargin: "-30% 0px -65% 0px" });
    links.forEach((_, section) => seen.observe(section));
  }

  // ---- In a frame of another page of the same server (/report?embedded#section) ----

  // One section at a time: the page around says which, as {show: id}, and in which theme, as {theme: "dark"}; it is told
  // where a link in here leads, as {section: id}, and shows that.
  function embedded() {
    const parts = all("main > :is(header, section)");
    const partOf = (id) => parts.find((part) => part.contains(document.getElementById(id)));
    function show(id) {
      const wanted = partOf(id) ?? parts[0];
      parts.forEach((part) => (part.hidden = part !== wanted));
      dispatchEvent(new Event("resize")); // what was hidden had no size to be drawn in
      return wanted;
    }
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      if (!link) return;
      event.preventDefault();
      const id = decodeURIComponent(link.hash.slice(1));
      const part = show(id);
      parent.postMessage({ section: part.id }, location.origin);
      if (part.id !== id) document.getElementById(id)?.scrollIntoView();
    });
    addEventListener("message", ({ data, origin, source }) => {
      if (origin !== location.origin || source !== parent) return;
      if (data.theme === "light" || data.theme === "dark") root.dataset.theme = data.theme;
      if (typeof data.show === "string" && partOf(data.show)?.hidden !== false) show(data.show);
    });
    show(decodeURIComponent(location.hash.slice(1)));
  }

  if (root.classList.contains("embedded")) embedded();
  themeButton();
  all(":is(.comparison, .sortable) table").forEach(sortable);
  all(".scroll > table").forEach(savable);
  chooser();
  all("select[data-shows]").forEach(shows);
  navigation();
  all("figure.chart").forEach(adopt);
  redraw();
  let timer;
  addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(redraw, 120);
  });
})();
