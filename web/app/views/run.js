// One run opened: what it was made with, its history as curves, its folds or trials as dots that come as they are finished;
// and two runs side by side.
import { createChart } from "../chart.js";
import { element } from "../dom.js";
import { count, duration, exact, moment, number, plural, share, shareTick } from "../words.js";
import { nameOf, oneRun, parentOf } from "./run_source.js";
import { kindOf } from "./runs.js";

const LOOK = 2500; // milliseconds between two looks at a run that goes on

const text = (value) =>
  value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
const titleOf = (run) => run.name ?? `Run ${run.id}`;

// ---- History: columns of numbers, the first of them what they run over ----

const shareNames = /accuracy/,
  costNames = /loss|objective|error|divergence/;

// The rows of a history as {x, name: number}; null if it has none.
function historyOf(run) {
  const { names = [], rows = [] } = run.history ?? {};
  if (!rows.length || names.length < 2) return null;
  return {
    names,
    rows: rows.map((row) => ({ x: row[0], ...Object.fromEntries(names.map((name, i) => [name, row[i]])) })),
  };
}

// Charts of costs and of shares over the histories of one run or two.
function historyCharts(host, runs) {
  const histories = runs.map(historyOf);
  const charts = [],
    holder = element("div.charts");
  for (const [title, pattern, y] of [
    ["Loss", costNames, { text: (v) => number(v), floor: 0, zero: true }],
    ["Accuracy", shareNames, { text: shareTick, floor: 0, ceiling: 1 }],
  ]) {
    const series = [],
      byX = new Map();
    histories.forEach((history, r) => {
      history?.names
        .slice(1)
        .filter((name) => pattern.test(name))
        .forEach((name, i) => {
          const words = name.replaceAll("_", " ");
          series.push({
            key: `${r} ${name}`,
            name: runs.length > 1 ? `${titleOf(runs[r])}: ${words}` : words,
            tone: runs.length > 1 ? r : i,
            dashed: name.startsWith("validation"),
          });
          for (const row of history.rows) byX.set(row.x, { ...byX.get(row.x), x: row.x, [`${r} ${name}`]: row[name] });
        });
    });
    if (!series.length) continue;
    const place = element("div");
    holder.append(place);
    const x = { title: histories.find(Boolean).names[0], text: (v) => String(v), whole: true };
    charts.push([createChart(place, { title, series, x, y }), [...byX.values()].sort((a, b) => a.x - b.x)]);
  }
  if (!charts.length) return [];
  host.append(element("h3", {}, "As it learned"), holder);
  charts.forEach(([chart, rows]) => chart.update(rows));
  return charts.map(([chart]) => chart);
}

// ---- Folds and trials ----

const foldNumber = (run, i) => Number(/fold (\d+)/.exec(run.name ?? "")?.[1] ?? i + 1);

function foldsChart(host, children) {
  const done = children.filter((run) => Number.isFinite(run.accuracy));
  const mean = done.reduce((sum, run) => sum + run.accuracy, 0) / done.length;
  const spread = Math.sqrt(
    done.reduce((sum, run) => sum + (run.accuracy - mean) ** 2, 0) / Math.max(1, done.length - 1),
  );
  const rows = done.map((run, i) => ({ x: foldNumber(run, i), accuracy: run.accuracy, run })).sort((a, b) => a.x - b.x);
  const place = element("div");
  host.append(
    element("h3", {}, "Its folds"),
    element(
      "p.small",
      {},
      `${plural(done.length, "fold")}: ${share(mean)} on average` +
        `${done.length > 1 ? `, standard deviation ${share(spread)}` : ""}. ` +
        "Each fold's model never saw the images that it is measured on; the dotted line is the mean.",
    ),
    place,
  );
  const chart = createChart(place, {
    title: "Accuracy of each fold",
    series: [{ key: "accuracy", name: "accuracy", tone: 0, dots: true }],
    x: { title: "fold", text: String, whole: true },
    y: { text: shareTick, floor: 0, ceiling: 1 },
    onPick: ({ run }) => (location.hash = `#study/runs/${nameOf(run)}`),
  });
  chart.update(rows, { level: Number.isFinite(mean) ? mean : null });
  return [chart];
}

// Trials over their number, or over one of the settings that were searched; pale where only a part of the budget was spent.
function trialsChart(host, children, over) {
  const done = children.filter((run) => Number.isFinite(run.accuracy));
  const searched = [...new Set(done.flatMap((run) => Object.keys(run.settings ?? {})))].filter(
    (name) =>
      done.every((run) => Number.isFinite(Number(run.settings?.[name]))) &&
      new Set(done.map((run) => run.settings[name])).size > 1,
  );
  const select = element(
    "select",
    { id: "run-over" },
    ...["trial", ...searched].map((name) => element("option", { value: name, selected: name === over.name }, name)),
  );
  const place = element("div"),
    charts = [];
  const best = done.reduce((most, run) => (run.accuracy > (most?.accuracy ?? -1) ? run : most), null);
  host.append(
    element("h3", {}, "Its trials"),
    element(
      "p.small",
      {},
      `${plural(done.length, "trial")}${best ? `; the best, ${titleOf(best)}, reached ${share(best.accuracy)}` : ""}. ` +
        "Pale dots had only a part of the budget. A click opens a trial.",
    ),
    searched.length ? element("p.pick", {}, element("label", { for: "run-over" }, "Over"), select) : "",
    place,
  );
  function draw() {
    charts.pop()?.close();
    const name = (over.name = select.value);
    const value = (run, i) => (name === "trial" ? (run.metrics?.trial ?? i) + 1 : Number(run.settings[name]));
    const rows = done
      .map((run, i) => ({ x: value(run, i), accuracy: run.accuracy, run, faint: (run.metrics?.share ?? 1) < 1 }))
      .sort((a, b) => a.x - b.x);
    const logX = name !== "trial" && rows.every(({ x }) => x > 0) && rows.at(-1)?.x / rows[0]?.x >= 20;
    const chart = createChart(place, {
      title: `Accuracy over ${name}`,
      series: [{ key: "accuracy", name: "accuracy", tone: 0, dots: true }],
      x: { title: name, text: (v) => number(v), whole: name === "trial" },
      y: { text: shareTick, floor: 0, ceiling: 1 },
      logX,
      describe: ({ run, accuracy }) =>
        `${titleOf(run)}: ${share(accuracy)}; ${Object.entries(run.settings ?? {})
          .map(([key, v]) => `${key} ${v}`)
          .join(", ")}`,
      onPick: ({ run }) => (location.hash = `#study/runs/${nameOf(run)}`),
    });
    chart.update(rows);
    charts.push(chart);
  }
  select.addEventListener("change", draw);
  draw();
  return { close: () => charts.pop()?.close() };
}

// ---- Views ----

const back = () => element("p", {}, element("a", { href: "#study/runs" }, "All runs"));

// Shows what `build` makes of the runs with these names, again whenever they have changed.
function follow(host, { api }, names, build) {
  let gone = false,
    last = "",
    open = [],
    timer = null;
  const closeAll = () => {
    open.forEach((chart) => chart.close());
    open = [];
  };
  async function look() {
    clearTimeout(timer);
    try {
      const runs = await Promise.all(names.map((name) => oneRun(api, name)));
      if (gone) return;
      const seen = JSON.stringify(runs);
      if (seen !== last) {
        const focused = host.contains(document.activeElement) && document.activeElement.id;
        closeAll();
        const holder = element("div.run");
        host.replaceChildren(holder);
        open = build(holder, runs);
        if (focused) document.getElementById(focused)?.focus();
      }
      last = seen;
      if (runs.some((run) => run.state === "running")) timer = setTimeout(again, LOOK);
    } catch (error) {
      if (gone) return;
      if (error.code === "offline") return;
      host.replaceChildren(back(), element("p.notice", { role: "alert" }, error.message));
    }
  }
  const again = () => (document.hidden ? (timer = setTimeout(again, LOOK)) : look());
  const end = api.online.subscribe((is) => is && look());
  host.replaceChildren(element("p.small", {}, "Looking…"));
  return {
    close() {
      gone = true;
      clearTimeout(timer);
      closeAll();
      end();
    },
  };
}

const fact = (name, value, more) =>
  value === null || value === undefined || value === "–"
    ? ""
    : element("div", {}, element("dt", {}, name), element("dd", {}, value, more ? element("small", {}, more) : ""));

function pairs(title, object) {
  const entries = Object.entries(object ?? {}).filter(([, value]) => typeof value !== "object" || value === null);
  if (!entries.length) return "";
  return element(
    "details",
    { open: entries.length <= 8 },
    element("summary", {}, `${title} (${entries.length})`),
    element(
      "div.scroll",
      { tabindex: "0", role: "region", "aria-label": title },
      element(
        "table.numbers.pairs",
        {},
        element(
          "tbody",
          {},
          ...entries.map(([name, value]) =>
            element(
              "tr",
              {},
              element("th", { scope: "row" }, name),
              element("td", {}, typeof value === "number" ? exact(value) : text(value)),
            ),
          ),
        ),
      ),
    ),
  );
}

export function showRun(host, context, name) {
  const over = { name: "trial" };
  return follow(host, context, [name], (holder, [run]) => {
    const { metrics, children = [] } = run;
    const between = Number.isFinite(metrics?.accuracy_low)
      ? `95 % interval ${share(metrics.accuracy_low)} to ${share(metrics.accuracy_high)}`
      : null;
    holder.append(
      back(),
      element(
        "div.watch-head",
        {},
        element("h2", {}, titleOf(run)),
        element("span.state", { "data-state": run.state }, run.state),
      ),
      element(
        "p.small",
        {},
        [
          `${kindOf(run)} number ${run.id}${run.of ? " of the study" : ""}`,
          run.model,
          run.prep && `preprocessing ${run.prep}`,
        ]
          .filter(Boolean)
          .join(" · "),
      ),
      run.parent
        ? element(
            "p.small",
            {},
            "Part of ",
            element("a", { href: `#study/runs/${parentOf(run)}` }, `run ${run.parent}`),
          )
        : "",
      element(
        "dl.findings",
        {},
        fact("Accuracy", share(run.accuracy), between),
        fact("Time", duration(run.seconds)),
        fact("Started", moment(run.started)),
        fact("Data", run.data),
        fact("Seed", text(run.seed)),
        fact(
          "Program",
          run.version && `Tenfold ${run.version}`,
          [run.kernels && `${run.kernels} kernels`, run.threads && plural(run.threads, "thread")]
            .filter(Boolean)
            .join(", "),
        ),
      ),
    );
    const open = historyCharts(holder, [run]);
    const folds = children.filter((child) => child.kind === "fold"),
      trials = children.filter((child) => child.kind === "trial");
    if (folds.length) open.push(...foldsChart(holder, folds));
    if (trials.length) open.push(trialsChart(holder, trials, over));
    holder.append(pairs("Settings", run.settings), pairs("Measures", metrics));
    return open;
  });
}

export function showTwo(host, context, first, second) {
  return follow(host, context, [first, second], (holder, runs) => {
    const row = (name, values, same = false) =>
      element(
        same ? "tr" : "tr.unlike",
        {},
        element("th", { scope: "row" }, name),
        ...values.map((value) => element("td", {}, value)),
      );
    const line = (name, say) => {
      const values = runs.map(say);
      return row(name, values, values[0] === values[1]);
    };
    const names = [...new Set(runs.flatMap((run) => Object.keys(run.settings ?? {})))];
    const differing = names.filter((name) => text(runs[0].settings?.[name]) !== text(runs[1].settings?.[name]));
    const measures = [
      ...new Set(
        runs.flatMap((run) =>
          Object.entries(run.metrics ?? {})
            .filter(([, value]) => typeof value === "number")
            .map(([name]) => name),
        ),
      ),
    ];
    holder.append(
      back(),
      element("h2", {}, "Two runs compared"),
      element(
        "div.scroll",
        { tabindex: "0", role: "region", "aria-label": "The two runs side by side" },
        element(
          "table.numbers.two",
          {},
          element(
            "thead",
            {},
            element(
              "tr",
              {},
              element("td"),
              ...runs.map((run) =>
                element(
                  "th",
                  { scope: "col" },
                  element("a", { href: `#study/runs/${nameOf(run)}` }, titleOf(run)),
                  element("small", {}, ` number ${run.id}`),
                ),
              ),
            ),
          ),
          element(
            "tbody",
            {},
            line("kind", kindOf),
            line("model", (run) => text(run.model)),
            line("preprocessing", (run) => text(run.prep)),
            line("accuracy", (run) => share(run.accuracy)),
            line("time", (run) => duration(run.seconds)),
            line("started", (run) => moment(run.started)),
            line("data", (run) => text(run.data)),
            line("seed", (run) => text(run.seed)),
            line("threads", (run) => count(run.threads)),
            ...differing.map((name) => line(name, (run) => text(run.settings?.[name]))),
            ...measures.map((name) =>
              line(name.replaceAll("_", " "), (run) =>
                run.metrics?.[name] === undefined ? "–" : exact(run.metrics[name]),
              ),
            ),
          ),
        ),
      ),
      element(
        "p.small",
        {},
        differing.length
          ? `They differ in ${plural(differing.length, "setting")}, listed above.`
          : "Their settings are the same.",
      ),
    );
    return historyCharts(holder, runs);
  });
}
