// A small chart of lines or dots that can grow while it is watched: axes with round ticks, the values under the pointer
// (or under the arrow keys), and all of them as a table. Colours are classes of the style sheet.
import { element } from "./dom.js";

const LEFT = 48,
  RIGHT = 14,
  TOP = 10,
  BOTTOM = 34;

function svg(tag, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

// Round numbers from low to high, at most `most` of them.
export function ticks(low, high, most) {
  const rough = (high - low) / Math.max(1, most);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) * power;
  const all = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    all.push(Number((i * step).toPrecision(12)));
  return all;
}

// The range of what is shown, with some room; `floor` and `ceiling` are where values end by their nature.
function range(values, { floor = -Infinity, ceiling = Infinity, zero = false }) {
  let low = Math.min(...values),
    high = Math.max(...values);
  if (!Number.isFinite(low)) return [0, 1];
  if (zero) low = Math.min(0, low);
  const room = (high - low) * 0.06 || Math.abs(high) * 0.05 || 0.5;
  return [zero && low === 0 ? 0 : Math.max(floor, low - room), Math.min(ceiling, high + room)];
}

const kindOf = (one, gap = ".") =>
  [`tone-${one.tone}`, one.dashed && "dashed", one.dots && "dots"].filter(Boolean).join(gap);

// A chart in `host`. `series`: [{key, name, tone: 0..3, dashed, dots}]; rows given to update() are {x, [key]: number or null}.
// x: {title, text(x), whole}; y: {text(y, step: between ticks, none elsewhere), floor, ceiling, zero}; `describe` tells
// a row in words, `onPick` takes the one that is clicked.
export function createChart(host, { title, series, x, y, height = 210, logX = false, describe, onPick }) {
  const says = element("p.chart-says", { "aria-live": "polite" });
  const plot = element("div.chart-plot", { tabindex: "0", role: "img" });
  const legend = element(
    "ul.chart-legend",
    {},
    ...series.map((one) => element(`li.${kindOf(one)}`, {}, element("i", { "aria-hidden": "true" }), one.name)),
  );
  const table = element("table");
  const box = element("div.scroll", { tabindex: "0", role: "region", "aria-label": `${title}: values` }, table);
  const more = element("details.chart-more", {}, element("summary", {}, "As a table"), box);
  const figure = element(
    "figure.chart",
    {},
    element("figcaption", {}, element("b", {}, title), series.length > 1 ? legend : null),
    plot,
    says,
    more,
  );
  host.replaceChildren(figure);

  let rows = [],
    level = null,
    at = -1,
    places = [],
    width = 0;
  const place = (value) => (logX ? Math.log10(value) : value);
  const known = (row) => series.filter((one) => Number.isFinite(row[one.key]));

  function tell(i) {
    at = i;
    const row = rows[i];
    for (const old of plot.querySelectorAll(".chart-at")) old.remove();
    if (!row) {
      says.textContent = "";
      return;
    }
    says.textContent = describe
      ? describe(row)
      : `${x.title} ${x.text(row.x)}: ${known(row)
          .map((one) => `${one.name} ${y.text(row[one.key])}`)
          .join(", ")}`;
    const line = svg("line", { class: "chart-at", x1: places[i], x2: places[i], y1: TOP, y2: height - BOTTOM });
    plot.firstElementChild?.append(line);
  }

  function nearest(event) {
    const left = event.clientX - plot.getBoundingClientRect().left;
    let best = -1;
    places.forEach((p, i) => (best < 0 || Math.abs(p - left) < Math.abs(places[best] - left)) && (best = i));
    return best;
  }
  plot.addEventListener("pointermove", (event) => tell(nearest(event)));
  plot.addEventListener("pointerleave", () => tell(-1));
  plot.addEventListener("blur", () => tell(-1));
  if (onPick) plot.addEventListener("click", (event) => rows.length && onPick(rows[nearest(event)]));
  plot.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && onPick && rows[at]) return onPick(rows[at]);
    const to = { ArrowRight: at + 1, ArrowLeft: at < 0 ? rows.length - 1 : at - 1, Home: 0, End: rows.length - 1 }[
      event.key
    ];
    if (to === undefined || !rows.length) return;
    event.preventDefault();
    tell(Math.min(rows.length - 1, Math.max(0, to)));
  });

  function draw() {
    width = Math.floor(plot.clientWidth);
    if (!width) return;
    const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    const values = rows.flatMap((row) => known(row).map((one) => row[one.key])).concat(level === null ? [] : [level]);
    const xs = rows.map((row) => place(row.x));
    let [low, high] = range(values, y);
    let [first, last] = xs.length
      ? [Math.min(...xs), Math.max(...xs, place(x.last ?? -Infinity))]
      : [0, place(x.last ?? 1)];
    if (first === last) [first, last] = x.whole ? [first, last + 1] : [first - 0.5, last + 0.5];
    if (series.some((one) => one.dots)) [first, last] = [first - (last - first) * 0.04, last + (last - first) * 0.04];
    const px = (v) => LEFT + ((v - first) / (last - first)) * (width - LEFT - RIGHT);
    const py = (v) => height - BOTTOM - ((v - low) / (high - low)) * (height - TOP - BOTTOM);
    places = xs.map(px);
    const levels = ticks(low, high, 4);
    for (const tick of levels) {
      picture.append(
        svg("line", { class: "chart-grid", x1: LEFT, x2: width - RIGHT, y1: py(tick), y2: py(tick) }),
        svg(
          "text",
          { class: "chart-tick", x: LEFT - 7, y: py(tick) + 4, "text-anchor": "end" },
          y.text(tick, (levels[1] ?? high) - levels[0]),
        ),
      );
    }
    const marks = ticks(first, last, Math.min(10, (width - LEFT) / (logX ? 70 : 46)));
    for (const tick of marks.filter((v) => !x.whole || Number.isInteger(v)))
      picture.append(
        svg(
          "text",
          { class: "chart-tick", x: px(tick), y: height - BOTTOM + 16, "text-anchor": "middle" },
          x.text(logX ? 10 ** tick : tick),
        ),
      );
    picture.append(
      svg("line", { class: "chart-axis", x1: LEFT, x2: width - RIGHT, y1: height - BOTTOM, y2: height - BOTTOM }),
      svg("text", { class: "chart-tick", x: width - RIGHT, y: height - 3, "text-anchor": "end" }, x.title),
    );
    if (level !== null)
      picture.append(svg("line", { class: "chart-level", x1: LEFT, x2: width - RIGHT, y1: py(level), y2: py(level) }));
    for (const one of series) {
      const points = rows
        .map((row, i) => [places[i], py(row[one.key]), row])
        .filter(([, , row]) => Number.isFinite(row[one.key]));
      const kind = kindOf(one, " ");
      if (!one.dots && points.length > 1)
        picture.append(
          svg("path", {
            class: `chart-line ${kind}`,
            d: `M${points.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L")}`,
          }),
        );
      const radius = one.dots ? 4 : points.length > 40 ? 0 : 2.5;
      if (radius)
        points.forEach(([a, b, row]) =>
          picture.append(
            svg("circle", {
              class: `chart-dot ${kind}${row.faint ? " faint" : ""}`,
              cx: a.toFixed(1),
              cy: b.toFixed(1),
              r: radius,
            }),
          ),
        );
    }
    plot.replaceChildren(picture);
    if (at >= 0) tell(at);
  }

  function tabulate() {
    const heads = [x.title, ...series.map((one) => one.name)].map((name) => element("th", { scope: "col" }, name));
    const lines = rows.map((row) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, x.text(row.x)),
        ...series.map((one) => element("td", {}, Number.isFinite(row[one.key]) ? y.text(row[one.key]) : "–")),
      ),
    );
    table.replaceChildren(element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...lines));
  }

  function describeAll() {
    const last = rows.at(-1);
    plot.ariaLabel = !last
      ? `${title}: no values yet`
      : `${title}: ${rows.length} value${rows.length === 1 ? "" : "s"}; at ${x.title} ${x.text(last.x)} ` +
        known(last)
          .map((one) => `${one.name} ${y.text(last[one.key])}`)
          .join(", ") +
        ". Arrow keys tell each.";
  }

  more.addEventListener("toggle", () => more.open && tabulate());
  const watcher = new ResizeObserver(() => Math.floor(plot.clientWidth) !== width && draw());
  watcher.observe(plot);
  return {
    figure,
    // `options`: {last: the last x of the axis, level: a level line}
    update(next, options = {}) {
      rows = next;
      if ("last" in options) x.last = options.last;
      if ("level" in options) level = options.level;
      if (at >= rows.length) at = -1;
      describeAll();
      draw();
      if (more.open) tabulate();
    },
    close: () => watcher.disconnect(),
  };
}
