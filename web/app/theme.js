// Before anything is painted: the theme chosen last (the report's key too) and the view that the address names. A plain
// script, because modules wait for the whole document.
"use strict";
(() => {
  const root = document.documentElement;
  let theme = null;
  try {
    theme = localStorage.getItem("tenfold-theme");
  } catch {
    // a browser may forbid it; the system's choice holds then
  }
  if (theme !== "light" && theme !== "dark") {
    theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  root.dataset.theme = theme;
  root.dataset.view = /^#(study|training|hand)\b/.exec(location.hash)?.[1] ?? "draw";
  if (theme === "dark") document.querySelector("meta[name=theme-color]").content = "#16181c";
})();
