// report.html: how response times are spread, of all and of each; the initial flow, delivery, commands.

const totals = Object.fromEntries(Object.entries(data.latency).map(([name, points]) => [name, points.count.reduce((sum, n) => sum + (n ?? 0), 0)]));
const QUANTILES = { p50: 1, p99: 3, max: 8 };

function nines(x) {
  const value = 100 * (1 - 1 / x);
  const digits = x >= 1000 ? Math.ceil(Math.log10(x)) - 2 : value % 1 ? 1 : 0;
  return `${value.toFixed(Math.min(digits, 6))} %`;
}

// The value of a curve at a percentile (0 … 1).
function at(curve, fraction) {
  const wanted = 1 / (1 - fraction);
  return (curve.find(([x]) => x >= wanted) ?? curve.at(-1))[1];
}

const shadow = (extra) => ({ axisPointer: { type: "shadow" }, ...extra });

// Response times rarely lie within one power of ten; where they do, a logarithmic axis would show nothing.
function timesAxis(values, extra = {}) {
  const known = values.filter((v) => v > 0);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const log = known.length && high > 5 * low;
  return axis({ type: log ? "log" : "value", ...(log ? {} : { min: 0 }), ...extra, axisLabel: { formatter: shortMs, ...extra.axisLabel } });
}

function curvesOf(entries, extra) {
  const most = Math.max(10, ...entries.map(({ curve }) => curve.at(-1)[0]));
  return base({
    grid: { left: 8, right: 20, top: 12, bottom: 24, containLabel: true },
    tooltip: { trigger: "item", formatter: (point) => `${encode(point.seriesName)}<br>${nines(point.value[0])}: <b>${milliseconds(point.value[1])}</b>` },
    xAxis: axis({ type: "log", min: 1, max: 10 ** Math.ceil(Math.log10(most)), name: _("percentile"), nameLocation: "middle", nameGap: 24, axisLabel: { formatter: nines } }),
    yAxis: timesAxis(entries.flatMap(({ curve }) => curve.map(([, value]) => value))),
    series: entries.map(({ name, curve, tint, dash = 0 }) => ({
      name, type: "line", data: curve, itemStyle: { color: tint }, symbolSize: 5, showSymbol: curve.length < 3, triggerLineEvent: true,
      lineStyle: { width: 1.8, color: tint, type: DASHES[dash] }, emphasis: { focus: "series" },
    })),
    told: entries.map(({ name, curve }) => _("{name}: p50 {p50}, p99 {p99}, longest {max}", { name, p50: milliseconds(at(curve, 0.5)), p99: milliseconds(at(curve, 0.99)), max: milliseconds(curve.at(-1)[1]) })).join("; "),
    ...extra,
  });
}

function curves() {
  const names = [...data.requests, ...data.flows, ...data.commands].filter((name) => data.curves[name]?.length);
  const ranked = [...names].sort((a, b) => data.requests.includes(b) - data.requests.includes(a) || (totals[b] ?? 0) - (totals[a] ?? 0));
  const selected = Object.fromEntries(names.map((name) => [name, ranked.indexOf(name) < 8]));
  return curvesOf(names.map((name) => ({ name, curve: data.curves[name], tint: color(styleOf(name)[0]), dash: styleOf(name)[1] })), { legend: { selected } });
}

// Bars of counts by duration, each with its share.
function spread(labels, counts, tint, extra = {}) {
  const all = counts.reduce((sum, n) => sum + n, 0);
  const told = (n) => `${count(counts[n])} (${percent(counts[n] / all)})`;
  return base({
    grid: { left: 8, right: 12, top: 24, bottom: 6, containLabel: true },
    tooltip: shadow({ formatter: (points) => `${encode(labels[points[0].dataIndex])}<br><b>${told(points[0].dataIndex)}</b>` }),
    xAxis: axis({ type: "category", data: labels, splitLine: { show: false }, ...extra.xAxis }),
    yAxis: axis({ type: "value", minInterval: 1, splitNumber: 3 }),
    series: [{ name: _("count"), type: "bar", barWidth: "72%", data: counts, itemStyle: { color: tint }, ...extra.series }],
    told: labels.map((each, n) => [each, n]).filter(([, n]) => counts[n]).map(([each, n]) => `${each}: ${told(n)}`).join("; "),
  });
}

// Of the successful ones by how long they took, and the failed ones behind them.
function ranges() {
  const [first, last] = [data.ranges.findIndex(([, n]) => n), data.ranges.findLastIndex(([, n]) => n)];
  const rows = data.ranges.slice(first, last + 1).map(([upper, n], place) => {
    const below = data.ranges[first + place - 1]?.[0] ?? 0;
    return { name: upper === null ? `> ${shortMs(below)}` : `≤ ${shortMs(upper)}`, n, tint: color(1) };
  });
  if (data.failed) rows.push({ name: _("failed"), n: data.failed, tint: color(5) });
  const all = rows.reduce((sum, { n }) => sum + n, 0);
  return spread(rows.map(({ name }) => name), rows.map(({ n }) => n), color(1), {
    xAxis: { axisLabel: { interval: 0, rotate: 40, hideOverlap: false } },
    series: {
      data: rows.map(({ n, tint }) => ({ value: n, itemStyle: { color: tint } })), barMaxWidth: 90,
      label: { show: true, position: "top", ...small(), fontSize: 10, formatter: (p) => (p.value ? percent(p.value / all) : "") },
    },
  });
}

function distribution(name) {
  const rows = data.distribution[name];
  const labels = rows.map(([low, high]) => `${ms(low)} – ${milliseconds(high)}`);
  return spread(labels, rows.map(([, , n]) => n), color(styleOf(name)[0]), {
    xAxis: { axisLabel: { formatter: (value, n) => shortMs(rows[n][1]), hideOverlap: true } },
    series: { barWidth: "92%", barMaxWidth: 48 },
  });
}

// --- What an opened fold-out shows of one name ---

const GROUP_COLORS = [1, 3, 2, 4, 7, 9, 11, 6, 12, 10, 8, 5];
const groupColor = (group) => color(GROUP_COLORS[Object.keys(data.groups).indexOf(group) % GROUP_COLORS.length]);

const PARTS = {
  distribution: (name) => distribution(name),
  curve(name) {
    const groups = Object.entries(data.groups ?? {}).map(([group, found]) => ({ name: group, curve: found.requests?.[name] ?? found.flows?.[name] ?? [], tint: groupColor(group) }));
    const all = { name: groups.length ? _("all") : name, curve: data.curves[name], tint: groups.length ? style("--ink") : color(styleOf(name)[0]) };
    return curvesOf([all, ...groups.filter(({ curve }) => curve.length)]);
  },
  latency: (name) => latency(name, ["p50", "p99", "max"], 8),
  rate: (name) => rateOf(name),
};

function drawParts(details) {
  if (details.drawn || !details.open) return;
  details.drawn = true;
  const name = details.dataset.of;
  for (const target of details.querySelectorAll("[data-part]")) {
    const title = target.previousElementSibling.textContent;
    place(target, () => PARTS[target.dataset.part](name), `${name}: ${title}`);
  }
}
document.querySelectorAll("details[data-of]").forEach((details) => {
  details.addEventListener("toggle", () => drawParts(details));
  drawParts(details);
});

// --- The initial flow, delivery, commands ---

function waterfall() {
  const steps = data.waterfall;
  const tint = color(1);
  const part = (name, values, itemStyle) => ({ name, type: "bar", stack: "all", data: values, itemStyle, barWidth: "58%" });
  return base({
    grid: { left: 8, right: 96, top: 12, bottom: 6, containLabel: true },
    tooltip: shadow({
      formatter: (points) => {
        const step = steps[points[0].dataIndex];
        const told = _("median {p50}, p95 {p95}, {count} times", { p50: milliseconds(step.p50), p95: milliseconds(step.p95), count: count(step.count) });
        return `${encode(step.name)}<br>${encode(told)}`;
      },
    }),
    xAxis: axis({ type: "value", axisLabel: { formatter: shortMs } }),
    yAxis: axis({ type: "category", inverse: true, data: steps.map((step) => step.name), axisLabel: { color: style("--ink"), hideOverlap: false } }),
    series: [
      part("", steps.map((step) => step.start), { color: "transparent" }),
      part(_("median"), steps.map((step) => step.p50), { color: tint }),
      {
        ...part("p95", steps.map((step) => step.p95 - step.p50), { color: `${tint}4d` }),
        label: { show: true, position: "right", ...small(), formatter: (point) => `${ms(steps[point.dataIndex].p50)} / ${milliseconds(steps[point.dataIndex].p95)}` },
      },
    ],
    told: steps.map((step) => _("{name}: median {p50}, p95 {p95}", { name: step.name, p50: milliseconds(step.p50), p95: milliseconds(step.p95) })).join("; "),
  });
}

function delivery() {
  const { edges_ms: edges, counts, promise_ms: promise } = data.delivery;
  const labels = edges.map((edge) => `≤ ${shortMs(edge)}`).concat(`> ${shortMs(edges.at(-1))}`);
  const kept = edges.filter((edge) => edge <= promise).length;
  const shown = Math.max(counts.findLastIndex((each) => each > 0) + 1, kept + 1);
  const option = spread(labels.slice(0, shown), counts.slice(0, shown), color(2), {
    xAxis: { axisLabel: { interval: 0, rotate: 40, hideOverlap: false } },
    series: {
      label: { show: true, position: "top", ...small(), fontSize: 10, formatter: (p) => (p.value ? count(p.value) : "") },
      data: counts.slice(0, shown).map((value, n) => ({ value, itemStyle: { color: color(n < kept ? 2 : 5) } })),
      markLine: {
        silent: true, symbol: "none", data: [{ xAxis: kept - 1 }], lineStyle: { color: style("--bad"), type: "dashed" },
        label: { formatter: _("promise: {limit}", { limit: shortMs(promise) }), color: style("--bad"), fontSize: 11, position: "end" },
      },
    },
  });
  return option;
}

function commands() {
  const rows = [...data.commands].reverse();
  const part = (name, fraction, tint) => ({ name, type: "bar", data: rows.map((row) => at(data.curves[row], fraction)), barMaxWidth: 9, itemStyle: { color: color(tint) } });
  return base({
    grid: { left: 8, right: 24, top: 12, bottom: 6, containLabel: true },
    tooltip: shadow({ valueFormatter: milliseconds }),
    xAxis: axis({ type: "value", axisLabel: { formatter: shortMs } }),
    yAxis: axis({ type: "category", data: rows, axisLabel: { color: style("--ink"), hideOverlap: false } }),
    series: [part("p50", 0.5, QUANTILES.p50), part("p95", 0.95, 9), part("p99", 0.99, QUANTILES.p99)],
    told: rows.map((row) => _("{name}: p50 {p50}, p99 {p99}, longest {max}", { name: row, p50: milliseconds(at(data.curves[row], 0.5)), p99: milliseconds(at(data.curves[row], 0.99)), max: milliseconds(data.curves[row].at(-1)[1]) })).join("; "),
  });
}

function tall(id, height) {
  const target = document.getElementById(`chart-${id}`);
  if (target) target.style.height = `${height}px`;
}
