// The second tab: the table of devices, which the server searches, sorts and pages, or one device of it.

import { _, ago, number, processName } from "./texts.js";
import { choices, el, fill, say, Table } from "./dom.js";
import { stateName } from "./states.js";
import { act, mayControl } from "./control.js";
import { DeviceView } from "./device.js";

const EVERY_MS = 2000;
const TYPED_MS = 250;
const SIZE = 50;

const query = { search: "", state: "", group: "", sort: "sn", order: "asc", page: 0 };
let visible = false;
let asked = 0;
let timer = 0;

const search = el("input", { id: "search", type: "search", autocomplete: "off", input: () => later() });
const state = el("select", { id: "state", change: () => change({ state: state.value }) });
const group = el("select", { id: "group", change: () => change({ group: group.value }) });
const count = el("p", { class: "soft", role: "status" });
const missing = el("p", { class: "warn", hidden: true });
const previous = el("button", { type: "button", click: () => change({ page: query.page - 1 }) }, _("Previous page"));
const next = el("button", { type: "button", click: () => change({ page: query.page + 1 }) }, _("Next page"));
const outageFor = el("input", { id: "outage-for", type: "number", min: "1", max: "3600", value: "10", required: true });
const outageOf = el("select", { id: "outage-of" });
const outage = el("form", { class: "row card", submit: (event) => { event.preventDefault(); cutOff(); } },
  el("b", {}, _("Outage now")),
  field("outage-for", _("seconds"), outageFor), field("outage-of", _("group"), outageOf),
  el("button", { type: "submit" }, _("Cut them off")));
const time = (name) => (row) => ago(row[name]);
const table = new Table(_("Devices"), [
  {
    label: _("serial number"), sort: "sn", mono: true,
    node: (row) => el("a", { href: `#device/${encodeURIComponent(row.sn)}` }, row.sn),
  },
  { label: _("group"), sort: "group", cell: (row) => row.group },
  { label: _("state"), sort: "state", cell: (row) => [stateName(row.state), { online: "good", failed: "bad", lost: "bad" }[row.state] ?? ""], kinds: ["good", "bad"] },
  { label: _("since"), sort: "since", number: true, cell: time("since") },
  { label: _("last heartbeat"), sort: "heartbeat", number: true, cell: time("heartbeat") },
  { label: _("records waiting"), sort: "waiting", number: true, cell: (row) => number(row.waiting) },
  { label: _("reconnects"), sort: "reconnects", number: true, cell: (row) => number(row.reconnects) },
  { label: _("violations"), sort: "violations", number: true, cell: (row) => [number(row.violations), row.violations ? "bad" : ""], kinds: ["bad"] },
  { label: _("process"), cell: (row) => processName(row.worker) },
], { key: (row) => row.sn, onSort: sortBy, onRow: (row) => { location.hash = `device/${encodeURIComponent(row.sn)}`; } });
const list = el("div", {},
  outage,
  el("div", { class: "row" }, field("search", _("Search by serial number"), search), field("state", _("State"), state), field("group", _("Group"), group)),
  missing,
  el("div", { class: "card" }, table.node),
  el("div", { class: "row" }, count, previous, next));
const one = new DeviceView();

function field(id, label, input) {
  return el("span", { class: "field" }, el("label", { for: id }, label), input);
}

export function build(panel) {
  fill(panel, list, one.node);
}

// The tab is shown; `sn` names one device.
export function enter(sn) {
  visible = sn === null;
  list.hidden = !visible;
  if (visible) {
    const { sn: from } = one;
    const lost = document.activeElement === document.body || one.node.contains(document.activeElement);
    one.leave();
    // Back from a device: on from its row, unless a tab was pressed.
    if (from !== null && lost) [...table.body.querySelectorAll("a")].find((link) => link.textContent === from)?.focus();
    ask();
  } else one.enter(sn);
}

export function leave() {
  visible = false;
  clearTimeout(timer);
  one.leave();
}

export function show(data) {
  outage.hidden = !mayControl() || !data.run || data.run.over;
  one.show(data);
}

function change(part) {
  Object.assign(query, { page: 0 }, part);
  ask();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(() => change({ search: search.value }), TYPED_MS);
}

function sortBy(name) {
  const again = query.sort === name;
  change({ sort: name, order: again && query.order === "asc" ? "desc" : "asc" });
}

function cutOff() {
  const seconds = Number(outageFor.value);
  const of = outageOf.value;
  const values = { seconds: number(seconds), group: of };
  const question = of ? _("Cut the devices of {group} off from the network for {seconds} s?", values) : _("Cut the whole fleet off from the network for {seconds} s?", values);
  act("fleet/actions", of ? { action: "outage", seconds, group: of } : { action: "outage", seconds }, question);
}

async function ask() {
  clearTimeout(timer);
  const mine = (asked += 1);
  try {
    const answer = await fetch(`fleet/devices?${new URLSearchParams({ ...query, size: SIZE })}`);
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const data = await answer.json();
    // An answer that was overtaken tells of what nobody asks for any more.
    if (mine === asked) draw(data);
  } catch (error) {
    if (mine === asked) say(count, _("The server does not answer: {error}", { error: error.message }));
  } finally {
    if (mine === asked && visible && !document.hidden) timer = setTimeout(ask, EVERY_MS);
  }
}

document.addEventListener("visibilitychange", () => { if (visible && !document.hidden) ask(); });

function draw(data) {
  query.page = data.page;
  choices(state, [["", _("all states")], ...data.states.map((name) => [name, stateName(name)])]);
  choices(group, [["", _("all groups")], ...data.groups.map((name) => [name, name])]);
  choices(outageOf, [["", _("all groups")], ...data.groups.map((name) => [name, name])]);
  table.sorted(query.sort, query.order === "desc");
  table.update(data.rows);
  const first = data.page * data.size;
  const values = { first: number(data.matching ? first + 1 : 0), last: number(first + data.rows.length), matching: number(data.matching), total: number(data.total) };
  say(count, data.matching === data.total ? _("{first} to {last} of {total}", values) : _("{first} to {last} of {matching} that match, {total} in all", values));
  previous.disabled = data.page === 0;
  next.disabled = first + data.rows.length >= data.matching;
  missing.hidden = !data.missing.length;
  say(missing, _("Not answered in time, so that their devices are missing here: {workers}", { workers: data.missing.map(processName).join(", ") }));
}
