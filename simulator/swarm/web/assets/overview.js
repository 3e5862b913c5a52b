// The first tab: how the run goes, in figures and over time, for all funcIds or for one that the reader chose.

import { _, milliseconds, number } from "./texts.js";
import { choices, el, fill, say } from "./dom.js";
import { TimeChart, colour } from "./charts.js";
import { seriesTable, thresholdTable, tiles } from "./figures.js";
import { ORDER, stateColour, stateName } from "./states.js";

let latest = null;
let points = [];
let chosen = "";

const pick = el("select", { id: "of", change: () => choose(pick.value, true) });
const slowest = el("button", { type: "button", click: () => chooseSlowest() }, _("Slowest"));
const box = el("dl", { class: "tiles" });
const notes = el("div", { class: "soft" });
const thresholds = thresholdTable();
const asked = el("h2");
const demands = el("div", { class: "card" }, asked, thresholds.node);
const charts = {
  states: new TimeChart(_("Devices by state"), { whole: true, least: 1 }),
  latency: new TimeChart(_("Latency, ms"), { unit: "ms", digits: 2 }),
  rates: new TimeChart(_("Requests and failures per second"), { whole: true, least: 1 }),
  codes: new TimeChart(_("Failures by code, per second"), { whole: true, least: 1, named: true, empty: _("None failed.") }),
  lag: new TimeChart(_("Event loop lag, ms"), { unit: "ms", digits: 2, least: 1 }),
};
const toggle = { choose: (name) => choose(name === chosen ? "" : name), chosen: () => chosen };
const requests = seriesTable(_("Requests"), _("funcId"), toggle);
const flows = seriesTable(_("Flows"), _("flow"), toggle);
const commands = seriesTable(_("Commands handled"), _("command"), toggle);
const parts = [[flows, "flows"], [commands, "commands"]].map(([table, name]) => {
  const heading = el("h2", {}, name === "flows" ? _("Flows") : _("Commands handled"));
  return { table, name, node: el("div", { class: "card" }, heading, table.node) };
});

export function build(panel) {
  choices(pick, [["", _("all requests")]]);
  fill(panel, box, notes,
    el("div", { class: "row" }, el("label", { for: "of" }, _("Charts of")), pick, slowest),
    el("div", { class: "charts" }, ...Object.values(charts).map((chart) => chart.node)),
    demands,
    el("div", { class: "card" }, el("h2", {}, _("Requests")), requests.node),
    ...parts.map((part) => part.node));
}

function choose(name) {
  chosen = name;
  pick.value = name;
  if (latest) show(latest, points);
}

// Picked once: which funcId is the slowest changes, and what somebody reads should not.
function chooseSlowest() {
  const rows = [...(latest?.requests ?? [])].sort((a, b) => b.p99 - a.p99);
  if (rows.length) choose(rows[0].name);
}

export function show(data, all) {
  latest = data;
  points = all;
  if (!data.run) return;
  tiles(box, figures(data));
  const told = [...(data.disconnects ? [_("Connections lost: {reasons}", { reasons: data.lost_by })] : []), ...data.notes.map((text) => _("Note: {text}", { text }))];
  if (notes.dataset.told !== told.join("\n")) {
    notes.dataset.told = told.join("\n");
    fill(notes, ...told.map((text) => el("p", {}, text)));
  }
  demands.hidden = !data.thresholds.length;
  say(asked, data.run.over ? _("Thresholds") : _("Thresholds, if the run ended now"));
  thresholds.update(data.thresholds);
  const names = [...data.requests, ...data.flows, ...data.commands].map((row) => row.name);
  if (chosen && !names.includes(chosen)) chosen = "";
  choices(pick, [["", _("all requests")], ...names.map((name) => [name, name])]);
  pick.value = chosen;
  requests.update(data.requests);
  for (const { table, name, node } of parts) {
    node.hidden = !data[name].length;
    table.update(data[name]);
  }
  draw(data);
}

function figures(data) {
  const sum = (of) => data.requests.reduce((total, row) => total + row[of], 0);
  const { run } = data;
  const entries = [
    run.over ? [_("devices online at most"), `${number(data.peak_online)} / ${number(run.devices)}`]
      : [_("devices online"), `${number(data.states.online ?? 0)} / ${number(run.wanted)}`],
    [_("came online so far"), number(data.came_online)],
    [_("requests"), number(sum("count"))],
    [_("failures"), number(sum("failures")), sum("failures") > 0],
    [_("commands"), number(data.commands.reduce((total, row) => total + row.count, 0))],
    [_("violations"), number(data.violations.total), data.violations.total > 0],
    [_("connections lost"), number(data.disconnects)],
    [_("records acknowledged"), `${number(data.records.acknowledged)} / ${number(data.records.generated)}`],
  ];
  if (data.thresholds.length) {
    const held = data.thresholds.filter((row) => row.passed).length;
    const crossed = data.thresholds.some((row) => row.judged && !row.passed);
    entries.push([run.over ? _("thresholds hold") : _("thresholds hold now"), `${number(held)} / ${number(data.thresholds.length)}`, crossed && run.over]);
  }
  if (!run.over) {
    const lag = data.health.lag_p99_ms;
    if (lag !== null) entries.push([_("event loop lag, p99"), `${milliseconds(lag)} ms`, lag > run.lag_limit_ms]);
    entries.push([_("generator CPU of a core"), `${number(data.health.cpu_percent)} %`, data.health.cpu_percent > 90]);
    entries.push([_("generator memory"), `${number(data.health.rss_mb)} MB`]);
  }
  if ("expected" in data.attendance) {
    const held = data.attendance;
    entries.push([_("meetings over"), number(held.meetings)],
      [_("members who came to meetings that are over"), `${number(held.came)} / ${number(held.expected)}`],
      [_("attendance not acknowledged"), number(held.unacknowledged), held.unacknowledged > 0]);
  }
  return entries;
}

const rowOf = (point) => point.requests[chosen] ?? point.others[chosen];

function sums(point) {
  if (chosen) return rowOf(point) ?? [0, 0];
  const total = [0, 0, 0, 0, {}];
  for (const [count, failures, , , codes] of Object.values(point.requests)) {
    total[0] += count;
    total[1] += failures;
    for (const [code, found] of Object.entries(codes ?? {})) total[4][code] = (total[4][code] ?? 0) + found;
  }
  return total;
}

function draw(data) {
  const seconds = points.map((point) => point.at);
  const more = { bands: data.weather?.bands ?? [] };
  const of = chosen || _("all requests");
  const there = new Set(points.flatMap((point) => Object.keys(point.states)));
  const states = [...ORDER.filter((state) => there.has(state)), ...[...there].filter((state) => !ORDER.includes(state))];
  charts.states.update(seconds, states.map((state) => ({
    name: stateName(state), color: colour(stateColour(state)), kind: "area", values: points.map((point) => point.states[state] ?? 0),
  })), more);
  const percentiles = points.map((point) => (chosen ? rowOf(point)?.slice(2, 4) : point.all) ?? [null, null]);
  charts.latency.retitle(_("Latency of {of}, ms", { of }));
  charts.latency.update(seconds, [
    { name: "p50", color: colour(1), values: percentiles.map((found) => found[0]) },
    { name: "p99", color: colour(3), values: percentiles.map((found) => found[1]) },
  ], more);
  const counts = points.map(sums);
  charts.rates.retitle(_("Requests and failures per second, {of}", { of }));
  charts.rates.update(seconds, [
    { name: _("requests/s"), color: colour(1), values: counts.map((found) => found[0]) },
    { name: _("failures/s"), color: colour(5), values: counts.map((found) => found[1]) },
  ], more);
  const codes = [...new Set(counts.flatMap((found) => Object.keys(found[4] ?? {})))];
  charts.codes.retitle(_("Failures by code per second, {of}", { of }));
  charts.codes.update(seconds, codes.map((code) => ({
    name: code === "others" ? _("others") : code, color: colour(data.code_colours[code] ?? 0), kind: "bar", values: counts.map((found) => found[4]?.[code] ?? null),
  })), more);
  const lags = points.map((point) => point.lag ?? [null, null]);
  const top = Math.max(0, ...lags.map((found) => found[1] ?? 0));
  charts.lag.update(seconds, [
    { name: "p50", color: colour(1), values: lags.map((found) => found[0]) },
    { name: _("longest"), color: colour(8), values: lags.map((found) => found[1]) },
  ], { ...more, limit: top > data.run.lag_limit_ms / 4 ? data.run.lag_limit_ms : null });
}

