// report.html: what happened over time, and where each chart stands.

const perSecond = (values) => values.map((n) => n / data.step_s);
const sumOf = (series) => data.times.map((_time, n) => series.reduce((sum, values) => sum + (values[n] ?? 0), 0));
const grown = (values) => values.some((n) => n);

function over(series, extra = {}) {
  const { format = rate, labels = 16, bars = false, limits = [], yAxis = {}, ...rest } = extra;
  return banded(limited(base({
    tooltip: timeTooltip(format), format,
    xAxis: timeAxis(labels, bars), dataZoom: zoom(), series,
    yAxis: axis({ type: "value", ticks: {}, ...yAxis }),
    ...rest,
  }), limits));
}

// --- Requests ---

const tried = () => perSecond(sumOf(data.requests.map((name) => data.latency[name]?.count ?? [])));
const failedOf = (name) => data.failures[name] ?? data.times.map(() => 0);
const failedOfAll = () => sumOf(data.requests.map(failedOf));

// Failed ones on the axis of all: one in a thousand looks like one in a thousand.
function rateOver() {
  const failed = perSecond(failedOfAll());
  const expected = perSecond(data.expected ?? []);
  return over([
    line(_("requests"), tried(), color(1), { areaStyle: { opacity: 0.12 } }),
    ...(grown(expected) ? [line(_("refused as expected"), expected, color(8), { lineStyle: { type: "dashed" } })] : []),
    ...(grown(failed) ? [line(_("failed"), failed, color(5), { areaStyle: { opacity: 0.35 } })] : []),
  ], { limits: thresholdsOf("rate"), format: (value) => `${rate(value)}/s` });
}

function rateOf(name) {
  const all = perSecond((data.latency[name]?.count ?? []).map((n) => n ?? 0));
  const failed = perSecond(failedOf(name));
  return over([
    line(_("all"), all, color(1), { areaStyle: { opacity: 0.12 } }),
    ...(grown(failed) ? [line(_("failed"), failed, color(5), { areaStyle: { opacity: 0.35 } })] : []),
  ], { limits: thresholdsOf("rate", name), format: (value) => `${rate(value)}/s`, labels: 8 });
}

function codesOver() {
  return over(Object.entries(data.codes).map(([code, values]) => bar(code === "others" ? label("codes", code) : code, values, color(data.styles.codes[code] ?? 5), { stack: "all", barMaxWidth: 18 })), {
    bars: true, named: true, labels: 8, format: count, yAxis: { ticks: { whole: true } },
  });
}

function shareOver() {
  const all = sumOf(data.requests.map((name) => data.latency[name]?.count ?? []));
  const share = failedOfAll().map((n, index) => (all[index] ? (100 * n) / all[index] : null));
  return over([line(_("failed"), share, color(5))], {
    limits: thresholdsOf("share"), labels: 8, format: (value) => percent(value / 100), yAxis: { ticks: { share: true }, axisLabel: { formatter: "{value} %" } },
  });
}

// Of one name; failures as their share, on an axis that goes from 0 to 100 % whatever they are.
function latency(name, quantiles, labels) {
  const points = data.latency[name];
  const failed = failedOf(name);
  // the longest lies behind p99, which it often is
  const series = quantiles.map((key, n) => line(key === "max" ? _("longest") : key, points[key], color(QUANTILES[key]), { z: 5 - n }));
  const option = over(series, {
    labels, format: milliseconds, limits: thresholdsOf("latency", name).filter(({ limit }) => limit), bare: quantiles.length < 3, dataZoom: [],
    yAxis: { ticks: { parts: 3 }, axisLabel: { formatter: shortMs, fontSize: 10 } },
  });
  if (!grown(failed)) return option;
  const called = _("failed");
  const share = failed.map((n, index) => (n ? (100 * n) / (points.count[index] || n) : null));
  option.yAxis = [[option.yAxis].flat()[0], axis({ type: "value", min: 0, max: 100, interval: 50, splitLine: { show: false }, axisLabel: { formatter: "{value} %", fontSize: 10 } })];
  option.series.splice(series.length, 0, bar(called, share, color(5), { yAxisIndex: 1, barMaxWidth: 6, z: 1, itemStyle: { color: color(5), opacity: 0.35 } }));
  option.tooltip = { ...option.tooltip, ...timeTooltip((value, series) => (series === called ? percent(value / 100) : milliseconds(value))) };
  const lost = _("{count} failed", { count: count(failed.reduce((sum, n) => sum + n, 0)) });
  option.told = `${described({ ...option, series })}; ${lost}`;
  return option;
}

// --- All requests: heat map, load, bytes ---

function heat(width, height) {
  const { bounds_ms: bounds, cells } = data.heat;
  const rows = Math.max(1, bounds.length - 1);
  const most = Math.max(1, ...cells.map(([, , n]) => n));
  const edge = { left: 64, right: 14, top: 10, bottom: 26 };
  const cell = [(width - edge.left - edge.right) / data.times.length + 0.4, (height - edge.top - edge.bottom) / rows + 0.4];
  const between = (row) => (bounds[row + 1] === null ? `> ${shortMs(bounds[row])}` : `${shortMs(bounds[row])} – ${shortMs(bounds[row + 1])}`);
  const tint = echarts.color.parse(color(1));
  return banded(base({
    grid: { ...edge, containLabel: false }, bare: true,
    tooltip: { trigger: "item", formatter: ({ value: [bin, row, n] }) => `${moment(bin)}<br>${between(row)}: <b>${count(n)}</b>` },
    xAxis: { ...timeAxis(8, true) },
    yAxis: axis({ type: "category", data: bounds.slice(0, -1).map((_bound, row) => (bounds[row + 1] === null ? `> ${shortMs(bounds[row])}` : shortMs(bounds[row + 1]))), splitLine: { show: false } }),
    series: [{
      name: _("requests"), type: "scatter", symbol: "rect", symbolSize: cell, data: cells, silent: false,
      // by the logarithm: one slow request in a thousand is what a reader looks for
      itemStyle: { color: ({ value }) => `rgba(${tint[0]},${tint[1]},${tint[2]},${(0.16 + (0.84 * Math.log(1 + value[2])) / Math.log(1 + most)).toFixed(3)})` },
      emphasis: { disabled: true },
    }],
    told: _("{count} cells; at most {most} requests of {step} s within one range of response times", { count: cells.length, most: count(most), step: data.step_s }),
  }));
}

function load() {
  const points = data.load.map((found, bin) => (found ? [...found, bin] : null)).filter(Boolean);
  const cloud = (name, place, tint) => ({ name, type: "scatter", symbolSize: 6, itemStyle: { color: tint, opacity: 0.6 }, data: points.map((found) => [found[0], found[place], found[3]]) });
  const rates = points.map(([each]) => each);
  return base({
    grid: { left: 8, right: 20, top: 12, bottom: 24, containLabel: true },
    tooltip: {
      trigger: "item",
      formatter({ seriesName, value: [each, taken, bin] }) {
        const busy = _("{rate} requests per second", { rate: rate(each) });
        return `${moment(bin)}<br>${busy}<br>${encode(seriesName)}: <b>${milliseconds(taken)}</b>`;
      },
    },
    xAxis: axis({ type: "value", scale: true, name: _("requests per second"), nameLocation: "middle", nameGap: 24 }),
    yAxis: timesAxis(points.flatMap(([, p50, p99]) => [p50, p99])),
    series: [cloud("p50", 1, color(QUANTILES.p50)), cloud("p99", 2, color(QUANTILES.p99))],
    told: points.length ? ["p50", "p99"].map((name, n) => {
      const calm = points.reduce((a, b) => (b[0] < a[0] ? b : a));
      const busy = points.reduce((a, b) => (b[0] > a[0] ? b : a));
      return _("{name}: {calm} at {low} requests per second, {busy} at {high}", { name, calm: milliseconds(calm[n + 1]), busy: milliseconds(busy[n + 1]), low: rate(Math.min(...rates)), high: rate(Math.max(...rates)) });
    }).join("; ") : "",
  });
}

// Groups are counted in spans of their own, so that their chart has times of its own.
function groupsOver() {
  const times = data.groups_times;
  return base({
    tooltip: timeTooltip(milliseconds, times), format: milliseconds,
    xAxis: timeAxis(16, false, times, data.groups_step_s), dataZoom: zoom(),
    yAxis: axis({ type: "value", ticks: {}, axisLabel: { formatter: shortMs } }),
    series: Object.entries(data.groups).map(([group, { latency: found }]) => line(group, found.p99, groupColor(group))),
  });
}

function bytes() {
  const names = { out: _("sent by devices"), in: _("received by devices") };
  return over(Object.entries(data.bytes).map(([key, values]) => line(names[key] ?? key, values, color(key === "out" ? 9 : 4))), {
    labels: 8, format: (value) => `${size(value)}/s`, yAxis: { ticks: { bytes: true }, axisLabel: { formatter: size } },
  });
}

// --- Devices, records, generator ---

function devices() {
  const states = Object.entries(data.devices).map(([name, values]) => line(label("states", name), values, color(data.styles.states[name] ?? 8), {
    stack: "all", areaStyle: { opacity: 0.55 }, lineStyle: { width: 1 }, step: data.devices_peak ? undefined : "end",
  }));
  return over(states, { limits: thresholdsOf("devices", "", (data.fleet ?? 0) / 100), yAxis: { ticks: { whole: true } } });
}

const REASON_COLORS = [8, 5, 6, 3, 4, 7, 11, 12, 10, 1, 9, 2];

function disconnects() {
  return over(Object.entries(data.disconnects).map(([name, values], n) => bar(label("disconnects", name), values, color(REASON_COLORS[n % REASON_COLORS.length]), { stack: "all", barMaxWidth: 18 })), {
    bars: true, named: true, labels: 8, format: count, yAxis: { ticks: { whole: true } },
  });
}

const RECORD_COLORS = { generated: 1, acknowledged: 2, refused: 5, rejected: 6, lost: 7, resent: 3, restored: 9, unkept: 8 };

function records() {
  return over(Object.entries(data.records).map(([name, values]) => {
    const photo = name.startsWith("photo_");
    return line(label("records", name), values, color(RECORD_COLORS[name.replace("photo_", "")] ?? 8), { lineStyle: { type: photo ? "dashed" : "solid" } });
  }), { labels: 8, format: count, yAxis: { ticks: { whole: true } } });
}

const backlog = () => over([line(_("records waiting"), data.backlog, color(6), { areaStyle: { opacity: 0.15 } })], {
  labels: 16, format: count, yAxis: { ticks: { whole: true } }, limits: thresholdsOf("backlog"),
});

const LINE_COLORS = [1, 3, 2, 4, 9, 7, 11, 12];

function lines(values, kind, extra) {
  return over(Object.entries(values).map(([name, points], n) => line(label(kind, name), points, color(LINE_COLORS[n % LINE_COLORS.length]))), {
    labels: 8, dataZoom: [], ...extra, yAxis: { ...extra?.yAxis, ticks: { parts: 3, ...extra?.yAxis?.ticks } },
  });
}

function lag() {
  const found = data.loop_lag;
  const series = found ? ["p50", "p99", "max"].map((key) => line(key === "max" ? _("longest") : key, found[key], color(QUANTILES[key]))) : [line("p99", data.times.map(() => null), color(3))];
  const limit = { limit: data.lag_limit_ms, text: _("limit {limit} ms", { limit: data.lag_limit_ms }), passed: false };
  return over(series, { labels: 8, format: milliseconds, limits: [limit, ...thresholdsOf("lag")], dataZoom: [], yAxis: { ticks: { parts: 3 } } });
}

function cpu() {
  const limit = { limit: data.cpu_limit_percent, text: _("limit {limit} %", { limit: data.cpu_limit_percent }), passed: false };
  const option = lines(data.health.cpu, "processes", { format: (value) => `${rate(value)} %`, yAxis: { ticks: { atLeast: 100 } } });
  const limits = [limit, ...thresholdsOf("cpu")].filter((each) => each.limit <= Math.max(100, reach(option.series)));
  return { ...option, series: [...option.series, { name: "", type: "line", data: [], markLine: limitLine(limits) }] };
}

// --- Where each chart stands ---

function drawAll() {
  place("curves", curves);
  if (data.ranges) place("ranges", ranges);
  place("rate", rateOver);
  if (data.codes) place("codes", codesOver);
  if (thresholdsOf("share").length) {
    document.querySelector('[data-chart="share"]').classList.remove("hidden");
    place("share", shareOver);
  } else {
    document.querySelector('[data-chart="share"]').remove();
  }
  if (data.heat) place("heat", heat, "", "canvas");
  if (data.load) place("load", load);
  if (data.bytes) place("bytes", bytes);
  place("groups", groupsOver);
  const grid = document.getElementById("chart-latency");
  for (const name of [...data.requests, ...data.flows].filter((each) => data.latency[each])) {
    const card = Object.assign(document.createElement("div"), { className: "card" });
    const title = Object.assign(document.createElement("h4"), { className: "mono" });
    title.append(Object.assign(document.createElement("a"), { href: `#of-${name}`, textContent: name }));
    const target = Object.assign(document.createElement("div"), { className: "chart small" });
    card.append(title, target);
    grid.append(card);
    place(target, () => latency(name, ["p50", "p99"], 6), _("{name}: latency over time", { name }));
  }
  place("devices", devices);
  place("connects", () => lines(data.connects, "connects", { format: rate }));
  tall("waterfall", Math.max(140, 50 + 34 * data.waterfall.length));
  if (data.waterfall.length) place("waterfall", waterfall);
  place("disconnects", disconnects);
  if (data.delivery) {
    place("delivery", delivery);
    place("records", records);
    if (data.backlog) place("backlog", backlog);
  }
  tall("commands", 50 + 42 * data.commands.length);
  if (data.commands.length) place("commands", commands);
  place("lag", lag);
  place("cpu", cpu);
  place("rss", () => lines(data.health.rss, "processes", { limits: thresholdsOf("rss"), format: (value) => `${rate(value)} MB` }));
  place("held", () => lines(data.health.held, "held", { limits: thresholdsOf("held"), format: count, yAxis: { ticks: { whole: true } } }));
  place("waiting", () => lines(data.health.waiting, "held", { format: count, yAxis: { ticks: { whole: true } } }));
}

drawAll();
