// The page's frame: routes, theme, the list of models, what is said to screen readers, and the banner for a lost
// server.
//
// A view is a module views/NAME.js, shown at #NAME (or #NAME/rest), that exports
//   title     of the document while it is shown
//   mount(element, context)  fills the element; may return unmount(), called before the element is emptied on leaving
//   styles    optional: addresses of style sheets that it needs; it is shown when they are there
//   keeps     optional: true if the element is only hidden on leaving, and mount called once
// context = {
//   api       api.js: get, post, remove, request, ApiError, online (observable: whether the server answers)
//   models    observable: the last answer of /api/models, kept fresh; null before the first
//   announce(text)  says it to a screen reader, politely, the newest alone
//   theme     observable: "light" or "dark"
//   route     observable: what stands behind #NAME/ in the address, "" if nothing
// }

import * as api from "./api.js";
import { observable } from "./observable.js";

const VIEWS = ["draw", "study", "training", "hand"];
const root = document.documentElement;
const at = (id) => document.getElementById(id);

// ---- Theme ----

const theme = observable(root.dataset.theme);

function setUpTheme() {
  const button = at("theme");
  theme.subscribe((name) => {
    root.dataset.theme = name;
    const dark = name === "dark";
    button.setAttribute("aria-label", dark ? "Change to the light theme" : "Change to the dark theme");
    button.title = button.getAttribute("aria-label");
    document.querySelector("meta[name=theme-color]").content = dark ? "#16181c" : "#fdfcf9";
  });
  button.addEventListener("click", () => {
    theme.set(theme.value === "dark" ? "light" : "dark");
    try {
      localStorage.setItem("tenfold-theme", theme.value);
    } catch {
      // a browser may forbid it; the choice then lasts as long as the page
    }
  });
  // whoever never chose follows the system
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
    try {
      if (localStorage.getItem("tenfold-theme")) return;
    } catch {
      // as above
    }
    theme.set(event.matches ? "dark" : "light");
  });
}

// ---- Said to screen readers ----

let speaking;
function announce(text) {
  clearTimeout(speaking);
  at("announcer").textContent = "";
  // a change of nothing to the same text is heard again
  speaking = setTimeout(() => (at("announcer").textContent = text), 60);
}

// ---- Models ----

const models = observable(null);
// Of models with the same title each is told by its preprocessing, too.
function toldApart(list) {
  const times = new Map();
  for (const { title } of list) times.set(title, (times.get(title) ?? 0) + 1);
  return list.map((model) =>
    times.get(model.title) > 1 ? { ...model, title: `${model.title} (${model.prep.replaceAll(",", ", ")})` } : model,
  );
}
const OFTEN = 1000, SELDOM = 15000; // milliseconds between two looks: while models are being made, and otherwise

let wake = () => {};
const rest = (milliseconds) => new Promise((resolve) => {
  const timer = setTimeout(resolve, milliseconds);
  wake = () => (clearTimeout(timer), resolve());
});
const awake = () => api.online.value && !document.hidden;

async function followModels() {
  api.online.subscribe((is) => is && wake());
  document.addEventListener("visibilitychange", () => document.hidden || wake());
  for (let last = ""; ; ) {
    let pause = SELDOM;
    try {
      const answer = awake() ? await api.get("/api/models") : models.value;
      const text = JSON.stringify(answer);
      if (text !== last) models.set(answer && { ...answer, models: toldApart(answer.models) });
      last = text;
      const coming = answer?.preparing.some(({ state }) => state !== "failed") || !answer?.models.length;
      if (coming && awake()) pause = OFTEN;
    } catch {
      // the banner tells it; asked again when the server is back
    }
    await rest(pause);
  }
}

// ---- Routes ----

const route = observable("");
const context = { api, models, announce, theme, route };
const shown = { name: null, unmount: null };
const mounted = new Set();

const styleSheet = (href) => new Promise((resolve) => {
  if (document.querySelector(`link[href="${href}"]`)) return resolve();
  const link = document.createElement("link");
  Object.assign(link, { rel: "stylesheet", href, onload: resolve, onerror: resolve });
  document.head.append(link);
});

function parse(hash) {
  const [name, ...rest] = decodeURIComponent(hash.slice(1)).split("/");
  return VIEWS.includes(name) ? [name, rest.join("/")] : ["draw", ""];
}

async function go() {
  const [name, rest] = parse(location.hash);
  if (name === shown.name) return route.set(rest);
  leave();
  const first = shown.name === null;
  Object.assign(shown, { name, keeps: false });
  route.set(rest);
  root.dataset.view = name;
  for (const link of document.querySelectorAll("#navigation a[href^='#']")) {
    if (parse(link.hash)[0] === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const element = document.querySelector(`.view[data-view=${name}]`);
  try {
    const view = await import(`./views/${name}.js`);
    await Promise.all((view.styles ?? []).map(styleSheet));
    if (shown.name !== name) return; // left in the meantime
    document.title = view.title;
    if (!mounted.has(name)) {
      mounted.add(name);
      shown.unmount = view.mount(element, context) ?? null;
    }
    shown.keeps = view.keeps === true;
  } catch (error) {
    element.replaceChildren(Object.assign(document.createElement("p"), {
      className: "notice", textContent: `This part of the page could not be shown: ${error.message}`,
    }));
  }
  if (!first) {
    scrollTo(0, 0);
    at("main").focus({ preventScroll: true });
    announce(document.title);
  }
}

function leave() {
  if (!mounted.has(shown.name) || shown.keeps) return;
  shown.unmount?.();
  shown.unmount = null;
  mounted.delete(shown.name);
  document.querySelector(`.view[data-view=${shown.name}]`).replaceChildren();
}

// ---- The server gone and back ----

function setUpBanner() {
  let gone = false;
  api.online.subscribe((is) => {
    at("banner").hidden = is;
    if (!is) announce("The server does not answer. The page goes on by itself when it is back.");
    else if (gone) announce("The server is back.");
    gone = !is;
  });
}

// The link to skip by leads past the bar, not to another view.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  at("main").focus();
});
setUpTheme();
setUpBanner();
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address names the view
  at("main").focus();
});
addEventListener("hashchange", go);
go();
followModels();
