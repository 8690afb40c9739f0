// The run database as a table that can be sorted and filtered and grows while one looks; two runs can be chosen to be
// compared.
import { element, write } from "../dom.js";
import { count, duration, moment, plural, share } from "../words.js";
import { listRuns, nameOf } from "./run_source.js";

const LOOK = 3000; // milliseconds between two looks
const MOST = 1000; // runs that are asked for
const STEP = 100; // rows that are shown at first, and more at a time

const kinds = {
  train: "training",
  crossval: "cross-validation",
  fold: "fold",
  tune: "search",
  trial: "trial",
  evaluation: "evaluation",
  embed: "map",
};
export const kindOf = (run) => kinds[run.kind] ?? run.kind;

const columns = [
  { name: "Run", text: (run) => run.name ?? `run ${run.id}`, key: (run) => run.name ?? "", link: true },
  { name: "Kind", text: kindOf, key: kindOf },
  { name: "Accuracy", text: (run) => share(run.accuracy), key: (run) => run.accuracy, falls: true, number: true },
  { name: "Time", text: (run) => duration(run.seconds), key: (run) => run.seconds, number: true },
  {
    name: "Started",
    text: (run) => moment(run.started),
    key: (run) => Date.parse(run.started) || 0,
    falls: true,
    number: true,
  },
  { name: "State", text: (run) => run.state, key: (run) => run.state, state: true },
  { name: "Model", text: (run) => run.model ?? "–", key: (run) => run.model ?? "" },
  { name: "Preprocessing", text: (run) => run.prep ?? "–", key: (run) => run.prep ?? "", code: true },
];

// withStudy(): whether the study has runs of its own.
export function createRuns(host, { api, announce }, withStudy) {
  let runs = null,
    sorted = columns.findIndex(({ name }) => name === "Started"),
    falls = true,
    most = STEP,
    gone = false,
    last = "",
    chosen = [];
  const rows = new Map(); // name -> {row, box, text}

  const kind = element(
    "select",
    { id: "runs-kind", onchange: () => look(true) },
    element("option", { value: "" }, "all but folds and trials"),
    element("option", { value: "*" }, "all"),
    ...Object.entries(kinds).map(([value, text]) => element("option", { value }, text)),
  );
  const model = element("select", { id: "runs-model", onchange: show }, element("option", { value: "" }, "all"));
  const words = element("input", {
    id: "runs-words",
    type: "search",
    placeholder: "in name, model, steps",
    autocomplete: "off",
    oninput: show,
  });
  const told = element("p.small", { role: "status" });
  const compare = element("a.button", { hidden: true, href: "#study/runs" }, "Compare the two");
  const heads = columns.map(({ name, number }, i) =>
    element(
      number ? "th.right" : "th",
      { scope: "col" },
      element("button.sort", { type: "button", onclick: () => sort(i) }, name),
    ),
  );
  const body = element("tbody");
  const table = element(
    "table.numbers.runs",
    {},
    element(
      "thead",
      {},
      element("tr", {}, element("th", { scope: "col" }, element("span.unseen", {}, "Compare")), ...heads),
    ),
    body,
  );
  const more = element(
    "button",
    { type: "button", hidden: true, onclick: () => ((most += STEP), show()) },
    "Show more",
  );
  const label = (target, text) => element("label", { for: target.id }, text);
  const scroll = element("div.scroll", { tabindex: "0", role: "region", "aria-label": "The runs" }, table);
  host.replaceChildren(
    element("h2", {}, "Runs"),
    element(
      "p.small",
      {},
      "Every fit, fold, trial and evaluation is kept with its settings, seed, data and time. Choose two to compare them.",
    ),
    element(
      "div.filters-row",
      {},
      element("div.entry", {}, label(kind, "Kind"), kind),
      element("div.entry", {}, label(model, "Model"), model),
      element("div.entry", {}, label(words, "Search"), words),
      compare,
    ),
    told,
    scroll,
    more,
  );

  function sort(i) {
    falls = i === sorted ? !falls : columns[i].falls === true;
    sorted = i;
    show();
    announce(`Sorted by ${columns[i].name}, ${falls ? "falling" : "rising"}`);
  }

  function choose(name, is) {
    chosen = is ? [...chosen, name].slice(-2) : chosen.filter((other) => other !== name);
    for (const [other, { box }] of rows) box.checked = chosen.includes(other);
    compare.hidden = chosen.length !== 2;
    compare.setAttribute("href", `#study/runs/${chosen.join("+")}`);
  }

  function cell(run, { text, link, code, number, state }) {
    const content = text(run);
    if (link) return element("td.run-name", {}, element("a", { href: `#study/runs/${nameOf(run)}` }, content));
    if (state) return element("td", {}, element("span.state", { "data-state": run.state }, content));
    return element(number ? "td.right" : "td", {}, code ? element("code", {}, content) : content);
  }

  // A run's row, made anew only where the run has changed.
  function rowOf(run) {
    const text = JSON.stringify(run),
      name = nameOf(run),
      old = rows.get(name);
    if (old?.text === text) return old.row;
    const box = element("input", {
      type: "checkbox",
      "aria-label": `Compare ${run.name ?? "run"}, number ${name}`,
      checked: chosen.includes(name),
      onchange: (event) => choose(name, event.target.checked),
    });
    const row = element("tr", {}, element("td", {}, box), ...columns.map((column) => cell(run, column)));
    rows.set(name, { row, box, text });
    return row;
  }

  function wanted() {
    const asked = words.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    return runs.filter((run) => {
      if (kind.value === "" && (run.kind === "fold" || run.kind === "trial")) return false;
      if (kind.value && kind.value !== "*" && run.kind !== kind.value) return false;
      if (model.value && run.model !== model.value) return false;
      const text = `${run.name} ${run.model} ${run.prep} ${kindOf(run)}`.toLowerCase();
      return asked.every((word) => text.includes(word));
    });
  }

  function order(a, b) {
    const [x, y] = [a, b].map(columns[sorted].key);
    const [none, nor] = [x, y].map((v) => v === null || v === undefined);
    if (none || nor) return none - nor; // what has no value stays last
    const way = typeof x === "number" ? x - y : String(x).localeCompare(String(y));
    return (falls ? -way : way) || b.id - a.id;
  }

  function show() {
    if (!runs) return;
    const all = wanted().sort(order),
      shown = all.slice(0, most);
    heads.forEach((head, i) =>
      i === sorted
        ? head.setAttribute("aria-sort", falls ? "descending" : "ascending")
        : head.removeAttribute("aria-sort"),
    );
    const next = shown.map(rowOf);
    if (next.length !== body.children.length || next.some((row, i) => row !== body.children[i]))
      body.replaceChildren(...next);
    write(
      told,
      !runs.length
        ? "There are no runs yet. Every training, here or by the program, adds one."
        : `${plural(all.length, "run")}${all.length > shown.length ? `, the first ${count(shown.length)} shown` : ""}` +
            (runs.length >= MOST ? `, among the newest ${count(MOST)}` : ""),
    );
    more.hidden = all.length <= shown.length;
    scroll.hidden = !all.length;
  }

  function offerModels() {
    const names = [...new Set(runs.map((run) => run.model).filter(Boolean))].sort();
    const value = model.value;
    if (model.options.length - 1 === names.length) return;
    model.replaceChildren(
      element("option", { value: "" }, "all"),
      ...names.map((name) => element("option", { value: name }, name)),
    );
    model.value = names.includes(value) ? value : "";
  }

  let asked = 0;
  async function look(anew = false) {
    const mine = ++asked;
    const one = kind.value && kind.value !== "*" ? `&kind=${encodeURIComponent(kind.value)}` : "";
    try {
      const answer = await listRuns(api, `latest=${MOST}${one}`, withStudy());
      const text = JSON.stringify(answer);
      if (gone || mine !== asked) return;
      if (text === last && !anew) return;
      last = text;
      runs = answer;
      if (!one) offerModels();
      show();
    } catch (error) {
      if (gone || error.code === "offline") return;
      write(told, error.message);
      if (error.code === "no_database") clearInterval(timer);
    }
  }

  write(told, "Looking…");
  scroll.hidden = true;
  const end = api.online.subscribe((is) => is && look());
  const timer = setInterval(() => !document.hidden && api.online.value && look(), LOOK);
  return {
    close() {
      gone = true;
      clearInterval(timer);
      end();
    },
  };
}
