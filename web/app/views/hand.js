// Your hand: digits are asked for one after the other, every model reads each of them, and the end tells how well each does
// with this hand. Nothing of the answers is shown before, so that nobody draws to please a model.
import { element, inkWords, write } from "../dom.js";
import { createPad } from "../pad.js";
import { plural } from "../words.js";
import { showResults } from "./hand_results.js";
import { ROUND, Session } from "./hand_session.js";

export const title = "Your hand · Tenfold";
export const styles = ["/app/views.css"];

// ?digits=4 asks for fewer; for tests and the impatient.
function roundLength() {
  const asked = Number(new URLSearchParams(location.search).get("digits"));
  return Number.isInteger(asked) && asked >= 1 && asked <= 100 ? asked : ROUND;
}

const article = (label) => (label === 8 ? "an" : "a");

export function mount(host, context) {
  const { api, announce } = context;
  const session = new Session(roundLength());
  const ends = [];
  let asking = 0,
    gone = false,
    showing = "round";

  // ---- Its answers, in the background; what failed is asked again when the server is back, and at the end ----

  async function ask(item) {
    asking++;
    try {
      await session.ask(item, api);
      item.problem = null;
    } catch (error) {
      item.problem = error.message;
    }
    asking--;
    if (!gone) refresh();
  }
  const askAll = () => Promise.all(session.unanswered.map(ask));

  // ---- The round ----

  const pad = createPad({ label: "The sheet", changed: refreshButtons, say: announce, theme: context.theme });
  const where = element("p.kicker.number");
  const glyph = element("b.number"),
    before = element("span"),
    word = element("small");
  const wanted = element("p.wanted", {}, before, glyph, " ", word);
  const done = element("button.primary", { type: "button", onclick: accept }, "Next");
  const undo = element("button", { type: "button", onclick: () => pad.undo() }, "Undo");
  const clear = element("button", { type: "button", onclick: () => pad.clear() }, "Clear");
  const skip = element("button.quiet", { type: "button", onclick: pass }, "Skip");
  const results = element("button.quiet", { type: "button", onclick: finish }, "Results");
  const places = element("ol.places", { "aria-label": "All that are asked for" });
  const status = element("p.small", { role: "status" });
  const round = element(
    "div.hand",
    {},
    element(
      "div.hand-main",
      {},
      element("div.ask", {}, where, wanted),
      pad.element,
      element("div.row.hand-buttons", {}, undo, clear, skip, done),
    ),
    element(
      "div.hand-side",
      {},
      places,
      element("div.row", {}, results, status),
      element(
        "p.small.hand-keys",
        {},
        element("kbd", {}, "Enter"),
        " next, ",
        element("kbd", {}, "Z"),
        " undo, ",
        element("kbd", {}, "Delete"),
        " clear, ",
        element("kbd", {}, "S"),
        " skip; on the sheet, arrow keys and ",
        element("kbd", {}, "Space"),
        " draw.",
      ),
    ),
  );
  const end = element("div.hand-end");
  host.replaceChildren(
    element(
      "header.view-head",
      {},
      element("h1", {}, "Your hand"),
      element(
        "p",
        {},
        `How well do the models read you? Draw the ${session.count} digits that are asked for, as you would write ` +
          "them; what the models make of them you see at the end.",
      ),
    ),
    round,
    end,
  );

  function refreshButtons() {
    done.disabled = undo.disabled = clear.disabled = pad.blank;
  }

  function placeOf(item, i) {
    const state = item.strokes ? "drawn" : item.skipped ? "skipped" : "open";
    const name = `${i + 1}: ${article(item.label)} ${item.label}, ${state === "open" ? "not yet drawn" : state}`;
    return element(
      "li",
      {},
      element(
        "button.place",
        {
          type: "button",
          "data-state": state,
          "aria-label": name,
          "aria-current": i === session.at ? "step" : null,
          onclick: () => go(i),
        },
        state === "drawn" || i === session.at ? String(item.label) : "",
      ),
    );
  }

  function refresh() {
    if (showing === "end") return finish();
    places.replaceChildren(...session.items.map(placeOf));
    const drawn = session.drawn.length,
      failed = session.unanswered.find((item) => item.problem);
    results.hidden = !drawn;
    write(status, failed && !asking ? `Not all could be read yet: ${failed.problem}` : "");
    refreshButtons();
  }

  function prompt(speak = true) {
    const { label, strokes } = session.item;
    write(where, `${session.at + 1} of ${session.count}`);
    write(before, `Draw ${article(label)} `);
    write(glyph, String(label));
    write(word, `(${inkWords[label]})`);
    pad.strokes = strokes ?? [];
    pad.describe(`The sheet: draw ${article(label)} ${inkWords[label]}`);
    if (speak) announce(`Draw ${article(label)} ${inkWords[label]}. ${session.at + 1} of ${session.count}.`);
    refresh();
  }

  function go(i) {
    session.at = i;
    session.save();
    prompt();
    pad.focus();
  }

  function onward() {
    if (session.next()) {
      prompt();
      pad.focus();
    } else finish();
  }

  function accept() {
    if (pad.blank) return;
    const { item } = session,
      strokes = pad.strokes;
    if (JSON.stringify(item.strokes) !== JSON.stringify(strokes)) {
      session.keep(strokes);
      ask(item);
    }
    onward();
  }

  function pass() {
    session.skip();
    onward();
  }

  // ---- The end ----

  async function finish() {
    const first = showing !== "end";
    showing = "end";
    round.hidden = true;
    end.hidden = false;
    if (first && session.unanswered.length && !asking) askAll();
    showResults(end, { session, context, asking: asking > 0, again, back, askAll });
    if (first) {
      end.querySelector("h2")?.focus();
      announce(`That was ${plural(session.drawn.length, "digit")}. The results are shown.`);
    }
  }

  function back() {
    showing = "round";
    end.replaceChildren();
    end.hidden = true;
    round.hidden = false;
    if (session.over) session.unskip();
    if (session.item.strokes || session.item.skipped) session.next();
    prompt();
    pad.focus();
  }

  function again() {
    session.restart();
    back();
  }

  function keys(event) {
    const typing = event.target.closest("input, select, textarea, button, a, summary");
    if (showing !== "round" || event.altKey || (typing && event.key === "Enter") || event.defaultPrevented) return;
    const command = event.ctrlKey || event.metaKey;
    const act = command
      ? { z: () => pad.undo() }[event.key.toLowerCase()]
      : { Enter: accept, z: () => pad.undo(), Delete: () => pad.clear(), Backspace: () => pad.clear(), s: pass }[
          event.key
        ];
    if (!act) return;
    event.preventDefault();
    act();
  }
  addEventListener("keydown", keys);
  ends.push(api.online.subscribe((is) => is && session.unanswered.length && !asking && askAll()));
  ends.push(context.models.subscribe(() => showing === "end" && finish()));

  end.hidden = true;
  if (session.over && session.drawn.length) finish();
  else prompt(false);
  return () => {
    gone = true;
    removeEventListener("keydown", keys);
    ends.forEach((stop) => stop());
    pad.close();
  };
}
