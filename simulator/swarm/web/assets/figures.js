// Tables of figures: requests, flows and commands, thresholds, and rules that were broken.

import { _, bytes, codes, milliseconds, ngettext, number } from "./texts.js";
import { el, fill, say, Table } from "./dom.js";

const bad = (count) => [number(count), count > 0 ? "bad" : ""];

// Failure codes, and how many were refused as the scenario wants it: those are no failures.
function outcomes(row) {
  const expected = row.expected ? _("as expected {count}", { count: number(row.expected) }) : "";
  return [codes(row.codes), expected].filter(Boolean).join("; ");
}

// Which columns a table of series has; `choose` makes the name a button that picks the series for the charts.
export function seriesTable(caption, what, { sizes = false, choose = null, chosen = null } = {}) {
  const name = choose === null
    ? { label: what, mono: true, cell: (row) => row.name }
    : {
      label: what, mono: true,
      node: (row) => el("button", { type: "button", class: "pick", click: () => choose(row.name) }, row.name),
      update: (button, row) => button.setAttribute("aria-pressed", String(chosen() === row.name)),
    };
  const columns = [
    name,
    { label: _("count"), number: true, cell: (row) => number(row.count) },
    { label: _("failures"), number: true, cell: (row) => bad(row.failures), kinds: ["bad"] },
    ...["p50", "p95", "p99"].map((of) => ({ label: `${of} ms`, number: true, cell: (row) => milliseconds(row[of]) })),
    { label: _("max ms"), number: true, cell: (row) => milliseconds(row.max) },
    ...(sizes ? [
      { label: _("sent"), number: true, cell: (row) => bytes(row.bytes_out) },
      { label: _("received"), number: true, cell: (row) => bytes(row.bytes_in) },
    ] : []),
    { label: _("failure codes"), wide: true, cell: outcomes },
  ];
  const picked = choose === null ? {} : { chosen: (row) => chosen() === row.name, onRow: (row) => choose(row.name) };
  return new Table(caption, columns, picked);
}

export function thresholdTable() {
  const kind = (row) => (row.passed ? "good" : row.judged ? "bad" : "warn");
  const verdicts = { good: _("holds"), bad: _("does not hold"), warn: _("not judged yet") };
  const marks = { good: "✓", bad: "✗", warn: "?" };
  return new Table(_("Thresholds"), [
    { label: _("threshold"), mono: true, cell: (row) => row.expression },
    { label: _("value now"), number: true, cell: (row) => row.value },
    { label: _("limit"), number: true, cell: (row) => row.limit },
    { label: _("holds"), cell: (row) => [`${marks[kind(row)]} ${verdicts[kind(row)]}`, kind(row)], kinds: ["good", "bad", "warn"] },
    { label: _("remark"), wide: true, cell: (row) => row.remark },
  ], { key: (row) => row.expression });
}

// One class of rules: violations or observations. What the platform wrote is only ever text.
export class Rules {
  constructor(id, title, none) {
    Object.assign(this, { title, none });
    this.heading = el("h2", {}, title);
    this.note = el("p", { class: "soft" });
    this.table = new Table(title, [
      { label: _("rule"), mono: true, cell: (row) => row.rule },
      { label: _("count"), number: true, cell: (row) => number(row.count) },
      { label: _("devices"), number: true, cell: (row) => number(row.devices) },
      { label: _("by funcId"), wide: true, cell: (row) => row.messages },
      { label: _("first example"), wide: true, cell: (row) => row.example },
    ], { key: (row) => row.rule });
    this.node = el("div", { class: "card", id }, this.heading, this.table.node, this.note);
  }

  update(found, none) {
    say(this.heading, found.total ? `${this.title}: ${number(found.total)}` : this.title);
    this.table.node.hidden = !found.total;
    this.table.update(found.rules);
    const [more, count] = found.left;
    say(this.note, !found.total ? none : more ? ngettext("… and {number} more rule ({times} times)", "… and {number} more rules ({times} times)", more, { times: number(count) }) : "");
  }
}

export function tiles(box, entries) {
  const told = JSON.stringify(entries);
  if (box.dataset.told === told) return;
  box.dataset.told = told;
  fill(box, ...entries.map(([label, value, alarm]) => el("div", { class: alarm ? "tile alarm" : "tile" }, el("dt", {}, label), el("dd", {}, value))));
}
