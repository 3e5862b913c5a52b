// One device: its states over time, what it has, what waits, its messages live, and what can be done to it.

import { _, ago, dateAndTime, now, number, processName, timeOfDay } from "./texts.js";
import { el, fill, say } from "./dom.js";
import { StepChart } from "./charts.js";
import { stateColour, stateName } from "./states.js";
import { act, actionName, mayControl } from "./control.js";
import { Talk } from "./talk.js";

const EVERY_MS = 1500;
const CHANGES_SHOWN = 20;
const NAMES = {
  waiting: _("records waiting"), in_flight: _("records on their way"), photos: _("pictures waiting"), uploads: _("uploads waiting"),
  stored: _("records kept in the store"), users: _("users"), portraits: _("pictures of users"), faces: _("faces"), cards: _("cards"), meetings: _("meetings"),
  members: _("members of meetings"), options: _("options"), rejected: _("records given up"),
  heartbeat: _("last heartbeat"), reconnects: _("reconnects"), violations: _("violations"), requests_waiting: _("requests without a reply yet"), bytes_in: _("bytes received"),
};
const ORDER = Object.keys(NAMES);
// What can be done, and what is asked first.
const ACTIONS = [
  ["verify", null],
  ["enrol", null],
  ["reboot", _("Reboot {sn}? Its connection ends.")],
  ["offline", _("Cut {sn} off from the network for {seconds} s?")],
  ["stop", _("Stop {sn}? It stays off until it is started again.")],
  ["start", null],
];

const OVER = ["stopped", "failed"];
const DOWN = [...OVER, "offline", "unpowered", "rebooting"];
// In which states the server would only refuse it. Who has no network still verifies: the record waits.
const SENSELESS = {
  verify: (state) => DOWN.includes(state), enrol: (state) => DOWN.includes(state), reboot: (state) => state !== "online",
  offline: (state) => OVER.includes(state), stop: (state) => OVER.includes(state), start: (state) => state !== "stopped",
};

export class DeviceView {
  constructor() {
    this.sn = null;
    this.asked = 0;
    this.heading = el("h2", { class: "mono big", tabindex: "-1" });
    this.state = el("p");
    this.problem = el("p", { class: "bad", role: "status" });
    this.chart = new StepChart(_("States over time"), stateName, stateColour);
    this.changes = el("ol", { class: "changes" });
    this.facts = ["figures", "memory", "outbox"].map((name) => ({ name, list: el("dl", { class: "facts" }) }));
    const titles = { figures: _("So far"), memory: _("Memory"), outbox: _("Outbox") };
    this.seconds = el("input", { id: "offline-for", type: "number", min: "1", max: "3600", value: "30" });
    this.buttons = el("div", { class: "row", role: "group", "aria-label": _("Actions") },
      ...ACTIONS.flatMap(([action, question]) => [
        el("button", { type: "button", "data-action": action, click: () => this.act(action, question) }, actionName(action)),
        ...(action === "offline" ? [el("span", { class: "field" }, el("label", { for: "offline-for" }, _("seconds offline")), this.seconds)] : []),
      ]));
    this.talk = new Talk();
    this.node = el("div", { hidden: true },
      el("p", {}, el("a", { href: "#devices" }, _("← All devices"))),
      this.heading, this.state, this.problem, this.buttons,
      el("div", { class: "card" }, el("h2", {}, _("States over time")), this.chart.place, el("details", { class: "values" }, el("summary", {}, _("Latest changes")), this.changes)),
      el("div", { class: "three" }, ...this.facts.map(({ name, list }) => el("div", { class: "card" }, el("h2", {}, titles[name]), list))),
      this.talk.node);
    document.addEventListener("visibilitychange", () => { if (this.sn !== null && !document.hidden) this.ask(); });
  }

  enter(sn) {
    this.node.hidden = false;
    if (sn === this.sn) return;
    this.sn = sn;
    say(this.heading, sn);
    say(this.problem, "");
    this.talk.enter(sn);
    this.ask();
    this.heading.focus();
  }

  leave() {
    this.node.hidden = true;
    this.sn = null;
    clearTimeout(this.timer);
    this.talk.leave();
  }

  show(data) {
    this.buttons.hidden = !mayControl() || !data.run || data.run.over;
  }

  act(action, question) {
    const seconds = Number(this.seconds.value);
    const asked = question && _(question, { sn: this.sn, seconds: number(seconds) });
    act(`fleet/devices/${encodeURIComponent(this.sn)}/actions`, action === "offline" ? { action, seconds } : { action }, asked).then(() => this.ask());
  }

  async ask() {
    clearTimeout(this.timer);
    const { sn } = this;
    if (sn === null) return;
    const mine = (this.asked += 1);
    try {
      const answer = await fetch(`fleet/devices/${encodeURIComponent(sn)}`);
      const data = await answer.json();
      if (mine !== this.asked || sn !== this.sn) return;
      say(this.problem, answer.ok ? "" : data.error);
      if (answer.ok) this.draw(data);
    } catch (error) {
      if (mine === this.asked) say(this.problem, _("The server does not answer: {error}", { error: error.message }));
    } finally {
      if (mine === this.asked && this.sn !== null && !document.hidden) this.timer = setTimeout(() => this.ask(), EVERY_MS);
    }
  }

  draw(data) {
    const since = data.since === null ? "" : _("since {time}", { time: dateAndTime(data.since) });
    say(this.state, [data.group, stateName(data.state), since, processName(data.worker)].filter(Boolean).join(" · "));
    for (const button of this.buttons.querySelectorAll("[data-action]")) {
      const senseless = SENSELESS[button.dataset.action](data.state);
      // Whoever has just pressed it must not be sent to the page's beginning.
      if (senseless && button === document.activeElement) this.heading.focus();
      button.disabled = senseless;
    }
    this.chart.update(data.history, now());
    fill(this.changes, ...data.history.slice(-CHANGES_SHOWN).reverse().map(([at, state]) => el("li", {}, `${timeOfDay(at)} ${stateName(state)}`)));
    for (const { name, list } of this.facts) {
      const told = Object.entries(data[name] ?? {}).sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b)).flatMap(([key, value]) => [
        el("dt", {}, NAMES[key] ?? key.replaceAll("_", " ")),
        el("dd", {}, key === "heartbeat" ? ago(value) : typeof value === "number" ? number(value, 1) : String(value)),
      ]);
      fill(list, ...(told.length ? told : [el("dt", {}, _("nothing while it is off"))]));
    }
  }
}
