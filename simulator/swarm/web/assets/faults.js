// The fourth tab: what goes wrong on purpose, by the scenario and by hand.

import { _, devices, length, ngettext, number } from "./texts.js";
import { el, fill, Table } from "./dom.js";
import { actionName } from "./control.js";

const now = el("div", { class: "card", id: "weather" });
const actions = new Table(_("Done by hand"), [
  { label: _("time in the run"), cell: (row) => length(row.at) },
  { label: _("action"), cell: (row) => actionName(row.action) },
  { label: _("device"), mono: true, cell: (row) => row.device ?? row.group ?? _("all") },
  { label: _("seconds"), number: true, cell: (row) => number(row.seconds, 1) },
  { label: _("result"), cell: (row) => (row.done ? [_("done"), "good"] : [_("not done"), "bad"]), kinds: ["good", "bad"] },
], { key: (row) => row.key });
const past = new Table(_("Faults that are over"), [
  { label: _("time in the run"), cell: (row) => length(row.at) },
  { label: _("fault"), wide: true, cell: (row) => row.text },
  { label: _("lasted"), number: true, cell: (row) => length(row.for_s) },
  { label: _("devices hit"), number: true, cell: (row) => number(row.hit) },
  { label: _("back"), number: true, cell: (row) => number(row.back) },
  { label: _("not back yet"), number: true, cell: (row) => [number(row.hit - row.gone - row.back), row.hit - row.gone > row.back ? "bad" : ""], kinds: ["bad"] },
  { label: _("requests cut off"), number: true, cell: (row) => number(row.cut) },
], { key: (row) => `${row.at} ${row.text}` });
const over = el("div", { class: "card" }, el("h2", {}, _("Faults that are over")), past.node);
const byHand = el("div", { class: "card" }, el("h2", {}, _("Done by hand")), actions.node);

export function build(panel) {
  fill(panel, now, over, byHand);
}

export function show(data) {
  if (!data.run) return;
  const told = JSON.stringify(data.weather);
  if (now.dataset.told !== told) {
    now.dataset.told = told;
    fill(now, el("h2", {}, _("Faults under way and to come")), ...lines(data.weather));
  }
  over.hidden = !data.weather?.over.length;
  past.update(data.weather?.over ?? []);
  const done = data.actions ?? [];
  byHand.hidden = !done.length;
  actions.update(done.map((row, n) => ({ ...row, key: `${row.at} ${n}` })).reverse());
}

function line(title, text, ...more) {
  return el("p", {}, `${title}: `, el("b", {}, text), ["", ...more].join(", "));
}

function lines(found) {
  if (!found) return [el("p", { class: "soft" }, _("The scenario has none."))];
  const cut = (one) => ngettext("{number} request cut off", "{number} requests cut off", one.cut);
  const back = (one) => _("{back} of {devices} back", { back: number(one.back), devices: devices(one.hit - one.gone) });
  const rows = [];
  for (const one of found.now) {
    rows.push(line(_("Fault under way"), one.text, _("{time} left", { time: length(one.left_s) }), _("{devices} hit", { devices: devices(one.hit) }), ...(one.back ? [back(one)] : []), cut(one)));
  }
  for (const one of found.recovering) rows.push(line(_("Over"), one.text, back(one), cut(one)));
  if (found.next) {
    rows.push(line(_("Next"), found.next.text, _("in {time}", { time: length(found.next.in_s) }), ...(found.next.for_s ? [_("for {time}", { time: length(found.next.for_s) })] : []), devices(found.next.devices)));
  }
  return rows.length ? rows : [el("p", { class: "soft" }, _("None is under way, and none comes any more."))];
}
