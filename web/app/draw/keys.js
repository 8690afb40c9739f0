// Keyboard shortcuts and the dialog that lists them. Keys without Ctrl can be switched off: speech input and shaky
// hands press them unasked.

import { element } from "../dom.js";

const STORED = "tenfold-keys";

function stored() {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}

function store(on) {
  try {
    localStorage.setItem(STORED, on ? "on" : "off");
  } catch {
    // as long as the page lasts
  }
}

const lines = [
  [["Ctrl", "Z"], "Undo"],
  [["Ctrl", "Shift", "Z"], "Redo"],
  [["Delete"], "Clear the sheet"],
  [["E"], "Eraser, or pen again"],
  [["+"], "Wider pen"],
  [["\u2212"], "Thinner pen"],
  [["X"], "An example"],
  [["T"], "A test image"],
  [["P"], "Choose a picture"],
  [["0"], "…", ["9"], "“That was wrong, it is this digit”"],
  [["?"], "This list"],
];

function fill(dialog, single) {
  const keys = (names) =>
    names.flatMap((name, i) => (i ? [" ", element("kbd", {}, name)] : [element("kbd", {}, name)]));
  const rows = lines.map((line) =>
    element(
      "div",
      {},
      element("dt", {}, ...keys(line[0]), ...(line.length > 2 ? [" … ", ...keys(line[2])] : [])),
      element("dd", {}, line[line.length - 1]),
    ),
  );
  const box = element("input", { type: "checkbox", id: "single-keys" });
  box.checked = single.on;
  box.onchange = () => store((single.on = box.checked));
  dialog.append(
    element("h2", { id: "help-title" }, "Keys"),
    element("dl.keys", {}, ...rows),
    element(
      "p.small",
      {},
      "On the sheet itself, arrow keys move the pen (with Shift in small steps) and ",
      element("kbd", {}, "Space"),
      " puts it down or lifts it. Pictures can also be dropped on the page or pasted.",
    ),
    element("label.row.small", {}, box, "Keys without Ctrl work everywhere on this page"),
    element("form", { method: "dialog" }, element("button.primary", { autofocus: true }, "Close")),
  );
}

export function setUpKeys(dialog, opener, active, actions) {
  const single = { on: stored() };
  const open = () => {
    if (!dialog.firstChild) fill(dialog, single);
    dialog.showModal();
  };
  opener.addEventListener("click", open);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it

  const plain = {
    Delete: actions.clear,
    Backspace: actions.clear,
    e: actions.eraser,
    "+": actions.wider,
    "=": actions.wider,
    "-": actions.thinner,
    x: actions.example,
    t: actions.testImage,
    p: actions.choose,
    "?": open,
  };
  addEventListener("keydown", (event) => {
    if (!active() || dialog.open || event.defaultPrevented || event.altKey) return;
    if (event.target.closest?.("select, textarea, input:not([type=range], [type=file])")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    let action = null;
    if (event.ctrlKey || event.metaKey) {
      if (key === "z") action = event.shiftKey ? actions.redo : actions.undo;
      if (key === "y") action = actions.redo;
    } else if (single.on && !event.repeat) {
      action = /^[0-9]$/.test(key) ? () => actions.keep(Number(key)) : plain[key];
    }
    if (!action) return;
    event.preventDefault();
    action();
  });
}
