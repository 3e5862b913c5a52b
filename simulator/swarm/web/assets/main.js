// The page: which tab is shown (the address says it), what the server tells once a second, and who is told of it.

import { _, length, number, setNow } from "./texts.js";
import { setControl } from "./control.js";
import { byId, el, fill, say } from "./dom.js";
import * as overview from "./overview.js";
import * as devices from "./devices.js";
import * as messages from "./messages.js";
import * as faults from "./faults.js";
import * as report from "./report_tab.js";

const POLL_MS = 1000;
const KEPT = 3600;
const MARGIN = 20;
const tabs = [...document.querySelectorAll("[role=tab]")];
const views = { overview, devices, messages, faults, report };
const STATES = {
  ready: _("ready"), spawning: _("devices are started"), running: _("running"), cleanup: _("being tidied up"),
  stopping: _("stopping"), stopped: _("stopped"), missing: _("missing"),
};

let points = [];
let runId = null;
let latest = null;
let shown = null;
let asked = 0;

// --- The address: #overview, #devices, #device/SN … ---

function route() {
  const [name, ...rest] = location.hash.slice(1).split("/");
  if (name === "device" && rest.length) return { tab: "devices", sn: decodeURIComponent(rest.join("/")) };
  return { tab: name in views ? name : "overview", sn: null };
}

function go() {
  const { tab, sn } = route();
  if (shown !== tab) views[shown]?.leave?.();
  shown = tab;
  for (const each of tabs) {
    const selected = each.id === `tab-${tab}`;
    each.setAttribute("aria-selected", String(selected));
    each.tabIndex = selected ? 0 : -1;
    byId(each.getAttribute("aria-controls")).hidden = !selected;
  }
  views[tab].enter?.(sn);
  show();
}

function open(tab) {
  location.hash = tab.id.replace("tab-", "");
  tab.focus();
}

tabs.forEach((tab, n) => {
  tab.addEventListener("click", () => open(tab));
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowRight: n + 1, ArrowLeft: n - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    open(tabs[to % tabs.length]);
  });
});
addEventListener("hashchange", go);

// --- The language ---

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    document.cookie = `best-fleet-lang=${button.dataset.language}; path=/; max-age=31536000; SameSite=Strict`;
    location.reload();
  });
}

// --- Once a second ---

async function poll() {
  const mine = (asked += 1);
  try {
    const since = points.length ? points.at(-1).at : 0;
    const answer = await fetch(`fleet/data?since=${since}`);
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const data = await answer.json();
    if (data.run && data.run.id !== runId) {
      runId = data.run.id;
      if (points.length) {
        points = [];
        return undefined;
      }
    }
    latest = data;
    setNow(data.now);
    setControl(data.control);
    points.push(...(data.points ?? []));
    if (points.length > KEPT) points = points.slice(-KEPT);
    show();
  } catch (error) {
    alarm([_("The server does not answer: {error}", { error: error.message })]);
  } finally {
    // Nobody looks: nothing is asked for, and nothing is judged for nobody.
    if (mine === asked && !document.hidden) setTimeout(poll, POLL_MS);
  }
  return undefined;
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });

function show() {
  if (!latest) return;
  const { run } = latest;
  say(byId("status"), status(latest));
  byId("no-run").hidden = Boolean(run);
  byId("views").hidden = !run;
  byId("open-report").hidden = !run?.files.includes("report.html");
  const verdict = run?.verdict && run.verdict !== "passed" ? [run.headline] : [];
  const alarms = latest.alarms.filter((text) => !verdict.some((told) => told.includes(text)));
  // the last tab has the verdict with all that is said of it
  alarm(shown === "report" && run?.verdict ? alarms.filter((text) => !run.reasons.includes(text)) : [...verdict, ...alarms]);
  views[shown]?.show?.(latest, points);
}

function status({ state, run }) {
  if (!run) return _("{state}: no run yet", { state: STATES[state] ?? state });
  const time = run.planned_s === null || run.over ? length(run.seconds) : _("{time} of {planned}", { time: length(run.seconds), planned: length(run.planned_s) });
  const target = run.target === "embedded" ? _("the embedded platform") : run.target;
  const told = _("towards {target} · {state} · {time}", { target, state: STATES[state] ?? state, time });
  return run.verdict === "passed" ? `${told} · ${run.headline}` : told;
}

function alarm(texts) {
  const banner = byId("banner");
  const told = texts.join("\n");
  if (banner.dataset.told === told) return;
  banner.dataset.told = told;
  banner.hidden = !texts.length;
  fill(banner, ...texts.slice(0, MARGIN).map((text) => el("p", {}, text)), ...(texts.length > MARGIN ? [el("p", {}, _("… and {count} more", { count: number(texts.length - MARGIN) }))] : []));
}

for (const [name, view] of Object.entries(views)) view.build(byId(`panel-${name}`));
go();
poll();
