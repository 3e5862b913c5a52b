// Elements of the page: made from plain values, texts only ever as text, and tables whose rows stay where they are.

export const byId = (id) => document.getElementById(id);

// Children are nodes or texts; attributes that are null or false are left out, functions listen.
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== null && value !== false) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren(...children);
  return node;
}

// Only what changed is written, lest a screen reader or a selection starts anew every second.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
  return node;
}

export const option = (value, label) => el("option", { value }, label);

export function choices(select, entries) {
  const told = JSON.stringify(entries);
  if (select.dataset.told === told) return;
  select.dataset.told = told;
  const kept = select.value;
  fill(select, ...entries.map(([value, label]) => option(value, label)));
  if (entries.some(([value]) => value === kept)) select.value = kept;
}

export function card(title, ...children) {
  return el("div", { class: "card" }, el("h2", {}, title), ...children);
}

// A table whose rows are kept by key. A column is {label, cell(row), number?, mono?, sort?}; `cell` gives a text, or
// [text, class], or a node that is made once for each row and updated by `update(node, row)`.
export class Table {
  constructor(caption, columns, { key = (row) => row.name, onSort = null, chosen = null, onRow = null } = {}) {
    Object.assign(this, { columns, key, chosen, onRow });
    this.rows = new Map();
    this.heads = columns.map((column) => {
      const head = el("th", { scope: "col", class: column.number ? "n" : null });
      if (column.sort && onSort) head.append(el("button", { type: "button", click: () => onSort(column.sort) }, column.label));
      else head.append(column.label);
      return head;
    });
    this.body = el("tbody");
    const table = el("table", {}, el("caption", { class: "hidden" }, caption), el("thead", {}, el("tr", {}, ...this.heads)), this.body);
    // It scrolls in a box of its own, which the keyboard must reach.
    this.node = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, table);
  }

  sorted(name, descending) {
    this.columns.forEach((column, n) => {
      if (column.sort === name) this.heads[n].setAttribute("aria-sort", descending ? "descending" : "ascending");
      else this.heads[n].removeAttribute("aria-sort");
    });
  }

  update(rows) {
    const keys = rows.map(this.key);
    const wanted = new Set(keys);
    for (const [key, line] of this.rows) {
      if (!wanted.has(key)) {
        line.node.remove();
        this.rows.delete(key);
      }
    }
    rows.forEach((row, n) => {
      const line = this.rows.get(keys[n]) ?? this.add(keys[n]);
      if (this.body.children[n] !== line.node) this.body.insertBefore(line.node, this.body.children[n] ?? null);
      line.row = row;
      this.columns.forEach((column, at) => this.write(line.cells[at], column, row));
      if (this.chosen) line.node.classList.toggle("chosen", this.chosen(row));
    });
  }

  add(key) {
    const cells = this.columns.map((column, n) => {
      const kind = [column.number && "n", column.mono && "mono", column.wide && "wide"].filter(Boolean).join(" ");
      return el(n ? "td" : "th", { class: kind || null, scope: n ? null : "row" });
    });
    const line = { node: el("tr", {}, ...cells), cells, row: null };
    if (this.onRow) {
      line.node.classList.add("leads");
      line.node.addEventListener("click", (event) => {
        if (!event.target.closest("a, button")) this.onRow(line.row);
      });
    }
    this.rows.set(key, line);
    return line;
  }

  write(cell, column, row) {
    if (column.node) {
      if (!cell.firstChild) cell.append(column.node(row));
      column.update?.(cell.firstChild, row);
      return;
    }
    const told = column.cell(row);
    const [text, kind] = Array.isArray(told) ? told : [told, ""];
    say(cell, text);
    if (column.kinds) for (const each of column.kinds) cell.classList.toggle(each, each === kind);
  }
}
