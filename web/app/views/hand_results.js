// The end of a round of "your hand": each model's accuracy with its interval, what was misread, and the drawings to take
// away or to leave in the server's database.
import { digitPicture, element, list, write } from "../dom.js";
import { idxImages, idxLabels } from "../idx.js";
import { picture } from "../pad.js";
import { plural, save, share, wilson } from "../words.js";

// A model's share of right answers on a line from 0 to 1, its 95 % interval as a bar.
function interval(low, middle, high) {
  const bar = element("i"),
    dot = element("b");
  bar.style.left = `${100 * low}%`;
  bar.style.width = `${100 * (high - low)}%`;
  dot.style.left = `${100 * middle}%`;
  return element("span.interval", { "aria-hidden": "true" }, bar, dot);
}

function scoresTable(session, titleOf) {
  const rows = Object.entries(session.scores()).map(([model, score]) => ({
    model,
    ...score,
    share: score.right / score.all,
  }));
  rows.sort((a, b) => b.share - a.share || titleOf(a.model).localeCompare(titleOf(b.model)));
  const lines = rows.map(({ model, right, all, share: part }) => {
    const [low, high] = wilson(right, all);
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, titleOf(model), element("small", {}, ` ${model}`)),
      element("td", {}, `${right} of ${all}`),
      element("td.part", {}, share(part, 0)),
      element("td.wide", {}, interval(low, part, high)),
      element("td", {}, `${share(low, 0)} to ${share(high, 0)}`),
    );
  });
  return element(
    "div.scroll",
    { tabindex: "0", role: "region", "aria-label": "How well each model read you" },
    element(
      "table.numbers.scores",
      {},
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ...["Model", "Right"].map((head) => element("th", { scope: "col" }, head)),
          element("th.part", { scope: "col" }, "Share"),
          element("td.wide"),
          element("th", { scope: "col" }, "95 % interval"),
        ),
      ),
      element("tbody", {}, ...lines),
    ),
  );
}

const FEW = 4; // models whose names stand in a line

// What was read instead, and by whom: [{what: "1" or in words, models: [names]}], the most frequent first.
function misreadings({ answers, label }) {
  const said = new Map();
  for (const [model, number] of Object.entries(answers)) {
    if (number === String(label)) continue;
    const what = number === "" ? "nothing" : number === "?" ? "no digit" : number;
    said.set(what, [...(said.get(what) ?? []), model]);
  }
  return [...said].map(([what, models]) => ({ what, models })).sort((x, y) => y.models.length - x.models.length);
}

function misreadItem(item) {
  const wrong = misreadings(item),
    all = Object.keys(item.answers).length;
  const who = ({ models }) =>
    models.length === all
      ? all > 1
        ? `all ${all} models`
        : models[0]
      : models.length > FEW
        ? `${models.length} models`
        : list(models);
  const each = element(
    "details",
    {},
    element("summary", {}, "What each said"),
    element(
      "ul.each",
      {},
      ...Object.entries(item.answers).map(([model, number]) =>
        element(
          "li",
          {},
          `${model}: `,
          element("b", {}, number === "" ? "nothing" : number === "?" ? "no digit" : number),
        ),
      ),
    ),
  );
  return element(
    "li",
    {},
    item.seen ? digitPicture(item.seen) : element("span.small", {}, "(nothing found)"),
    element(
      "div",
      {},
      element("b", {}, `Your ${item.label}`),
      element("span", {}, `read as ${wrong.map((one) => `${one.what} by ${who(one)}`).join("; ")}`),
      each,
    ),
  );
}

// The drawings side by side, as the models saw them, with what was asked for above each.
function sheet(items) {
  const columns = Math.min(5, items.length),
    cell = 120,
    head = 26;
  const canvas = element("canvas");
  canvas.width = columns * cell;
  canvas.height = Math.ceil(items.length / columns) * (cell + head);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#1b1d21";
  context.font = "16px system-ui, sans-serif";
  context.imageSmoothingEnabled = false;
  items.forEach(({ label, seen }, i) => {
    const x = (i % columns) * cell,
      y = Math.floor(i / columns) * (cell + head);
    context.fillText(String(label), x + 8, y + 20);
    context.drawImage(digitPicture(seen), x + 4, y + head, cell - 8, cell - 8);
  });
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

// session, context: the view's; asking: whether answers are still under way; again(), back(), askAll(): what its buttons do.
export function showResults(host, { session, context, asking, again, back, askAll }) {
  const models = context.models.value?.models ?? [];
  const titleOf = (name) => models.find((model) => model.name === name)?.title ?? name;
  const { drawn, unanswered } = session,
    answered = drawn.filter((item) => item.answers);
  const seen = answered.filter((item) => item.seen);
  const missed = answered.filter((item) => misreadings(item).length);
  const right = answered.filter((item) => !misreadings(item).length);
  const skipped = session.items.filter((item) => item.skipped).length,
    open = session.count - drawn.length - skipped;
  const status = element("p.small", { role: "status" });

  async function keepAll(event) {
    event.target.disabled = true;
    let kept = 0;
    try {
      for (const item of seen) {
        if (item.kept === null) {
          const given = Object.fromEntries(
            Object.entries(item.answers).map(([model, number]) => [model, /^\d$/.test(number) ? Number(number) : null]),
          );
          const { id } = await context.api.post("/api/corrections", {
            image: picture(item.strokes),
            digit: item.digit,
            label: item.label,
            given,
          });
          item.kept = id;
          session.save();
        }
        write(status, `Kept ${++kept} of ${seen.length}.`);
      }
    } catch (error) {
      write(status, `Kept ${kept} of ${seen.length}; the next could not be: ${error.message}`);
      event.target.disabled = false;
      return;
    }
    write(status, `All ${seen.length} are kept with those that were corrected.`);
    context.announce(status.textContent);
  }

  const heading = element("h2", { tabindex: "-1" }, open ? "So far" : "How well they read you");
  const told = [
    plural(drawn.length, "digit") + " drawn",
    skipped ? `${skipped} skipped` : "",
    open ? `${open} not yet drawn` : "",
  ];
  const parts = [heading, element("p.soft", {}, `${told.filter(Boolean).join(", ")}.`)];
  if (!drawn.length) parts.push(element("p.rest", {}, "Nothing was drawn, so there is nothing to read."));
  if (asking) parts.push(element("p.soft", { role: "status" }, `${plural(unanswered.length, "drawing")} being read…`));
  else if (unanswered.length) {
    parts.push(
      element(
        "p.notice",
        { role: "alert" },
        `${plural(unanswered.length, "drawing")} could not be read: ${unanswered[0].problem ?? "not asked yet."} `,
        element("button", { type: "button", onclick: askAll }, "Try again"),
      ),
    );
  }
  if (answered.length) {
    parts.push(
      scoresTable(session, titleOf),
      element(
        "p.small",
        {},
        `With ${plural(answered.length, "digit")} the intervals (Wilson's) are wide: models whose bars overlap may well be equal.`,
      ),
    );
    parts.push(
      element(
        "h3",
        {},
        missed.length ? `${plural(missed.length, "drawing")} misread` : "None was misread by any model",
      ),
    );
    if (missed.length) {
      parts.push(element("ul.digits.misread", {}, ...missed.map(misreadItem)));
    }
    if (right.length) {
      parts.push(
        element("h3", {}, missed.length ? "Read rightly by all" : "Your digits"),
        element(
          "ul.hand-right",
          {},
          ...right.map((item) => element("li", {}, digitPicture(item.seen, `Your ${item.label}`))),
        ),
      );
    }
  }
  if (seen.length) {
    const bytes = seen.map((item) => item.seen);
    const file = (name, data) => () => save(name, new Blob([data()], { type: "application/octet-stream" }));
    const allKept = seen.every((item) => item.kept !== null);
    if (allKept) write(status, `All ${seen.length} are kept with those that were corrected.`);
    parts.push(
      element("h3", {}, "Take them with you"),
      element(
        "p.small",
        {},
        "In MNIST's own format, 28 by 28 pixels a digit, as the models saw them; or as a picture.",
      ),
      element(
        "div.row",
        {},
        element(
          "button",
          { type: "button", onclick: file("hand-images-idx3-ubyte", () => idxImages(bytes)) },
          "Images (IDX)",
        ),
        element(
          "button",
          { type: "button", onclick: file("hand-labels-idx1-ubyte", () => idxLabels(seen.map((item) => item.label))) },
          "Labels (IDX)",
        ),
        element(
          "button",
          { type: "button", onclick: async () => save("hand.png", await sheet(seen)) },
          "Picture (PNG)",
        ),
        element("button", { type: "button", disabled: allKept, onclick: keepAll }, "Keep them on the server"),
      ),
      status,
    );
  }
  parts.push(
    element(
      "div.row.hand-again",
      {},
      element("button.primary", { type: "button", onclick: again }, "Another round"),
      open || skipped
        ? element("button", { type: "button", onclick: back }, open ? "Go on drawing" : "Draw the skipped")
        : null,
    ),
  );
  const focused = host.contains(document.activeElement) && document.activeElement.tagName === "H2";
  host.replaceChildren(...parts);
  if (focused) heading.focus();
}
