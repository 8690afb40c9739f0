// One training watched: its events (docs/api.md) become a line of what is done now, two charts, the first layer's filters
// and the worst mistakes of any epoch, and at the end what came of it.
import { createChart } from "../chart.js";
import { digitPicture, element, fromBase64, write } from "../dom.js";
import { paintSigned } from "../pixels.js";
import { count, duration, number, plural, settingsText, share, shareTick } from "../words.js";

const SHOWN = 64; // filters

const endings = { done: "Done", failed: "Failed", stopped: "Stopped", running: "Running", lost: "Interrupted" };

// Columns that make of `many` tiles a picture about twice as wide as high.
const columnsFor = (many) => Math.min(many, Math.max(4, Math.ceil(Math.sqrt(many * 2) / 4) * 4));

function filtersPicture(filters) {
  const { height, width, channels = 1, units: all = filters.count } = filters;
  const bytes = new Int8Array(fromBase64(filters.values).buffer);
  const size = height * width,
    shown = Math.min(filters.count, SHOWN);
  const maps = Array.from({ length: shown }, (_, i) => bytes.subarray(i * channels * size, i * channels * size + size));
  const canvas = element("canvas.filters", {
    role: "img",
    "aria-label": `${shown} filters of ${height} by ${width} pixels of the layer ${filters.text}: blue below zero, orange above`,
  });
  paintSigned(canvas, maps, height, width, columnsFor(shown));
  return [
    canvas,
    element(
      "p.small",
      {},
      `${filters.text}: ${shown < all ? `${shown} of its ${count(all)}` : `its ${count(shown)}`} ` +
        `filters; blue below zero, orange above, the strongest colour is ${number(filters.scale, 2)}.`,
    ),
  ];
}

const mistakeItem = ({ index, truth, predicted, probability, image }) =>
  element(
    "li",
    {},
    digitPicture(image),
    element(
      "span",
      {},
      element("b", {}, `${truth} read as ${predicted}`),
      ` ${share(probability, 1)} sure`,
      element("small", {}, `image ${count(index)}`),
    ),
  );

// ended() is called when the training's state may have changed, stop(id) to stop it.
export function createWatch(context, { ended, stop }) {
  const root = element("section.watch", { "aria-label": "The training", tabindex: "-1" });
  let source = null,
    id = null,
    kept = null,
    given = null,
    charts = [],
    parts = null,
    tick = null;
  let begin, epochs, progress, stage, state, picked, since;

  function reset() {
    [begin, epochs, progress, stage, picked, since] = [null, [], null, null, null, null];
    state = "running";
  }

  function close() {
    source?.close();
    source = null;
    clearInterval(tick);
    charts.forEach((chart) => chart.close());
    charts = [];
  }

  // ---- What is done now ----

  function secondsLeft() {
    if (!progress || !(progress.total > 0)) return null;
    const inStage = progress.done / progress.total;
    const all = begin?.epochs;
    if (all && epochs.length) {
      const each = epochs.reduce((sum, one) => sum + one.seconds, 0) / epochs.length;
      return Math.max(0, each * (all - epochs.length - (progress.epoch > epochs.length ? inStage : 0)));
    }
    const spent = (performance.now() - since) / 1000;
    if (spent < 1 || inStage < 0.02) return null;
    return (spent * (1 - inStage)) / inStage + (all ? (all - 1) * (spent / inStage) : 0);
  }

  function showProgress() {
    if (!parts) return;
    const all = begin?.epochs,
      running = state === "running";
    const inStage = progress?.total > 0 ? progress.done / progress.total : 0;
    const part = all ? (epochs.length + (progress?.epoch > epochs.length ? inStage : 0)) / all : inStage;
    parts.bar.hidden = !running;
    parts.now.hidden = !running;
    if (!running) return;
    if (progress || epochs.length) parts.bar.value = Math.min(1, part);
    else parts.bar.removeAttribute("value");
    const left = secondsLeft();
    const what =
      progress?.epoch && all
        ? `Epoch ${Math.min(all, progress.epoch)} of ${all}`
        : (progress?.stage ?? "Getting ready");
    const done =
      progress?.total > 0 ? `${count(progress.done)} of ${count(progress.total)} ${progress.unit ?? ""}` : null;
    const score =
      progress?.score_name && Number.isFinite(progress.score)
        ? `${progress.score_name} ${number(progress.score)}`
        : null;
    write(
      parts.now,
      [what, done, score, left === null ? null : `about ${duration(Math.max(1, left))} left`]
        .filter(Boolean)
        .join(" · "),
    );
  }

  // ---- Epochs ----

  function showEpoch() {
    const last = epochs.length;
    if (!last || !parts) return;
    const which = picked ?? last,
      one = epochs[which - 1];
    parts.look.hidden = !one.filters && !one.mistakes?.length;
    parts.slider.max = String(last);
    parts.slider.value = String(which);
    write(parts.which, `${which}${which === last ? " (the last)" : ""}`);
    parts.slider.setAttribute("aria-valuetext", `epoch ${which} of ${last}`);
    parts.pick.hidden = last < 2;
    parts.filters.hidden = !one.filters;
    if (one.filters)
      parts.filters.replaceChildren(
        element("h3", {}, "What the first layer looks for"),
        ...filtersPicture(one.filters),
      );
    const mistakes = one.mistakes ?? [];
    parts.mistakes.replaceChildren(
      element("h3", {}, "Its worst mistakes"),
      mistakes.length
        ? element("ol.digits", {}, ...mistakes.map(mistakeItem))
        : element("p.small", {}, "None on the images kept back."),
    );
  }

  function showCharts() {
    if (!epochs.length) return;
    if (!charts.length) {
      parts.charts.hidden = false;
      const x = { title: "epoch", text: (v) => String(v), whole: true };
      charts = [
        createChart(parts.loss, {
          title: "Loss",
          x,
          y: { text: (v) => number(v), floor: 0, zero: true },
          series: [
            { key: "loss", name: "training", tone: 0 },
            { key: "validation_loss", name: "validation", tone: 1, dashed: true },
          ],
        }),
        createChart(parts.accuracy, {
          title: "Accuracy",
          x,
          y: { text: shareTick, floor: 0, ceiling: 1 },
          series: [
            { key: "accuracy", name: "training", tone: 0 },
            { key: "validation_accuracy", name: "validation", tone: 1, dashed: true },
          ],
        }),
      ];
    }
    const rows = epochs.map((one) => ({ ...one, x: one.epoch }));
    const last = state === "running" ? (begin?.epochs ?? undefined) : epochs.at(-1).epoch;
    charts.forEach((chart) => chart.update(rows, { last }));
  }

  // ---- Its end ----

  function finish(next, ...content) {
    state = next;
    source?.close();
    source = null;
    clearInterval(tick);
    parts.stop.hidden = true;
    parts.state.dataset.state = next;
    write(parts.state, endings[next]);
    parts.result.replaceChildren(...content);
    parts.result.hidden = !content.length;
    showProgress();
    showCharts();
  }

  const fact = (name, value, more) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value, more ? element("small", {}, more) : null));

  function done(row) {
    const between = Number.isFinite(row.accuracy_low)
      ? `95 % interval ${share(row.accuracy_low)} to ${share(row.accuracy_high)}`
      : null;
    finish(
      "done",
      element(
        "dl.findings",
        {},
        fact("Right", share(row.accuracy), between),
        fact("Measured on", plural(row.test_count ?? row.count, "image"), "kept back from training"),
        fact("Training", duration(row.fit_seconds), `${count(row.train_count)} images`),
        fact("Numbers learned", count(row.parameters)),
      ),
      kept
        ? element(
            "p",
            {},
            "It now reads your drawings too, as ",
            element("code", {}, kept),
            ": ",
            element("a", { href: "#draw" }, "draw something"),
            ".",
          )
        : "",
    );
    context.announce(`The training is done: ${share(row.accuracy)} right.`);
    ended();
  }

  // ---- The stream ----

  // A stream that breaks is opened again by the browser, and then starts from the first event.
  function listen() {
    const events = {
      begin(data) {
        reset();
        begin = data;
        since = performance.now();
        write(parts.summary, data.summary ?? "");
        parts.layers.hidden = !data.summary;
        write(parts.all, settingsText(data.settings));
        parts.everything.hidden = !parts.all.textContent;
        write(
          parts.with,
          [
            data.prep && `preprocessing ${data.prep}`,
            settingsText(given),
            data.train_count && `${count(data.train_count)} images`,
          ]
            .filter(Boolean)
            .join(" · "),
        );
        write(parts.state, endings.running);
        parts.state.dataset.state = "running";
      },
      progress(data) {
        if (data.stage !== stage) {
          stage = data.stage;
          since = performance.now();
        }
        progress = { ...data, epoch: Number(/epoch (\d+)/.exec(data.stage ?? "")?.[1] ?? 0) };
        showProgress();
      },
      epoch(data) {
        epochs.push(data);
        parts.stale = true;
        showProgress();
        requestAnimationFrame(() => {
          // a replay brings many at once
          if (!parts?.stale) return;
          parts.stale = false;
          showCharts();
          if (picked === null) showEpoch();
          else parts.slider.max = String(epochs.length);
        });
      },
      done,
      failed(data) {
        finish("failed", element("p.notice", { role: "alert" }, data.message));
        ended();
      },
      stopped() {
        finish(
          "stopped",
          element(
            "p",
            {},
            epochs.length
              ? `Stopped after ${plural(epochs.length, "epoch")}.`
              : "Stopped before its first epoch was over.",
          ),
        );
        context.announce("The training has stopped.");
        ended();
      },
    };
    source = new EventSource(`/api/trainings/${id}/events`);
    for (const [name, handle] of Object.entries(events))
      source.addEventListener(name, (event) => handle(JSON.parse(event.data || "{}")));
    source.addEventListener("error", () => {
      if (source?.readyState === EventSource.CLOSED)
        ended(); // refused: the list tells what became of it
      else write(parts.now, "Waiting for the server…");
    });
  }

  function build(title) {
    const at = (parts = {
      state: element("span.state", { "data-state": "running" }, endings.running),
      with: element("p.small"),
      bar: element("progress", { max: "1", "aria-label": "Training" }),
      now: element("p.now"),
      stop: element(
        "button",
        {
          type: "button",
          onclick: async () => {
            at.stop.disabled = true;
            try {
              await stop(id);
            } catch (error) {
              at.stop.disabled = false;
              write(at.now, error.message);
            }
          },
        },
        "Stop",
      ),
      result: element("div.result", { hidden: true }),
      loss: element("div"),
      accuracy: element("div"),
      slider: element("input", {
        type: "range",
        min: "1",
        max: "1",
        step: "1",
        id: "watch-epoch",
        oninput: (event) => {
          const value = Number(event.target.value);
          picked = value === epochs.length ? null : value;
          showEpoch();
        },
      }),
      which: element("output", { for: "watch-epoch" }),
      filters: element("div.watch-filters", { hidden: true }),
      mistakes: element("div.watch-mistakes"),
      summary: element("code"),
      all: element("p.small"),
    });
    at.charts = element("div.charts", { hidden: true }, at.loss, at.accuracy);
    at.pick = element(
      "p.pick",
      { hidden: true },
      element("label", { for: "watch-epoch" }, "After epoch"),
      at.slider,
      at.which,
    );
    at.look = element(
      "div.shown-epoch",
      { hidden: true },
      at.pick,
      element("div.look-pair", {}, at.filters, at.mistakes),
    );
    at.layers = element(
      "details.layers",
      { hidden: true },
      element("summary", {}, "Its layers"),
      element(
        "div.scroll",
        { tabindex: "0", role: "region", "aria-label": "Its layers" },
        element("pre", {}, at.summary),
      ),
    );
    at.everything = element("details.layers", { hidden: true }, element("summary", {}, "All its settings"), at.all);
    root.replaceChildren(
      element("div.watch-head", {}, element("h2", {}, title), at.state, at.stop),
      at.with,
      at.bar,
      at.now,
      at.result,
      at.charts,
      at.look,
      at.layers,
      at.everything,
    );
  }

  return {
    element: root,
    close,
    follow(training, title) {
      close();
      id = training.id;
      given = training.settings;
      kept = training.name ?? null; // that it will have among the models
      reset();
      build(title);
      parts.stop.hidden = training.state !== "running";
      listen();
      tick = setInterval(showProgress, 1000);
      showProgress();
    },
    // What the list of trainings says of this one: a stream that was refused has no other end.
    known(training) {
      if (!parts || !training || state !== "running" || source?.readyState !== EventSource.CLOSED) return;
      if (training.state === "running") listen();
      else finish(training.state, element("p", {}, "The server no longer has its events."));
    },
    // Nothing to watch; `why` in words, or null.
    rest(why) {
      const text =
        why ??
        "Nothing has been trained here yet. Start a training, and its curves grow here while it runs; a small " +
          "network on 10,000 images takes some seconds.";
      close();
      parts = null;
      if (root.textContent !== text) root.replaceChildren(element("div.rest", {}, element("p", {}, text)));
    },
  };
}
