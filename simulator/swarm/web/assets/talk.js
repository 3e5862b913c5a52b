// The messages of one device, live and in both directions, newest first; asking for them is what has them traced.

import { _, bytes, number, preciseTime } from "./texts.js";
import { el, fill, option, say } from "./dom.js";

const EVERY_MS = 1000;
const KEPT = 500;
const SHOWN = 200;

export class Talk {
  constructor() {
    this.messages = [];
    this.sn = null;
    this.paused = false;
    this.filter = el("input", { id: "filter", type: "search", autocomplete: "off", input: () => this.draw() });
    this.direction = el("select", { id: "direction", change: () => this.draw() },
      option("", _("both directions")), option("sent", _("sent")), option("received", _("received")));
    this.pause = el("button", { type: "button", "aria-pressed": "false", click: () => this.toggle() }, _("Pause"));
    this.note = el("p", { class: "soft", role: "status" });
    this.list = el("div", { class: "talk" });
    this.node = el("div", { class: "card" },
      el("h2", {}, _("Messages, live")),
      el("div", { class: "row" },
        el("span", { class: "field" }, el("label", { for: "filter" }, _("Filter by funcId or text")), this.filter),
        el("span", { class: "field" }, el("label", { for: "direction" }, _("Direction")), this.direction), this.pause),
      this.note, this.list);
    document.addEventListener("visibilitychange", () => { if (this.sn !== null && !document.hidden) this.ask(); });
  }

  enter(sn) {
    Object.assign(this, { sn, messages: [], last: 0, dropped: 0 });
    this.draw();
    this.ask();
  }

  leave() {
    this.sn = null;
    clearTimeout(this.timer);
  }

  toggle() {
    this.paused = !this.paused;
    this.pause.setAttribute("aria-pressed", String(this.paused));
    this.draw();
  }

  async ask() {
    clearTimeout(this.timer);
    const { sn } = this;
    if (sn === null) return;
    const mine = (this.asked = (this.asked ?? 0) + 1);
    try {
      const answer = await fetch(`fleet/devices/${encodeURIComponent(sn)}/messages?after=${this.last}`);
      const data = await answer.json();
      if (mine !== this.asked || sn !== this.sn) return;
      if (answer.ok) this.add(data);
      else say(this.note, data.error);
    } catch (error) {
      if (mine === this.asked) say(this.note, _("The server does not answer: {error}", { error: error.message }));
    } finally {
      if (mine === this.asked && this.sn !== null && !document.hidden) this.timer = setTimeout(() => this.ask(), EVERY_MS);
    }
  }

  add(data) {
    this.dropped += data.dropped;
    if (data.messages.length) {
      this.last = data.messages.at(-1).id;
      // While it is paused what is shown stays; what comes meanwhile is there when it goes on.
      this.messages = [...this.messages, ...data.messages].slice(-KEPT);
    }
    if (!this.paused) this.draw();
    else this.tell();
  }

  wanted() {
    const text = this.filter.value.trim().toLowerCase();
    const direction = this.direction.value;
    return this.messages.filter((each) => (!direction || each.direction === direction)
      && (!text || each.funcId.toLowerCase().includes(text) || each.text.toLowerCase().includes(text)));
  }

  tell() {
    const shown = Math.min(this.wanted().length, SHOWN);
    const told = [this.messages.length ? _("{shown} of {count} shown", { shown: number(shown), count: number(this.messages.length) }) : _("Nothing was said since you look.")];
    if (this.dropped) told.push(_("{count} were too many to be kept", { count: number(this.dropped) }));
    if (this.paused) told.push(_("paused"));
    say(this.note, told.join(" · "));
  }

  // Rows that are there stay as they are, so that one that was opened stays open.
  draw() {
    const wanted = this.wanted().slice(-SHOWN).reverse();
    const there = new Map([...this.list.children].map((node) => [node.dataset.id, node]));
    fill(this.list, ...wanted.map((message) => there.get(`${this.sn}/${message.id}`) ?? this.row(message)));
    this.tell();
  }

  row(message) {
    const sent = message.direction === "sent";
    const body = el("pre");
    const open = () => { if (!body.textContent) body.textContent = pretty(message.text); };
    return el("details", { "data-id": `${this.sn}/${message.id}`, class: message.direction, toggle: open },
      el("summary", {},
        el("span", { class: "soft" }, preciseTime(message.at)),
        el("span", { class: sent ? "out" : "in" }, sent ? _("→ sent") : _("← received")),
        el("b", { class: "mono" }, message.funcId || "–"),
        el("span", { class: "soft" }, `mid ${message.mid || "–"}`),
        el("span", { class: "soft" }, bytes(message.bytes))),
      body);
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
