// The study: the report's own sections, one at a time, in a frame as high as what it shows, and beside them the runs of the
// run database as they come. The address names what is shown: #study/comparison, #study/runs, #study/runs/12 (or s12, run 12
// of the study's own database), #study/runs/12+34.
import { element } from "../dom.js";
import { moment, share } from "../words.js";
import { listRuns, nameOf } from "./run_source.js";
import { createRuns, kindOf } from "./runs.js";
import { showRun, showTwo } from "./run.js";

export const title = "The study · Tenfold";
export const styles = ["/app/views.css"];

const SOON = 700,
  LOOK = 4000; // milliseconds between two looks at the study and the newest runs; soon where a report is being made
const NEWEST = 5; // runs beside the report

export function mount(host, context) {
  const { api, route, theme } = context;
  const ends = [];
  let study = null,
    gone = false,
    shown = null,
    updated = null,
    open = null,
    trouble = null,
    database = true;

  const nav = element("nav.parts", { "aria-label": "Parts of the study" });
  const newest = element("section.newest", { "aria-label": "Newest runs", hidden: true });
  const note = element("div", { role: "status" });
  const stage = element("div.stage");
  const frameBox = element("div.report-frame", { hidden: true });
  const other = element("div.study-other", { hidden: true });
  stage.append(note, frameBox, other);
  host.replaceChildren(
    element(
      "header.view-head",
      {},
      element("h1", {}, "The study"),
      element(
        "p",
        {},
        "The same figures as in the report, part by part; and every run as it is added to the run database.",
      ),
    ),
    element("div.study", {}, element("div.study-side", {}, nav, newest), stage),
  );

  // ---- The report's frame ----

  let frame = null,
    sized = null;
  const tell = (message) => frame?.contentWindow?.postMessage(message, location.origin);

  function openFrame(section) {
    frame = element("iframe", { title: "The study's report", src: `/report?embedded&theme=${theme.value}#${section}` });
    frame.addEventListener("load", () => {
      sized?.disconnect();
      const inside = frame.contentDocument?.body;
      if (!inside) return;
      frameBox.classList.remove("waiting");
      const fit = () => (frame.style.height = `${Math.ceil(inside.getBoundingClientRect().height)}px`);
      sized = new ResizeObserver(fit);
      sized.observe(inside);
      fit();
      tell({ show: frame.dataset.section, theme: theme.value });
    });
    frameBox.classList.add("waiting");
    frameBox.replaceChildren(frame);
  }

  function showSection(section) {
    frameBox.hidden = false;
    if (!frame) openFrame(section);
    else if (frame.dataset.section !== section) tell({ show: section });
    const name = study.sections.find(({ id }) => id === section)?.title ?? "Overview";
    frame.title = `The study's report: ${name}`;
    frame.dataset.section = section;
  }

  // The report tells which of its sections a link in it leads to.
  function heard(event) {
    if (event.origin !== location.origin || event.source !== frame?.contentWindow) return;
    const { section } = event.data ?? {};
    if (typeof section !== "string") return;
    if (section !== frame.dataset.section) location.hash = `#study/${section}`;
    stage.scrollIntoView({ block: "start" });
  }
  addEventListener("message", heard);
  ends.push(() => removeEventListener("message", heard));
  ends.push(theme.subscribe((name) => tell({ theme: name })));

  // ---- What is shown ----

  const sections = () => (study?.report ? [{ id: "top", title: "Overview" }, ...study.sections] : []);

  function showParts(current) {
    // whole addresses: what begins with # and has been scrolled out of sight passes for a link to skip by
    const link = ({ id, title: text }) =>
      element(
        "li",
        {},
        element(
          "a",
          { href: new URL(`#study/${id}`, location.href).href, "aria-current": id === current ? "true" : null },
          text,
        ),
      );
    const items = [{ id: "runs", title: "Runs, live" }, ...sections()].map(link);
    nav.replaceChildren(element("ol", {}, ...items));
    const here = nav.querySelector("[aria-current]");
    if (here && nav.scrollWidth > nav.clientWidth) nav.scrollTo({ left: here.offsetLeft - nav.offsetLeft - 24 });
  }

  function noStudy() {
    return element(
      "div.notice.no-study",
      {},
      element(
        "p",
        {},
        "There is no study yet. ",
        element("code", {}, "build/tenfold study --quick"),
        " makes a small one in a few minutes, ",
        element("code", {}, "make study"),
        " the whole; its figures then stand here, and its runs below as they come.",
      ),
    );
  }

  function show() {
    if (gone || (!study && !trouble)) return;
    const [first, rest = ""] = route.value.split("/");
    const current =
      first === "runs" || !study?.report ? "runs" : sections().some(({ id }) => id === first) ? first : "top";
    const key = current === "runs" ? `runs/${rest}` : current;
    showParts(current);
    if (key === shown) return;
    shown = key;
    open?.close();
    open = null;
    if (current !== "runs") {
      other.hidden = true;
      other.replaceChildren();
      showSection(current);
      return;
    }
    frameBox.hidden = true;
    other.hidden = false;
    const ids = /^(s?\d+)(?:[+ ](s?\d+))?$/.exec(rest);
    if (!ids) open = createRuns(other, context, () => study?.runs === true);
    else open = ids[2] ? showTwo(other, context, ids[1], ids[2]) : showRun(other, context, ids[1]);
  }

  function showNewest(runs) {
    newest.hidden = !runs.length;
    const items = runs
      .slice(0, NEWEST)
      .map((run) =>
        element(
          "li",
          {},
          element("a", { href: `#study/runs/${nameOf(run)}` }, run.name ?? run.model ?? `run ${run.id}`),
          element(
            "small",
            {},
            [kindOf(run), run.state === "done" ? share(run.accuracy) : run.state, moment(run.started)].join(" · "),
          ),
        ),
      );
    newest.replaceChildren(element("h2", {}, "Newest runs"), element("ol", {}, ...items));
  }

  // What is new: a changed study is offered, not forced upon a reader.
  function showNote() {
    const parts = [];
    if (trouble) parts.push(element("p.notice", { role: "alert" }, trouble));
    else if (study && !study.report)
      parts.push(
        study.making
          ? element("p.notice", {}, "The study's report is being made; it takes some seconds.")
          : study.updated
            ? element(
                "p.notice",
                {},
                "A study is being made, and is not yet far enough for a report. Its figures will stand here.",
              )
            : noStudy(),
      );
    else if (study && !study.finished)
      parts.push(
        element("p.notice", {}, `The study is not finished; this is what there was at ${moment(study.updated)}.`),
      );
    if (study?.report && !study.making && updated && updated !== study.updated) {
      parts.push(
        element(
          "p.notice",
          {},
          "The study has changed. ",
          element(
            "button",
            {
              type: "button",
              onclick: () => {
                updated = study.updated;
                if (frame) openFrame(frame.dataset.section);
                if (frame) frame.dataset.section = shown.startsWith("runs") ? "top" : shown;
                showNote();
              },
            },
            "Show the new report",
          ),
        ),
      );
    }
    const text = parts.map((part) => part.textContent).join("");
    if (note.dataset.text === text) return;
    note.dataset.text = text;
    note.replaceChildren(...parts);
  }

  let last = "";
  async function look() {
    if (document.hidden) return;
    try {
      const answer = await api.get("/api/study");
      if (gone) return;
      trouble = null;
      const had = study?.report;
      study = answer;
      if (answer.report) updated ??= answer.updated;
      if (had !== study.report) shown = null;
      const runs = database ? await listRuns(api, `latest=${NEWEST}`, study.runs) : [];
      if (gone) return;
      const text = JSON.stringify(runs);
      if (text !== last) showNewest(runs);
      last = text;
    } catch (error) {
      if (error.code === "no_database")
        database = false; // asked no more
      else if (error.code !== "offline") trouble = error.message;
    }
    showNote();
    show();
  }

  ends.push(
    route.subscribe(show),
    api.online.subscribe((is) => is && look()),
  );
  let timer;
  const again = () =>
    !gone && (timer = setTimeout(() => (api.online.value ? look().then(again) : again()), study?.making ? SOON : LOOK));
  again();
  return () => {
    gone = true;
    clearTimeout(timer);
    sized?.disconnect();
    open?.close();
    ends.forEach((end) => end());
  };
}
