// Training from the page: what to train, one training watched as it goes, and those before. The address names the training
// that is watched (#training/3); its events come from the first one on, so that a reload misses nothing.
import { element } from "../dom.js";
import { moment, settingsText, share } from "../words.js";
import { createForm } from "./training_form.js";
import { createWatch } from "./training_watch.js";

export const title = "Train a model · Tenfold";
export const styles = ["/app/views.css"];

const LOOK = 4000; // milliseconds between two looks for what others have started
const states = { running: "running", done: "done", failed: "failed", stopped: "stopped" };

export function mount(host, context) {
  const { api, route } = context;
  const ends = [];
  let catalogue = null,
    trainings = [],
    watched = null,
    gone = false;

  const watch = createWatch(context, { ended: refresh, stop });
  const form = createForm({ start });
  const past = element("div.past");
  const problem = element("p.notice", { role: "alert", hidden: true });
  host.replaceChildren(
    element(
      "header.view-head",
      {},
      element("h1", {}, "Train a model"),
      element(
        "p",
        {},
        "Choose one, start it, and watch it learn: how its errors fall, what its first layer looks for, and " +
          "which digits it gets most wrong.",
      ),
    ),
    problem,
    element("div.training", {}, form.element, watch.element, past),
  );

  const titleOf = (name) => catalogue?.models.find((model) => model.name === name)?.title ?? name;

  function showPast() {
    if (!trainings.length) {
      past.replaceChildren();
      return;
    }
    const chosen = Number(watched);
    const items = [...trainings]
      .sort((a, b) => b.id - a.id)
      .map((one) =>
        element(
          "li",
          {},
          element(
            "a",
            { href: `#training/${one.id}`, "aria-current": one.id === chosen ? "true" : null },
            element("b", {}, titleOf(one.model)),
            element("span.state", { "data-state": one.state }, states[one.state] ?? one.state),
            element(
              "small",
              {},
              [
                moment(one.started),
                one.prep,
                settingsText(one.settings),
                typeof one.accuracy === "number" ? `${share(one.accuracy)} right` : "",
              ]
                .filter(Boolean)
                .join(" · "),
            ),
          ),
        ),
      );
    past.replaceChildren(element("h2", {}, "Trainings"), element("ol", {}, ...items));
  }

  // The one in the address, or the newest.
  function choose() {
    const named = Number(route.value),
      newest = trainings.reduce((most, one) => Math.max(most, one.id), 0);
    const id = route.value === "" ? newest : named;
    const known = trainings.find((one) => one.id === id);
    if (known && watched === id) return;
    watched = known ? id : null;
    if (known) watch.follow(known, titleOf(known.model));
    else
      watch.rest(
        route.value === "" ? null : `There is no training ${route.value}: the server may have been started anew since.`,
      );
  }

  async function refresh() {
    try {
      ({ trainings } = await api.get("/api/trainings"));
    } catch (error) {
      if (error.code !== "offline") tell(error);
      return;
    }
    if (gone) return;
    form.busy(trainings.some((one) => one.state === "running"));
    choose();
    watch.known(trainings.find((one) => one.id === watched));
    showPast();
  }

  const tell = (error) => {
    problem.textContent = error ? error.message : "";
    problem.hidden = !error;
  };

  async function start(wanted) {
    const { id } = await api.post("/api/trainings", wanted);
    if (location.hash === `#training/${id}`) watched = null; // a new server counts from 1 again
    await refresh();
    location.hash = `#training/${id}`;
    watch.element.scrollIntoView({ block: "start" });
    context.announce("The training has started.");
  }

  async function stop(id) {
    await api.remove(`/api/trainings/${id}`);
    await refresh();
  }

  async function begin() {
    if (catalogue) return;
    try {
      catalogue = await api.get("/api/catalogue");
      if (gone) return;
      form.offer(catalogue);
      tell(null);
    } catch (error) {
      if (error.code !== "offline") tell(error);
      return;
    }
    await refresh();
  }

  ends.push(route.subscribe(() => catalogue && (choose(), showPast())));
  // when the server is back it may be another one, with other trainings
  ends.push(api.online.subscribe((is) => is && (catalogue ? refresh() : begin())));
  const timer = setInterval(() => !document.hidden && api.online.value && (catalogue ? refresh() : begin()), LOOK);
  return () => {
    gone = true;
    clearInterval(timer);
    ends.forEach((end) => end());
    watch.close();
  };
}
