// What to train: a model, its preprocessing, its settings and how many images. Everything offered comes from the server's
// catalogue; only what was changed is sent, so that the rest stays the model's own.
import { element } from "../dom.js";
import { count } from "../words.js";

const FIRST = ["net", "epochs", "batch_size", "learning_rate", "optimizer", "dropout"]; // of networks; the rest is folded away
const FEW = 7; // parameters that are shown at once
const IMAGES = 10000; // a training that one wants to watch

// The field of a parameter.
function field(parameter) {
  const id = `set-${parameter.name}`,
    described = `${id}-help`;
  const { type, choices, initial } = parameter;
  const numeric = (type === "integer" || type === "real") && !choices;
  const common = {
    id,
    name: parameter.name,
    "aria-describedby": described,
    "data-initial": initial,
    autocomplete: "off",
  };
  let input;
  if (type === "choice") {
    input = element(
      "select",
      common,
      ...choices.map((word) => element("option", { value: word, selected: word === initial }, word)),
    );
  } else if (type === "text") {
    input = element("textarea", { ...common, rows: "4", spellcheck: "false" }, initial);
  } else {
    input = element(
      "input",
      numeric
        ? {
            ...common,
            type: "number",
            value: initial,
            step: type === "integer" ? "1" : "any",
            min: parameter.minimum,
            max: parameter.maximum,
          }
        : { ...common, type: "text", value: initial, spellcheck: "false" },
    );
  }
  const words = choices && type !== "choice" ? `; or ${choices.join(", ")}` : "";
  return element(
    `div.entry${type === "text" ? ".wide" : ""}`,
    {},
    element("label", { for: id }, parameter.name),
    input,
    element("small", { id: described }, parameter.help + words),
  );
}

// start(wanted) is called with the body of POST /api/trainings; its failure is shown.
export function createForm({ start }) {
  const model = element("select", { id: "train-model", name: "model" });
  const summary = element("p.small", { id: "train-summary" });
  const prep = element("input", {
    id: "train-prep",
    name: "prep",
    type: "text",
    spellcheck: "false",
    autocomplete: "off",
    autocapitalize: "off",
    "aria-describedby": "train-prep-help",
  });
  const own = element("small", { id: "train-prep-help" });
  const steps = element("div.steps", { role: "group", "aria-label": "Preprocessing steps" });
  const images = element("input", {
    id: "train-images",
    name: "limit",
    type: "number",
    min: "100",
    step: "1",
    required: true,
    autocomplete: "off",
    "aria-describedby": "train-images-help",
  });
  const of = element("small", { id: "train-images-help" });
  const settings = element("div.settings");
  const keep = element("input", { type: "checkbox", id: "train-keep", name: "keep" });
  const button = element("button.primary", { type: "submit" }, "Start training");
  const why = element("p.small.why", { hidden: true }, "One training at a time: wait for this one, or stop it.");
  const problem = element("p.notice", { role: "alert", hidden: true });
  const fields = element(
    "fieldset",
    { disabled: true },
    element("legend", {}, "What to train"),
    element("div.entry.wide", {}, element("label", { for: "train-model" }, "Model"), model, summary),
    settings,
    element("div.entry.wide", {}, element("label", { for: "train-prep" }, "Preprocessing"), prep, own, steps),
    element("div.entry.wide", {}, element("label", { for: "train-images" }, "Training images"), images, of),
    element("label.check", { for: "train-keep" }, keep, " Keep it: it joins the models that read your drawings"),
    problem,
    button,
    why,
  );
  const form = element("form.train", { "aria-label": "Start a training" }, fields);
  let catalogue = null,
    running = false,
    starting = false;

  const chosen = () => catalogue.models.find((one) => one.name === model.value);

  function showSteps() {
    const used = prep.value.split(",").map((step) => step.trim().split("=")[0]);
    for (const step of steps.children) step.setAttribute("aria-pressed", used.includes(step.dataset.name));
  }

  // A step joins the chain's end, or leaves the chain.
  function toggle({ name, argument }) {
    const chain = prep.value
      .split(",")
      .map((step) => step.trim())
      .filter((step) => step && step !== "none");
    const without = chain.filter((step) => step.split("=")[0] !== name);
    prep.value = (
      without.length < chain.length ? without : [...chain, argument ? `${name}=${name === "pca" ? 50 : 10}` : name]
    ).join(",");
    showSteps();
  }

  function showModel() {
    const one = chosen();
    summary.textContent = one.summary;
    prep.value = one.prep;
    own.textContent = `its own: ${one.prep}`;
    showSteps();
    const shown = one.parameters.length <= FEW ? one.parameters.map(({ name }) => name) : FIRST;
    const first = shown.map((name) => one.parameters.find((parameter) => parameter.name === name)).filter(Boolean);
    const rest = one.parameters.filter((parameter) => !first.includes(parameter));
    settings.replaceChildren(...first.map(field));
    if (rest.length) {
      settings.append(
        element(
          "details",
          {},
          element("summary", {}, `${rest.length} more settings`),
          element("div.settings", {}, ...rest.map(field)),
        ),
      );
    }
  }

  function changed() {
    const values = {};
    for (const input of settings.querySelectorAll("[data-initial]")) {
      const text = input.value.trim();
      if (text !== input.dataset.initial)
        values[input.name] = input.type === "number" && text !== "" ? Number(text) : text;
    }
    return values;
  }

  function allow() {
    fields.disabled = !catalogue;
    button.disabled = running || starting;
    why.hidden = !running;
  }

  function tell(error) {
    problem.textContent = error?.message ?? "";
    problem.hidden = !error;
  }

  model.addEventListener("change", showModel);
  prep.addEventListener("input", showSteps);
  form.addEventListener(
    "invalid",
    (event) => (event.target.closest("details") ?? {}).open === false && (event.target.closest("details").open = true),
    true,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (running || starting) return;
    starting = true;
    allow();
    tell(null);
    const wanted = {
      model: model.value,
      prep: prep.value.trim() || "none",
      settings: changed(),
      limit: Number(images.value),
      keep: keep.checked,
    };
    try {
      await start(wanted);
    } catch (error) {
      tell(error);
    }
    starting = false;
    allow();
  });

  return {
    element: form,
    offer(answer) {
      catalogue = answer;
      const group = (label, all) =>
        all.length
          ? element("optgroup", { label }, ...all.map((one) => element("option", { value: one.name }, one.title)))
          : null;
      model.replaceChildren(
        ...[
          group(
            "Neural networks",
            answer.models.filter((one) => one.network),
          ),
          group(
            "Other models",
            answer.models.filter((one) => !one.network),
          ),
        ].filter(Boolean),
      );
      if (answer.models.some((one) => one.name === "cnn2")) model.value = "cnn2";
      steps.replaceChildren(
        ...answer.steps.map((step) =>
          element(
            "button.step",
            {
              type: "button",
              "data-name": step.name,
              title: step.summary,
              "aria-pressed": "false",
              onclick: () => toggle(step),
            },
            step.name,
          ),
        ),
      );
      if (answer.images) images.max = String(answer.images);
      images.value = String(Math.min(IMAGES, answer.images ?? IMAGES));
      of.textContent = answer.images
        ? `of ${count(answer.images)}; a part of them is kept back to measure on`
        : "there is no data yet: build/tenfold fetch mnist";
      showModel();
      allow();
    },
    busy(is) {
      running = is;
      allow();
    },
  };
}
