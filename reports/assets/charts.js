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

// --- Thresholds as lines ---

const highest = (series) => Math.max(0, ...series.flatMap((each) => each.data ?? []).map((v) => (Array.isArray(v) ? v.at(-1) : v?.value ?? v)).filter(Number.isFinite));

function limitLine(limits) {
  return {
    silent: true, symbol: "none",
    data: limits.map(({ limit, text, passed }) => {
      const tint = style(passed ? "--good" : "--bad");
      return { yAxis: limit, lineStyle: { color: tint, type: "dashed" }, label: { formatter: text, color: tint, position: "insideEndTop", fontSize: 11 } };
    }),
  };
}

// A round end of an axis, at or above a value.
function round(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].find((each) => each * power >= value);
}

// The option with lines of those limits that lie near what is drawn; `beyond` says the others in words.
function limited(option, limits) {
  const most = highest(option.series);
  const near = limits.filter(({ limit }) => limit <= 3 * most);
  const beyond = limits.filter(({ limit }) => limit > 3 * most).map(({ text }) => text);
  if (near.length) {
    const upper = Math.max(...near.map(({ limit }) => limit));
    const first = [option.yAxis].flat()[0];
    const max = first.max ?? ((range) => (upper > range.max ? round(1.02 * upper) : null));
    option.yAxis = [{ ...first, max }, ...[option.yAxis].flat().slice(1)];
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
    });
    return button;
  })));
  return Object.fromEntries(series.map((each) => [each.name, !entry.hidden.has(each.name)]));
}

function draw(entry) {
  const { target } = entry;
  target.setAttribute("role", "img");
  target.tabIndex = 0;
  entry.chart ??= echarts.init(target, null, { renderer: entry.renderer });
  entry.chart.resize();
  const option = entry.make(entry.chart.getWidth(), entry.chart.getHeight());
  const selected = legend(entry, option);
  entry.shown = option;
  target.ariaLabel = [entry.title, described(option), ...(option.beyond ?? [])].filter(Boolean).join(". ");
  const { told, format, beyond, bare, named, ...drawn } = option;
  entry.chart.setOption({ ...drawn, legend: { ...drawn.legend, show: false, selected } }, { notMerge: true });
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
