"use strict";
// Draws the charts of report.html from the data at the page's end, sorts its tables, follows light, dark and print.

const data = JSON.parse(document.getElementById("data")?.textContent ?? "null");
const root = document.documentElement;
const charts = [];

const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const palette = () => [1, 2, 3, 4, 5, 6, 7, 8].map((n) => style(`--c${n}`));
const pad = (n) => String(n).padStart(2, "0");

function clock(seconds) {
  const s = Math.round(seconds);
  const h = Math.floor(s / 3600);
  return h ? `${h}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}` : `${Math.floor(s / 60)}:${pad(s % 60)}`;
}

function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
}

const milliseconds = (value) => (value === null || value === undefined ? "–" : `${number(value)} ms`);

function shortMs(value) {
  if (value >= 60000) return `${number(value / 60000)} min`;
  return value >= 1000 ? `${number(value / 1000)} s` : `${number(value)} ms`;
}

function base(extra) {
  const text = { color: style("--soft"), fontSize: 11 };
  return {
    animation: false,
    color: palette(),
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: style("--soft") },
    grid: { left: 8, right: 16, top: 34, bottom: 6, containLabel: true },
    legend: {
      type: "scroll", icon: "roundRect", top: 0, left: 0, itemWidth: 14, itemHeight: 8, textStyle: text,
      pageTextStyle: text, pageIconColor: style("--soft"), pageIconInactiveColor: style("--line"),
      inactiveColor: style("--faint"),
    },
    tooltip: {
      trigger: "axis", confine: true, backgroundColor: style("--card"), borderColor: style("--line"),
      textStyle: { color: style("--ink"), fontSize: 12 }, axisPointer: { lineStyle: { color: style("--faint") } },
    },
    ...extra,
  };
}

function axis(extra) {
  return {
    axisLine: { lineStyle: { color: style("--line") } }, axisTick: { show: false },
    axisLabel: { color: style("--soft"), fontSize: 11, hideOverlap: true },
    splitLine: { lineStyle: { color: style("--grid") } },
    nameTextStyle: { color: style("--soft"), fontSize: 11 },
    ...extra,
  };
}

const TICKS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];

function timeAxis(labels) {
  const every = TICKS_S.find((step) => (data.times.length * data.step_s) / step <= labels) ?? 604800;
  return axis({
    type: "category", data: data.times.map(clock), boundaryGap: false, splitLine: { show: false },
    axisLabel: { color: style("--soft"), fontSize: 11, hideOverlap: true, interval: (n) => data.times[n] % every === 0 },
  });
}

const zoom = () => [{ type: "inside", zoomOnMouseWheel: "shift" }];

const BAND_COLORS = { outage: 8, flapping: 6, slow_link: 3, power_cut: 4, clock_jump: 1, reboot_wave: 2, platform_restart: 5, misbehave: 7 };

// Faults as bands over a chart over time: a series a kind, which stands in the legend and says in the tooltip what it was.
function banded(option) {
  if (!data.faults.length) return option;
  const area = (color, opacity, pairs) => pairs.map(([from, to]) => [{ xAxis: from, itemStyle: { color, opacity } }, { xAxis: to }]);
  const bands = data.faults.map((kind) => {
    const color = style(`--c${BAND_COLORS[kind.what] ?? 8}`);
    return {
      name: kind.what, type: "line", data: [], itemStyle: { color, opacity: 0.45 }, lineStyle: { color },
      markArea: { silent: true, data: [...area(color, 0.22, kind.bands), ...area(color, 0.09, kind.returns)] },
    };
  });
  const inner = option.tooltip.valueFormatter ?? number;
  const formatter = (points) => {
    if (!points.length) return "";
    const rows = points.map((point) => `${point.marker}${echarts.format.encodeHTML(point.seriesName)} <b>${inner(Array.isArray(point.value) ? point.value.at(-1) : point.value)}</b>`);
    const faults = data.faults.flatMap((kind) => kind.texts[points[0].dataIndex] ?? []).map((told) => `<i>${echarts.format.encodeHTML(told)}</i>`);
    return [echarts.format.encodeHTML(points[0].axisValueLabel), ...rows, ...faults].join("<br>");
  };
  return { ...option, tooltip: { ...option.tooltip, formatter }, series: [...option.series, ...bands] };
}

function line(name, values, extra) {
  return { name, type: "line", data: values, showSymbol: values.filter((v) => v !== null).length < 3, symbolSize: 4, connectNulls: true, lineStyle: { width: 1.6 }, ...extra };
}

function limitLine(value, label) {
  return {
    silent: true, symbol: "none", data: [{ yAxis: value }], lineStyle: { color: style("--bad"), type: "dashed" },
    label: { formatter: label, color: style("--bad"), position: "insideEndTop", fontSize: 11 },
  };
}

function curves() {
  const names = [...data.requests, ...data.flows].filter((name) => data.curves[name]?.length);
  const ranked = [...names].sort((a, b) => data.requests.includes(b) - data.requests.includes(a) || total(b) - total(a));
  const busiest = ranked.slice(0, 8);
  const colors = palette();
  const selected = Object.fromEntries(names.map((name) => [name, busiest.includes(name)]));
  const most = Math.max(10, ...names.map((name) => data.curves[name].at(-1)[0]));
  return base({
    grid: { left: 8, right: 250, top: 16, bottom: 22, containLabel: true },
    legend: { ...base({}).legend, orient: "vertical", left: null, right: 0, top: 8, bottom: 8, selected },
    tooltip: {
      ...base({}).tooltip, trigger: "item",
      formatter: (point) => `${echarts.format.encodeHTML(point.seriesName)}<br>${nines(point.value[0])}: <b>${milliseconds(point.value[1])}</b>`,
    },
    xAxis: axis({ type: "log", min: 1, max: 10 ** Math.ceil(Math.log10(most)), name: "percentile", nameLocation: "middle", nameGap: 24, axisLabel: { color: style("--soft"), fontSize: 11, formatter: nines } }),
    yAxis: axis({ type: "log", axisLabel: { color: style("--soft"), fontSize: 11, formatter: shortMs } }),
    series: names.map((name) => [name, ranked.indexOf(name)]).map(([name, n]) => ({
      name, type: "line", data: data.curves[name], itemStyle: { color: colors[n % 8] }, symbolSize: 5, showSymbol: data.curves[name].length < 3, triggerLineEvent: true,
      lineStyle: { width: 1.8, type: n < 8 ? "solid" : n < 16 ? "dashed" : "dotted" }, emphasis: { focus: "series" },
    })),
  });
}

function nines(x) {
  const percent = 100 * (1 - 1 / x);
  const digits = x >= 1000 ? Math.ceil(Math.log10(x)) - 2 : percent % 1 ? 1 : 0;
  return `${percent.toFixed(Math.min(digits, 6))} %`;
}

const total = (name) => (data.latency[name]?.count ?? []).reduce((sum, n) => sum + (n ?? 0), 0);

function latency(name) {
  const points = data.latency[name];
  const failed = data.failures[name];
  const colors = palette();
  const series = [
    line("p50", points.p50, { lineStyle: { width: 1.5, color: colors[0] }, itemStyle: { color: colors[0] } }),
    line("p99", points.p99, { lineStyle: { width: 1.5, color: colors[2] }, itemStyle: { color: colors[2] } }),
  ];
  if (failed) series.push({ name: "failed", type: "bar", yAxisIndex: 1, data: failed.map((n) => n || null), itemStyle: { color: colors[4], opacity: 0.55 }, barMaxWidth: 6, barMinHeight: 3 });
  return base({
    legend: { show: false },
    grid: { left: 4, right: 10, top: 10, bottom: 2, containLabel: true },
    tooltip: { ...base({}).tooltip, valueFormatter: number },
    xAxis: timeAxis(6),
    yAxis: [
      axis({ type: "value", splitNumber: 3, axisLabel: { color: style("--soft"), fontSize: 10, formatter: shortMs } }),
      { type: "value", show: false, max: (value) => value.max * 3 },
    ],
    series,
  });
}

function rate() {
  const sums = data.times.map((_, n) => data.requests.reduce((sum, name) => sum + (data.latency[name]?.count[n] ?? 0), 0) / data.step_s);
  const failures = Object.entries(data.failures).filter(([name]) => data.requests.includes(name));
  return base({
    xAxis: timeAxis(16),
    yAxis: [
      axis({ type: "value", name: "requests/s", nameTextStyle: { color: style("--soft"), align: "left", fontSize: 11 } }),
      axis({ type: "value", name: "failed", splitLine: { show: false }, minInterval: 1, show: failures.length > 0, nameTextStyle: { color: style("--soft"), align: "right", fontSize: 11 } }),
    ],
    grid: { left: 8, right: 16, top: 50, bottom: 6, containLabel: true },
    tooltip: { ...base({}).tooltip, valueFormatter: number },
    dataZoom: zoom(),
    series: [
      line("requests/s", sums, { areaStyle: { opacity: 0.12 } }),
      ...failures.map(([name, values], n) => ({ name: `failed ${name}`, type: "bar", stack: "failed", yAxisIndex: 1, data: values.map((v) => v || null), barMaxWidth: 14, itemStyle: { color: palette()[(n + 4) % 8] } })),
    ],
  });
}

const STATE_COLORS = { online: 1, report: 3, login: 3, accredit: 7, register: 7, exchange: 5, connecting: 2, lookup: 2, waiting: 6, lost: 4, rebooting: 0, unpowered: 5, failed: 4 };

function stacked(values, kind, wide, colors) {
  return base({
    xAxis: { ...timeAxis(wide ? 16 : 8), boundaryGap: kind === "bar" },
    yAxis: axis({ type: "value", minInterval: 1 }),
    tooltip: { ...base({}).tooltip, valueFormatter: number },
    dataZoom: zoom(),
    series: Object.entries(values).map(([name, points], n) => ({
      name, type: kind, stack: "all", data: points, barMaxWidth: 18, step: kind === "line" ? "end" : undefined, showSymbol: false,
      lineStyle: { width: 1 }, areaStyle: kind === "line" ? { opacity: 0.55 } : undefined,
      itemStyle: colors && name in colors ? { color: palette()[colors[name]] } : undefined,
    })),
  });
}

function waterfall() {
  const steps = data.waterfall;
  const colors = palette();
  const bar = (name, values, itemStyle) => ({ name, type: "bar", stack: "all", data: values, itemStyle, barWidth: "58%" });
  return base({
    grid: { left: 8, right: 90, top: 34, bottom: 6, containLabel: true },
    legend: { ...base({}).legend, data: ["median", "p95"] },
    tooltip: {
      ...base({}).tooltip, axisPointer: { type: "shadow" },
      formatter: (points) => {
        const step = steps[points[0].dataIndex];
        return `${echarts.format.encodeHTML(step.name)}<br>median <b>${milliseconds(step.p50)}</b>, p95 <b>${milliseconds(step.p95)}</b><br>${number(step.count)} times`;
      },
    },
    xAxis: axis({ type: "value", axisLabel: { color: style("--soft"), fontSize: 11, formatter: shortMs } }),
    yAxis: axis({ type: "category", inverse: true, data: steps.map((step) => step.name), axisLabel: { color: style("--ink"), fontSize: 11 } }),
    series: [
      bar("", steps.map((step) => step.start), { color: "transparent" }),
      bar("median", steps.map((step) => step.p50), { color: colors[0] }),
      {
        ...bar("p95", steps.map((step) => step.p95 - step.p50), { color: `${colors[0]}4d` }),
        label: { show: true, position: "right", color: style("--soft"), fontSize: 11, formatter: (point) => `${number(steps[point.dataIndex].p50)} / ${number(steps[point.dataIndex].p95)} ms` },
      },
    ],
  });
}

function delivery() {
  const { edges_ms: edges, counts, promise_ms: promise } = data.delivery;
  const labels = edges.map((edge) => `≤ ${shortMs(edge)}`).concat(`> ${shortMs(edges.at(-1))}`);
  const last = counts.findLastIndex((count) => count > 0);
  const kept = edges.filter((edge) => edge <= promise).length;
  const shown = Math.max(last + 1, kept + 1);
  return base({
    legend: { show: false },
    grid: { left: 8, right: 16, top: 24, bottom: 6, containLabel: true },
    tooltip: { ...base({}).tooltip, axisPointer: { type: "shadow" }, valueFormatter: (v) => `${number(v)} records (${number((100 * v) / data.delivery.count)} %)` },
    xAxis: axis({ type: "category", data: labels.slice(0, shown), splitLine: { show: false }, axisLabel: { color: style("--soft"), fontSize: 11, interval: 0, rotate: 40 } }),
    yAxis: axis({ type: "value", minInterval: 1 }),
    series: [{
      name: "delivered", type: "bar", barWidth: "70%",
      data: counts.slice(0, shown).map((value, n) => ({ value, itemStyle: { color: palette()[n < kept ? 1 : 4] } })),
      label: { show: true, position: "top", color: style("--soft"), fontSize: 10, formatter: (p) => (p.value ? number(p.value) : "") },
      markLine: {
        silent: true, symbol: "none", data: [{ xAxis: kept - 1 }], lineStyle: { color: style("--bad"), type: "dashed" },
        label: { formatter: `promise: ${shortMs(promise)}`, color: style("--bad"), fontSize: 11, position: "end" },
      },
    }],
  });
}

function commands() {
  const rows = [...data.commands].reverse();
  const at = (name, fraction) => {
    const wanted = 1 / (1 - fraction);
    return (data.curves[name].find(([x]) => x >= wanted) ?? data.curves[name].at(-1))[1];
  };
  const bar = (name, fraction) => ({ name, type: "bar", data: rows.map((row) => at(row, fraction)), barMaxWidth: 9 });
  return base({
    tooltip: { ...base({}).tooltip, axisPointer: { type: "shadow" }, valueFormatter: milliseconds },
    xAxis: axis({ type: "value", axisLabel: { color: style("--soft"), fontSize: 11, formatter: shortMs } }),
    yAxis: axis({ type: "category", data: rows, axisLabel: { color: style("--ink"), fontSize: 11 } }),
    series: [bar("p50", 0.5), bar("p95", 0.95), bar("p99", 0.99)],
  });
}

function lines(values, extra) {
  const names = Object.keys(values);
  return base({
    grid: { left: 4, right: 12, top: names.length > 1 ? 26 : 10, bottom: 2, containLabel: true },
    legend: { ...base({}).legend, show: names.length > 1 },
    xAxis: timeAxis(8),
    yAxis: axis({ type: "value", splitNumber: 3, min: 0, ...extra?.yAxis }),
    tooltip: { ...base({}).tooltip, valueFormatter: number },
    series: names.map((name, n) => line(name, values[name], n === 0 && extra?.limit ? { markLine: extra.limit } : {})),
  });
}

function place(element, option) {
  const target = typeof element === "string" ? document.getElementById(element) : element;
  if (!target) return;
  const chart = echarts.init(target, null, { renderer: "svg" });
  chart.setOption(option());
  charts.push({ chart, option });
}

function drawAll() {
  place("chart-curves", curves);
  const grid = document.getElementById("chart-latency");
  for (const name of [...data.requests, ...data.flows]) {
    if (!data.latency[name]) continue;
    const card = document.createElement("div");
    card.className = "card";
    const title = document.createElement("h3");
    title.className = "mono";
    title.textContent = name;
    const target = document.createElement("div");
    target.className = "chart small";
    card.append(title, target);
    grid.append(card);
    place(target, () => banded(latency(name)));
  }
  place("chart-rate", () => banded(rate()));
  place("chart-devices", () => banded(stacked(data.devices, "line", true, STATE_COLORS)));
  place("chart-connects", () => banded(lines(data.connects)));
  const height = 70 + 34 * data.waterfall.length;
  if (data.waterfall.length) document.getElementById("chart-waterfall").style.height = `${Math.max(140, height)}px`;
  place("chart-waterfall", waterfall);
  place("chart-disconnects", () => banded(stacked(data.disconnects, "bar", false)));
  if (data.delivery) {
    place("chart-delivery", delivery);
    place("chart-records", () => banded(lines(data.records)));
  }
  const families = document.getElementById("chart-commands");
  if (families) families.style.height = `${70 + 42 * data.commands.length}px`;
  place("chart-commands", commands);
  const lag = data.loop_lag ? { p50: data.loop_lag.p50, p99: data.loop_lag.p99, max: data.loop_lag.max } : { p99: data.times.map(() => null) };
  const top = Math.max(0, ...(data.loop_lag?.max ?? []).map((v) => v ?? 0));
  place("chart-lag", () => banded(lines(lag, top > data.lag_limit_ms / 4 ? { limit: limitLine(data.lag_limit_ms, `limit ${data.lag_limit_ms} ms`) } : {})));
  place("chart-cpu", () => banded(lines(data.health.cpu, { yAxis: { interval: 50, max: (value) => Math.max(100, 50 * Math.ceil(value.max / 50)) }, limit: limitLine(data.cpu_limit_percent, `limit ${data.cpu_limit_percent} %`) })));
  place("chart-rss", () => banded(lines(data.health.rss)));
  place("chart-held", () => banded(lines(data.health.held, { yAxis: { minInterval: 1 } })));
  place("chart-waiting", () => banded(lines(data.health.waiting, { yAxis: { minInterval: 1 } })));
}

function redraw() {
  for (const { chart, option } of charts) {
    chart.resize();
    chart.setOption(option(), { notMerge: true });
  }
}

function sortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button")?.addEventListener("click", () => {
      const numeric = heading.classList.contains("n");
      const up = heading.ariaSort === (numeric ? "descending" : "ascending") ? numeric : !numeric;
      headings.forEach((other) => { other.ariaSort = null; });
      heading.ariaSort = up ? "ascending" : "descending";
      const key = (row) => {
        const cell = row.cells[column];
        return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent;
      };
      const rows = [...table.tBodies[0].rows].filter((row) => !row.classList.contains("more")).sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        return (typeof x === "number" ? x - y : x.localeCompare(y)) * (up ? 1 : -1);
      });
      // what else is to be told of a row stands in the row after it, and goes with it
      const more = new Map(rows.map((row) => [row, row.nextElementSibling]));
      rows.forEach((row) => {
        table.tBodies[0].append(row);
        if (more.get(row)?.classList.contains("more")) table.tBodies[0].append(more.get(row));
      });
    });
  });
}

document.querySelectorAll("table.sortable").forEach(sortable);
document.getElementById("print")?.addEventListener("click", () => window.print());
document.getElementById("theme")?.addEventListener("click", () => { root.classList.toggle("dark"); redraw(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => { root.classList.toggle("dark", event.matches); redraw(); });

// paper is white and of its own width: draw for it, and come back afterwards
let dark = false;
function toPaper() {
  dark = root.classList.contains("dark");
  root.classList.remove("dark");
  document.body.classList.add("paper");
  redraw();
}
function fromPaper() {
  document.body.classList.remove("paper");
  root.classList.toggle("dark", dark);
  redraw();
}
window.addEventListener("beforeprint", toPaper);
window.addEventListener("afterprint", fromPaper);
let resizing = 0;
window.addEventListener("resize", () => { cancelAnimationFrame(resizing); resizing = requestAnimationFrame(() => { if (!document.body.classList.contains("paper")) charts.forEach(({ chart }) => chart.resize()); }); });

if (data?.times) drawAll();
