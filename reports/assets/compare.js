// The page of a comparison: the same charts of all its runs, one on the other; the new run is the strong line.

const RUN_COLORS = [8, 11, 10, 9, 12, 4];
const last = data.runs.length - 1;
const runStyle = (n) => (n === last ? { tint: color(1), dash: "solid", width: 2.2 } : { tint: color(RUN_COLORS[n % RUN_COLORS.length]), dash: "dashed", width: 1.6 });

function lineOf(run, n, points, extra) {
  const { tint, dash, width } = runStyle(n);
  return {
    name: run.label, type: "line", data: points, symbolSize: 5, showSymbol: points.length < 3, itemStyle: { color: tint },
    lineStyle: { color: tint, type: dash, width }, ...extra,
  };
}

function aligned(key) {
  const end = Math.max(1, ...data.runs.map((run) => run[key].at(-1)?.[0] ?? 0));
  const every = TICKS_S.find((step) => end / step <= 8) ?? 604800;
  return base({
    tooltip: { formatter: (points) => [clock(points[0].axisValue), ...points.map((point) => `${point.marker}${encode(point.seriesName)} <b>${rate(point.value[1])}/s</b>`)].join("<br>") },
    xAxis: axis({ type: "value", min: 0, max: end, interval: every, splitLine: { show: false }, axisLabel: { formatter: clock, showMaxLabel: end % every === 0 } }),
    yAxis: axis({ type: "value", ticks: {} }),
    series: data.runs.map((run, n) => lineOf(run, n, run[key])),
    format: (value) => `${rate(value)}/s`,
  });
}

function nines(x) {
  const value = 100 * (1 - 1 / x);
  const digits = x >= 1000 ? Math.ceil(Math.log10(x)) - 2 : value % 1 ? 1 : 0;
  return `${value.toFixed(Math.min(digits, 6))} %`;
}

function compared(name) {
  const runs = data.runs.map((run, n) => ({ run, n, curve: run.curves[name] ?? [] })).filter(({ curve }) => curve.length);
  const most = Math.max(10, ...runs.map(({ curve }) => curve.at(-1)[0]));
  const values = runs.flatMap(({ curve }) => curve.map(([, value]) => value)).filter((value) => value > 0);
  const log = values.length && Math.max(...values) > 5 * Math.min(...values);
  const at = (curve, fraction) => milliseconds((curve.find(([x]) => x >= 1 / (1 - fraction)) ?? curve.at(-1))[1]);
  return base({
    bare: true,
    tooltip: { trigger: "item", formatter: (point) => `${encode(point.seriesName)}<br>${nines(point.value[0])}: <b>${milliseconds(point.value[1])}</b>` },
    xAxis: axis({ type: "log", min: 1, max: 10 ** Math.ceil(Math.log10(most)), axisLabel: { formatter: nines } }),
    yAxis: axis({ type: log ? "log" : "value", ...(log ? {} : { ticks: { parts: 3 } }), axisLabel: { formatter: shortMs } }),
    series: runs.map(({ run, n, curve }) => lineOf(run, n, curve, { triggerLineEvent: true })),
    told: runs.map(({ run, curve }) => _("{name}: p50 {p50}, p99 {p99}, longest {max}", { name: run.label, p50: at(curve, 0.5), p99: at(curve, 0.99), max: milliseconds(curve.at(-1)[1]) })).join("; "),
  });
}

place("rate", () => aligned("rate"));
if (data.runs.some((run) => run.failed.some(([, failed]) => failed))) place("failed", () => aligned("failed"));
else document.getElementById("chart-failed").replaceWith(Object.assign(document.createElement("p"), { className: "soft", textContent: _("Nothing failed.") }));
const curveGrid = document.getElementById("chart-curves");
const runKey = Object.assign(document.createElement("p"), { className: "soft" });
data.runs.forEach((run, n) => {
  const key = Object.assign(document.createElement("span"), { className: "key" });
  key.style.background = `var(--c${n === last ? 1 : RUN_COLORS[n % RUN_COLORS.length]})`;
  runKey.append(key, run.label, "  ");
});
curveGrid.before(runKey);
for (const name of data.names) {
  const card = Object.assign(document.createElement("div"), { className: "card" });
  const title = Object.assign(document.createElement("h3"), { className: "mono", textContent: name });
  const target = Object.assign(document.createElement("div"), { className: "chart small" });
  card.append(title, target);
  curveGrid.append(card);
  place(target, () => compared(name), name);
}
