// Charts over time, drawn by the report's library in the report's colours, each with its values as text.

import { _, NOTHING, number, timeOfDay } from "./texts.js";
import { el, say, Table } from "./dom.js";

const { echarts } = globalThis;
const root = document.documentElement;
const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();
export const colour = (n) => style(`--c${n}`);
const all = new Set();
const LABEL_EVERY_MS = 5000;
const VALUES_SHOWN = 12;

const escaped = (text) => echarts.format.encodeHTML(text);

function axis(extra) {
  const text = { color: style("--soft"), fontSize: 11 };
  return {
    axisLine: { lineStyle: { color: style("--line") } }, axisTick: { show: false }, splitLine: { lineStyle: { color: style("--grid") } },
    nameTextStyle: text, ...extra, axisLabel: { ...text, hideOverlap: true, ...extra?.axisLabel },
  };
}

// series: [{name, color, values: [number or null, …], kind?: "area" | "bar"}], values as many as seconds.
export class TimeChart {
  constructor(title, { unit = "", digits = 0, least = null, whole = false, named = false, empty = _("Nothing measured yet.") } = {}) {
    Object.assign(this, { title, unit, digits, least, whole, named, series: [], seconds: [], bands: [], limit: null, labelled: -Infinity });
    this.place = el("div", { class: "chart", role: "img", "aria-label": title });
    this.heading = el("h2", {}, title);
    this.empty = el("p", { class: "soft chart" }, empty);
    this.table = new Table(_("Values of the chart: {title}", { title }), [{ label: _("time"), cell: (row) => row.name }]);
    this.values = el("details", { class: "values", toggle: () => this.tell() }, el("summary", {}, _("Values")), this.table.node);
    this.place.hidden = this.values.hidden = true;
    this.node = el("div", { class: "card chart-card" }, this.heading, this.empty, this.place, this.values);
    all.add(this);
  }

  retitle(title) {
    if (title !== this.title) this.labelled = -Infinity;
    this.title = title;
    say(this.heading, title);
  }

  // Draws, if it can be seen.
  update(seconds, series, { bands = [], limit = null } = {}) {
    Object.assign(this, { seconds, series, bands, limit });
    if (!this.node.offsetParent) return;
    const nothing = !series.length || !seconds.length;
    for (const part of [this.place, this.values]) part.hidden = nothing;
    this.empty.hidden = !nothing;
    if (nothing) return;
    this.draw();
    this.label();
    this.tell();
  }

  draw() {
    this.chart ??= echarts.init(this.place, null, { renderer: "canvas" });
    this.chart.resize();
    this.chart.setOption(this.option(), { notMerge: true });
  }

  shown(value) {
    return value === null || value === undefined ? NOTHING : `${number(value, this.digits)}${this.unit ? ` ${this.unit}` : ""}`;
  }

  option() {
    const text = { color: style("--soft"), fontSize: 11 };
    const legend = this.named || this.series.length > 1;
    return {
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: 18, top: legend ? 32 : 14, bottom: 6, containLabel: true },
      legend: { show: legend, type: "scroll", icon: "roundRect", top: 0, left: 0, itemWidth: 14, itemHeight: 8, textStyle: text, pageTextStyle: text, pageIconColor: style("--soft"), pageIconInactiveColor: style("--line"), inactiveColor: style("--faint") },
      tooltip: {
        trigger: "axis", confine: true, backgroundColor: style("--card"), borderColor: style("--line"), textStyle: { color: style("--ink"), fontSize: 12 },
        axisPointer: { lineStyle: { color: style("--faint") } }, formatter: (points) => this.tooltip(points),
      },
      xAxis: axis({
        type: "time", min: this.seconds.length ? "dataMin" : null, max: "dataMax", splitLine: { show: false }, splitNumber: 4,
        axisLabel: { formatter: (value) => timeOfDay(value / 1000) },
      }),
      yAxis: axis({
        type: "value", min: 0, splitNumber: 4, minInterval: this.whole ? 1 : 0,
        // By itself it would take steps of 0.3 to an end of 1.
        ...(this.low() ? { max: this.least, interval: this.whole ? this.least : this.least / 4 } : {}),
        axisLabel: { formatter: (value) => number(value, 3) },
      }),
      series: this.series.length ? this.series.map((each, n) => this.line(each, n)) : [],
    };
  }

  // Whether all that is drawn lies below what the axis shows at least.
  low() {
    const reach = (at) => this.series.reduce((most, { kind, values }) => (kind ? most + (values[at] ?? 0) : Math.max(most, values[at] ?? 0)), 0);
    return this.least !== null && this.seconds.every((_second, at) => reach(at) < this.least);
  }

  line(each, n) {
    const lone = (value, at) => value !== null && (each.values[at - 1] ?? null) === null && (each.values[at + 1] ?? null) === null;
    const data = each.values.map((value, at) => {
      const point = [this.seconds[at] * 1000, value];
      return each.kind !== "bar" && lone(value, at) ? { value: point, symbol: "circle", symbolSize: 4 } : point;
    });
    const stacked = each.kind === "area" || each.kind === "bar";
    return {
      name: each.name, type: each.kind === "bar" ? "bar" : "line", stack: stacked ? "all" : undefined, data, symbol: "none", showSymbol: true, connectNulls: false,
      itemStyle: { color: each.color }, lineStyle: { width: each.kind === "area" ? 1 : 1.8, color: each.color, type: each.dashed ? "dashed" : "solid" }, areaStyle: each.kind === "area" ? { opacity: 0.55 } : undefined,
      step: each.kind === "area" ? "end" : undefined, barMaxWidth: 12, barMinHeight: 2,
      ...(n === 0 ? this.marks() : {}),
    };
  }

  // Faults as bands, a limit as a line: once, with the first series.
  marks() {
    const marks = {};
    if (this.bands.length) {
      const [first, last] = [this.seconds[0], this.seconds.at(-1)];
      const seen = this.bands.filter(([from, to]) => to >= first && from <= last);
      marks.markArea = {
        silent: true, itemStyle: { color: style("--c3"), opacity: 0.2 },
        data: seen.map(([from, to]) => [{ xAxis: Math.max(from, first) * 1000 }, { xAxis: Math.max(Math.min(to, last), from + 0.5) * 1000 }]),
      };
    }
    if (this.limit !== null) {
      marks.markLine = {
        silent: true, symbol: "none", data: [{ yAxis: this.limit }], lineStyle: { color: style("--bad"), type: "dashed" },
        label: { formatter: _("limit {limit}", { limit: this.shown(this.limit) }), color: style("--bad"), position: "insideEndTop", fontSize: 11 },
      };
    }
    return marks;
  }

  tooltip(points) {
    if (!points.length) return "";
    const at = points[0].value[0] / 1000;
    const rows = points.filter((point) => point.value[1] !== null && (point.value[1] !== 0 || points.length < 4))
      .map((point) => `${point.marker}${escaped(point.seriesName)} <b>${escaped(this.shown(point.value[1]))}</b>`);
    const faults = this.bands.filter(([from, to]) => from <= at && at <= to).map(([, , text]) => `<i>${escaped(text)}</i>`);
    return [escaped(timeOfDay(at)), ...rows, ...faults].join("<br>");
  }

  // What the picture says, for those who do not see it; not anew each second.
  label() {
    if (this.labelled + LABEL_EVERY_MS > performance.now()) return;
    this.labelled = performance.now();
    const latest = this.series.map((each) => `${each.name} ${this.shown(each.values.at(-1))}`);
    const told = _("at {time}: {values}", { time: timeOfDay(this.seconds.at(-1)), values: latest.join(", ") });
    this.place.setAttribute("aria-label", `${this.title}, ${told}`);
  }

  tell() {
    if (!this.values.open) return;
    const names = this.series.map((each) => each.name);
    if (this.columns !== names.join("\n")) {
      this.columns = names.join("\n");
      const old = this.table.node;
      this.table = new Table(_("Values of the chart: {title}", { title: this.title }), [
        { label: _("time"), cell: (row) => row.name },
        ...names.map((name, n) => ({ label: name, number: true, cell: (row) => this.shown(row.values[n]) })),
      ]);
      old.replaceWith(this.table.node);
    }
    const from = Math.max(0, this.seconds.length - VALUES_SHOWN);
    const rows = this.seconds.slice(from).map((second, n) => ({ name: timeOfDay(second), values: this.series.map((each) => each.values[from + n]) }));
    this.table.update(rows.reverse());
  }
}

const LEAST_PX = 180;
const ROW_PX = 22;
const AXIS_PX = 40;

// A device's states as steps: entries are [epoch s, state], the last one lasts until `now`.
export class StepChart {
  constructor(title, name, shade) {
    Object.assign(this, { title, name, shade });
    this.place = el("div", { class: "chart small", role: "img", "aria-label": title });
    all.add(this);
  }

  update(entries, now) {
    Object.assign(this, { entries, now });
    if (this.place.offsetParent) this.draw();
  }

  draw() {
    if (!this.entries?.length) return;
    const states = [...new Set(this.entries.map(([, state]) => state))].reverse();
    // Every state has its line and its name.
    this.place.style.height = `${Math.max(LEAST_PX, states.length * ROW_PX + AXIS_PX)}px`;
    this.chart ??= echarts.init(this.place, null, { renderer: "canvas" });
    this.chart.resize();
    const bars = this.entries.map(([at, state], n) => [at * 1000, (this.entries[n + 1]?.[0] ?? this.now) * 1000, states.indexOf(state), state]);
    this.chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: 18, top: 8, bottom: 4, containLabel: true },
      tooltip: {
        trigger: "axis", confine: true, backgroundColor: style("--card"), borderColor: style("--line"), textStyle: { color: style("--ink"), fontSize: 12 },
        axisPointer: { snap: false, lineStyle: { color: style("--faint") } }, formatter: (points) => this.tooltip(points),
      },
      xAxis: axis({ type: "time", min: bars[0][0], max: Math.max(this.now * 1000, bars[0][0] + 1000), splitNumber: 4, axisLabel: { formatter: (value) => timeOfDay(value / 1000) } }),
      yAxis: axis({ type: "category", data: states.map(this.name), axisLabel: { interval: 0 }, splitLine: { show: true, lineStyle: { color: style("--grid") } } }),
      series: bars.map((bar) => ({
        type: "line", data: [[bar[0], bar[2]], [bar[1], bar[2]]], symbol: "rect", symbolSize: [2, 12], showSymbol: true, silent: true,
        itemStyle: { color: colour(this.shade(bar[3])) }, lineStyle: { width: 12, cap: "butt", color: colour(this.shade(bar[3])) },
      })),
    }, { notMerge: true });
    this.bars = bars;
    this.place.setAttribute("aria-label", `${this.title}: ${this.entries.slice(-5).map(([at, state]) => `${timeOfDay(at)} ${this.name(state)}`).join(", ")}`);
  }

  tooltip(points) {
    const at = points[0]?.axisValue;
    const bar = this.bars.findLast((each) => each[0] <= at);
    if (!bar) return "";
    return `${escaped(this.name(bar[3]))}<br>${escaped(`${timeOfDay(bar[0] / 1000)} – ${timeOfDay(bar[1] / 1000)}, ${number((bar[1] - bar[0]) / 1000, 1)} s`)}`;
  }
}

function redraw() {
  for (const chart of all) if (chart.place.offsetParent && chart.chart) chart.draw();
}

// The window's width changes, or light turns dark (theme.js first).
let waiting = 0;
const soon = () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(redraw); };
addEventListener("resize", soon);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", soon);

