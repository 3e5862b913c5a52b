// How charts look and behave on every page: axes, colours, legends, bands of faults, lines of thresholds, what is told
// of them to those who do not see them. A chart is drawn when it comes into view.

const charts = [];
const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const color = (n) => style(`--c${n}`);
const styleOf = (name) => data.styles.names[name] ?? [1, 0];
const DASHES = ["solid", "dashed", "dotted"];
const encode = (text) => echarts.format.encodeHTML(String(text));
const small = () => ({ color: style("--soft"), fontSize: 11 });

// Several charts ask for the same few colours hundreds of times; they change with the theme alone.
function base(extra) {
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: style("--soft") },
    grid: { left: 8, right: 16, top: 12, bottom: 6, containLabel: true },
    legend: { show: false },
    tooltip: {
      trigger: "axis", confine: true, backgroundColor: style("--card"), borderColor: style("--line"),
      textStyle: { color: style("--ink"), fontSize: 12 }, axisPointer: { lineStyle: { color: style("--faint") } },
      ...extra.tooltip,
    },
    ...Object.fromEntries(Object.entries(extra).filter(([key]) => key !== "tooltip")),
  };
}

function axis(extra) {
  return {
    axisLine: { lineStyle: { color: style("--line") } }, axisTick: { show: false },
    splitLine: { lineStyle: { color: style("--grid") } },
    nameTextStyle: small(),
    ...extra,
    axisLabel: { ...small(), hideOverlap: true, ...extra.axisLabel },
  };
}

const TICKS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];

// `labels` of them at most; one point alone has its place in the middle.
function timeAxis(labels, bars, times = data.times, step = data.step_s) {
  const every = TICKS_S.find((each) => (times.length * step) / each <= labels) ?? 604800;
  return axis({
    type: "category", data: times.map(clock), boundaryGap: Boolean(bars) || times.length === 1, splitLine: { show: false },
    axisLabel: { interval: (n) => times[n] % every < step },
  });
}

const moment = (index, times = data.times) => `${clock(times[index])} · ${clockOf(new Date(1000 * (data.started + times[index])))}`;

// What a point over time tells: when it is, its values, and the faults under way then (which are told by `data.times`).
function timeTooltip(format, times = data.times) {
  return {
    formatter: (points) => {
      const shown = points.filter((point) => point.seriesName);
      if (!shown.length) return "";
      const value = (point) => (Array.isArray(point.value) ? point.value.at(-1) : point.value?.value ?? point.value);
      const rows = shown.map((point) => `${point.marker}${encode(point.seriesName)} <b>${format(value(point), point.seriesName)}</b>`);
      const faults = (times === data.times ? data.faults ?? [] : []).flatMap((kind) => kind.texts[shown[0].dataIndex] ?? []).map((told) => `<i>${encode(told)}</i>`);
      return [moment(shown[0].dataIndex, times), ...rows, ...faults].join("<br>");
    },
  };
}

// A line breaks where nothing was measured; a point without a neighbour, which no line reaches, is a dot.
function line(name, values, tint, extra = {}) {
  const alone = (n) => !missing(values[n]) && missing(values[n - 1] ?? null) && missing(values[n + 1] ?? null);
  return {
    name, type: "line", data: values, connectNulls: false, showAllSymbol: true,
    symbol: (value, point) => (alone(point.dataIndex) ? "circle" : "none"), symbolSize: 6,
    itemStyle: { color: tint }, ...extra, lineStyle: { width: 1.6, color: tint, ...extra.lineStyle },
  };
}

const bar = (name, values, tint, extra = {}) => ({ name, type: "bar", data: values.map((v) => v || null), barMaxWidth: 14, itemStyle: { color: tint }, ...extra });

const zoom = () => [{ type: "inside", zoomOnMouseWheel: "shift" }];

// Faults as bands behind a chart over time; the line above the charts names their colours.
function banded(option) {
  const area = (tint, opacity, pairs) => pairs.map(([from, to]) => [{ xAxis: from, itemStyle: { color: tint, opacity } }, { xAxis: to }]);
  const bands = (data.faults ?? []).map((kind) => {
    const tint = color(data.styles.faults[kind.what] ?? 8);
    return {
      name: "", type: "line", data: [], itemStyle: { color: tint },
      markArea: { silent: true, data: [...area(tint, 0.22, kind.bands), ...area(tint, 0.09, kind.returns)] },
    };
  });
  return { ...option, series: [...option.series, ...bands] };
}

// --- Scales: the ticks of an axis are round numbers, evenly spaced, and the last one is at or above what is drawn ---

// Without what a sum of binary fractions leaves: 0.1 + 0.2 is 0.3.
const exact = (value) => Number(value.toPrecision(12));

// The axis of values from 0 to `most`, in about `parts`: the step is 1, 2, 2.5 or 5 times a power of ten.
function scale(most, { parts = 4, whole = false, share = false, bytes = false } = {}) {
  if (bytes) {
    // Round steps of KB and MB, which are no round numbers of bytes; the last label is of the same unit as the others.
    const units = [1, 1024, 1024 ** 2, 1024 ** 3];
    const scales = units.map((unit) => scale(most / unit, { parts, whole: true }));
    const n = scales.findIndex(({ max }) => max < 999.5);
    const [unit, found] = [units.at(n), scales.at(n)];
    return { interval: found.interval * unit, max: found.max * unit };
  }
  // Each step up to 50 divides 100, so that no share gets a tick above that.
  const reached = Math.min(most > 0 ? most : 1, share ? 100 : Infinity);
  const least = Math.max(reached / parts, whole ? 1 : 0);
  const power = 10 ** Math.floor(Math.log10(least));
  const interval = [1, 2, 2.5, 5, 10].map((each) => exact(each * power)).find((each) => each >= least && (!whole || Number.isInteger(each)));
  return { interval, max: exact(Math.ceil(exact(reached / interval)) * interval) };
}

// The highest point of series, those of a stack on each other; of the points `first` to `last` where a part is shown.
function reach(series, [first, last] = [0, Infinity]) {
  const stacks = {};
  let most = 0;
  for (const { data: values = [], stack } of series) {
    values.forEach((v, n) => {
      if (n < first || n > last) return;
      let value = Number(Array.isArray(v) ? v.at(-1) : v?.value ?? v) || 0;
      if (stack) value = (stacks[`${stack} ${n}`] ?? 0) + value;
      if (stack) stacks[`${stack} ${n}`] = value;
      if (Number.isFinite(value)) most = Math.max(most, value);
    });
  }
  return most;
}

// The option's value axes, with the ticks of those series that are shown: an axis says in `ticks` how it is scaled.
function scaled({ series, yAxis }, selected, part) {
  return [yAxis].flat().map((each, n) => {
    if (!each?.ticks) return each;
    const { atLeast = 0, ...kind } = each.ticks;
    const shown = series.filter(({ name, yAxisIndex = 0 }) => yAxisIndex === n && selected[name] !== false);
    return { ...each, min: 0, ...scale(Math.max(reach(shown, part), atLeast), kind) };
  });
}

// After a series was taken away, or a part of the time was chosen.
function rescale(entry) {
  const { startValue = 0, endValue = Infinity } = entry.chart.getOption().dataZoom?.[0] ?? {};
  const selected = Object.fromEntries([...entry.hidden].map((name) => [name, false]));
  entry.chart.setOption({ yAxis: scaled(entry.shown, selected, [startValue, endValue]) });
}

// --- Thresholds as lines ---

function limitLine(limits) {
  return {
    silent: true, symbol: "none",
    data: limits.map(({ limit, text, passed }) => {
      const tint = style(passed ? "--good" : "--bad");
      return { yAxis: limit, lineStyle: { color: tint, type: "dashed" }, label: { formatter: text, color: tint, position: "insideEndTop", fontSize: 11 } };
    }),
  };
}

// The option with lines of those limits that lie near what is drawn; `beyond` says the others in words.
function limited(option, limits) {
  const most = reach(option.series);
  const near = limits.filter(({ limit }) => limit <= 3 * most);
  const beyond = limits.filter(({ limit }) => limit > 3 * most).map(({ text }) => text);
  if (near.length) {
    // A little above the line, so that it is no edge.
    const upper = 1.02 * Math.max(...near.map(({ limit }) => limit));
    const [first, ...others] = [option.yAxis].flat();
    option.yAxis = [{ ...first, ticks: { ...first.ticks, atLeast: Math.max(upper, first.ticks.atLeast ?? 0) } }, ...others];
    option.series = [...option.series, { name: "", type: "line", data: [], markLine: limitLine(near) }];
  }
  return { ...option, beyond };
}

function thresholdsOf(chart, name = "", scale = 1) {
  const unit = { ms: milliseconds, "%": (value) => percent(value / 100), "/s": (value) => `${rate(value)}/s` };
  return (data.thresholds ?? []).filter((item) => item.chart === chart && item.name === name).map((item) => {
    const value = missing(item.value) ? "" : ` (${(unit[item.unit] ?? ((v) => `${rate(v)} ${item.unit}`.trim()))(item.value)})`;
    const expression = name && item.expression.startsWith(`${name} `) ? item.expression.slice(name.length + 1) : item.expression;
    return { limit: item.limit * scale, text: `${expression}${value}`, passed: item.passed };
  });
}

// --- A chart on the page ---

const named = (option) => option.series.filter((series) => series.name);

// For whoever does not see it: of each series its lowest, highest and last value.
function described(option) {
  if (option.told) return option.told;
  const format = option.format ?? rate;
  const all = named(option);
  const parts = all.slice(0, 8).map((series) => {
    const values = series.data.map((v) => (Array.isArray(v) ? v.at(-1) : v?.value ?? v)).filter((v) => !missing(v) && Number.isFinite(v));
    if (!values.length) return _("{name}: nothing", { name: series.name });
    if (series.type === "bar") return _("{name}: {sum} in all", { name: series.name, sum: format(values.reduce((sum, n) => sum + n, 0)) });
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return _("{name}: {low} to {high}, at the end {last}", { name: series.name, low: format(low), high: format(high), last: format(values.at(-1)) });
  });
  if (all.length > 8) parts.push(_("and {count} more", { count: all.length - 8 }));
  return parts.join("; ");
}

// Buttons instead of the library's own legend, which no key reaches and which is cut off where there is little room.
function legend(entry, option) {
  const series = named(option);
  entry.legend ??= entry.target.insertAdjacentElement("beforebegin", Object.assign(document.createElement("div"), { className: "legend" }));
  entry.hidden ??= new Set(Object.entries(option.legend?.selected ?? {}).filter(([, on]) => !on).map(([name]) => name));
  entry.legend.replaceChildren(...(series.length < (option.named ? 1 : 2) || option.bare ? [] : series.map((each) => {
    const button = document.createElement("button");
    button.type = "button";
    button.ariaPressed = String(!entry.hidden.has(each.name));
    const key = document.createElement("i");
    key.style.background = each.itemStyle?.color ?? "";
    if (each.lineStyle?.type && each.lineStyle.type !== "solid") key.className = each.lineStyle.type;
    button.append(key, each.name);
    button.addEventListener("click", () => {
      if (!entry.hidden.delete(each.name)) entry.hidden.add(each.name);
      button.ariaPressed = String(!entry.hidden.has(each.name));
      entry.chart.dispatchAction({ type: "legendToggleSelect", name: each.name });
      rescale(entry);
    });
    return button;
  })));
  return Object.fromEntries(series.map((each) => [each.name, !entry.hidden.has(each.name)]));
}

function draw(entry) {
  const { target } = entry;
  target.setAttribute("role", "img");
  target.tabIndex = 0;
  if (!entry.chart) {
    entry.chart = echarts.init(target, null, { renderer: entry.renderer });
    entry.chart.on("datazoom", () => rescale(entry));
  }
  entry.chart.resize();
  const option = entry.make(entry.chart.getWidth(), entry.chart.getHeight());
  const selected = legend(entry, option);
  entry.shown = option;
  target.ariaLabel = [entry.title, described(option), ...(option.beyond ?? [])].filter(Boolean).join(". ");
  const { told, format, beyond, bare, named, ...drawn } = option;
  entry.chart.setOption({ ...drawn, yAxis: scaled(option, selected), legend: { ...drawn.legend, show: false, selected } }, { notMerge: true });
  if (beyond?.length && !entry.note) entry.note = target.insertAdjacentElement("afterend", Object.assign(document.createElement("p"), { className: "soft below" }));
  if (entry.note) entry.note.textContent = beyond?.length ? _("Beyond this chart: {thresholds}", { thresholds: beyond.join("; ") }) : "";
}

// Left and right go from point to point of a chart that has the focus.
function keys(entry, event) {
  const length = Math.max(0, ...entry.shown.series.map((series) => series.data?.length ?? 0));
  const steps = { ArrowLeft: (entry.at ?? length) - 1, ArrowRight: (entry.at ?? -1) + 1, Home: 0, End: length - 1 };
  if (event.key === "Escape") entry.chart.dispatchAction({ type: "hideTip" });
  if (!(event.key in steps) || !length) return;
  event.preventDefault();
  entry.at = Math.min(Math.max(steps[event.key], 0), length - 1);
  const seriesIndex = Math.max(0, entry.shown.series.findIndex((series) => series.name && !missing(series.data?.[entry.at])));
  entry.chart.dispatchAction({ type: "showTip", seriesIndex, dataIndex: entry.at });
}

const seen = new IntersectionObserver((found) => {
  for (const { isIntersecting, target } of found) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    const entry = charts.find((each) => each.target === target);
    if (entry && !entry.chart) draw(entry);
  }
}, { rootMargin: "400px" });

// Draw what `make(width, height)` says in an element, as soon as it is nearly in view.
function place(target, make, title = "", renderer = "svg") {
  const found = typeof target === "string" ? document.getElementById(`chart-${target}`) : target;
  if (!found) return;
  const heading = title || document.getElementById(`title-${target}`)?.textContent || "";
  const entry = { target: found, make, title: heading, renderer };
  charts.push(entry);
  found.addEventListener("keydown", (event) => { if (entry.chart) keys(entry, event); });
  seen.observe(found);
}

const paper = () => document.body.classList.contains("paper");
// what is folded stays as it is; paper wants what nobody has scrolled to as well
redraws.push(() => charts.forEach((entry) => { if (entry.target.offsetParent && (entry.chart || paper())) draw(entry); }));
let resizing = 0;
window.addEventListener("resize", () => {
  cancelAnimationFrame(resizing);
  resizing = requestAnimationFrame(() => { if (!paper()) charts.forEach((entry) => { if (entry.chart && entry.target.offsetParent) draw(entry); }); });
});
