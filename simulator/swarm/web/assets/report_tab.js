// The last tab: the verdict with all that is said of it, and the files of the report, once the run is over.

import { _ } from "./texts.js";
import { el, fill } from "./dom.js";

const ABOUT = {
  "report.html": _("the report: charts and tables on one page"), "report.md": _("the same in short, for a comment"),
  "summary.json": _("all figures, for scripts"), "junit.xml": _("for CI: a case for each threshold and funcId"),
  "latency.hlog": _("every latency, second by second"), "attendance.csv": _("who came to which meeting"),
};
const box = el("div", { class: "card" });

export function build(panel) {
  fill(panel, box);
}

export function show(data) {
  const { run } = data;
  const told = JSON.stringify([run?.id, run?.headline, run?.files]);
  if (box.dataset.told === told) return;
  box.dataset.told = told;
  if (!run?.verdict) {
    fill(box, el("p", { class: "soft" }, run ? _("The report is written when the run is over.") : _("No run yet.")));
    return;
  }
  fill(box,
    el("p", { class: `verdict ${run.verdict}` }, run.headline),
    ...list(_("Reasons"), run.reasons),
    ...list(_("Notes"), run.notes),
    el("h2", {}, _("Files")),
    el("p", { class: "soft" }, _("in {directory}", { directory: run.report })),
    el("ul", {}, ...run.files.map((name) => el("li", {},
      el("a", { href: `fleet/report/${name}`, target: "_blank", rel: "noopener" }, name), ` – ${ABOUT[name] ?? ""}`))));
}

function list(title, texts) {
  return texts.length ? [el("h2", {}, title), el("ul", {}, ...texts.map((text) => el("li", {}, text)))] : [];
}
