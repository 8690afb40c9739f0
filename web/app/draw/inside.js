// Inside a network: which pixels speak for its answer, and what its first layers make of the digit.

import { digitPicture, element, fromBase64, paint, percent, inkWords, write } from "../dom.js";
import { Panel } from "./panel.js";

const GAP = 1; // pixels between two maps
const kinds = {
  conv: "Convolution",
  relu: "ReLU",
  maxpool: "Max pooling",
  avgpool: "Average pooling",
  dense: "Dense",
  batchnorm: "Normalised",
};

// "rgb(…)" or "#rrggbb" as three numbers.
function colourOf(name) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  context.fillRect(0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data;
}

export class Inside extends Panel {
  #answer = null;
  #kind = null;
  constructor(api) {
    super("inside", "Inside the network", "Draw, to see what a network’s first layers make of it.");
    this.api = api;
    this.choice = element("select", { "aria-label": "Network" });
    this.choice.onchange = () => this.again();
    this.seen = digitPicture(null, "What the network saw");
    this.saliency = element("canvas.plain", { role: "img", "aria-label": "Saliency" });
    this.kinds = element("div.row.kinds", { role: "group", "aria-label": "Layer" });
    this.maps = element("canvas.digit.maps", { role: "img", "aria-label": "Feature maps" });
    this.maps.width = this.maps.height = 1;
    this.caption = element("p.small");
    this.heading.after(this.choice);
    this.body.append(
      element(
        "div.pair",
        {},
        element("figure", {}, this.seen, element("figcaption.small", {}, "Seen")),
        element(
          "figure",
          {},
          this.saliency,
          element(
            "figcaption.small",
            {},
            element("span.for", {}, "for"),
            " and ",
            element("span.against", {}, "against"),
            " its answer",
          ),
        ),
      ),
      this.kinds,
      this.maps,
      this.caption,
    );
    this.clear();
  }
  models(models) {
    const networks = models.filter(({ network }) => network);
    const chosen = this.choice.value;
    const names = JSON.stringify(networks.map(({ name }) => name));
    if (names === this.names) return;
    this.names = names;
    this.choice.replaceChildren(
      ...networks.map(({ name, title }) => element("option", { value: name }, title ?? name)),
    );
    if (networks.some(({ name }) => name === chosen)) this.choice.value = chosen;
    this.choice.hidden = !networks.length;
    this.hint = networks.length
      ? "Draw, to see what a network’s first layers make of it."
      : "There is no network among the models yet.";
    if (!this.#answer) this.say(this.hint);
  }
  async ask(body, digit) {
    if (!this.choice.value) return () => this.clear();
    const answer = await this.api.post(
      `/api/inspect?model=${encodeURIComponent(this.choice.value)}&digit=${digit}`,
      body,
    );
    return () => {
      this.#answer = answer;
      this.#show();
    };
  }
  clear() {
    super.clear();
    this.#answer = null;
    this.body.hidden = true;
  }
  redraw() {
    if (this.#answer) this.#show();
  }
  #show() {
    const { seen, saliency, layers, label, probabilities } = this.#answer;
    this.body.hidden = false;
    paint(this.seen, seen);
    this.#showSaliency(seen, saliency);
    const pictured = layers.filter(({ height, width }) => height > 1 && width > 1);
    if (!pictured.some(({ layer }) => layer === this.#kind)) {
      this.#kind = (pictured.find(({ kind }) => kind === "relu") ?? pictured[0])?.layer ?? null;
    }
    this.#showKinds(pictured);
    const layer = pictured.find((one) => one.layer === this.#kind);
    this.maps.hidden = !layer;
    if (layer) this.#showMaps(layer);
    this.say(
      label === null ? "It sees no digit." : `It reads ${inkWords[label]}, ${percent(probabilities[label])} sure.`,
    );
  }
  #showSaliency(seen, { height, width, values }) {
    const signed = new Int8Array(fromBase64(values).buffer);
    if (this.saliency.width !== width || this.saliency.height !== height)
      Object.assign(this.saliency, { width, height });
    const context = this.saliency.getContext("2d");
    const image = context.createImageData(width, height);
    const [raising, lowering, ink] = [colourOf("--contrast"), colourOf("--accent"), colourOf("--soft")];
    for (let i = 0; i < signed.length; i++) {
      const strength = Math.min(1, Math.abs(signed[i]) / 110),
        shade = ((seen[i] ?? 0) / 255) * 0.3;
      const colour = signed[i] > 0 ? raising : lowering,
        alpha = strength + shade * (1 - strength);
      for (let k = 0; k < 3; k++) {
        image.data[4 * i + k] = alpha ? (colour[k] * strength + ink[k] * shade * (1 - strength)) / alpha : 0;
      }
      image.data[4 * i + 3] = 255 * alpha;
    }
    context.putImageData(image, 0, 0);
  }
  #showKinds(layers) {
    const key = layers.map(({ layer, text }) => `${layer} ${text}`).join();
    if (key !== this.kindsKey) {
      this.kindsKey = key;
      this.kinds.replaceChildren(
        ...layers.map(({ layer, kind }) =>
          element(
            "button",
            {
              type: "button",
              "data-layer": String(layer),
              onclick: () => {
                this.#kind = layer;
                this.#show();
              },
            },
            kinds[kind] ?? kind,
          ),
        ),
      );
    }
    for (const button of this.kinds.children) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.layer) === this.#kind));
    }
  }
  // All maps side by side on one canvas.
  #showMaps({ height, width, channels, values, text, low, high }) {
    const bytes = fromBase64(values);
    const columns = channels <= 8 ? 4 : 8,
      rows = Math.ceil(channels / columns);
    const wide = columns * (width + GAP) - GAP,
      tall = rows * (height + GAP) - GAP;
    const all = new Uint8Array(wide * tall);
    for (let c = 0; c < channels; c++) {
      const left = (c % columns) * (width + GAP),
        top = Math.floor(c / columns) * (height + GAP);
      for (let y = 0; y < height; y++) {
        all.set(bytes.subarray((c * height + y) * width, (c * height + y + 1) * width), (top + y) * wide + left);
      }
    }
    paint(this.maps, all, wide, tall);
    this.maps.style.aspectRatio = `${wide} / ${tall}`;
    this.maps.setAttribute("aria-label", `${channels} maps of ${height} by ${width}, after ${text}`);
    write(
      this.caption,
      `${channels} maps of ${height}\u202f×\u202f${width}, ${low.toFixed(1)} (blank) to ${high.toFixed(1)} (ink).`,
    );
  }
}
