// What the reader does to the fleet: asked once more where it disturbs, done by the server, told in the live region.

import { _ } from "./texts.js";
import { byId, say } from "./dom.js";

const NAMES = {
  verify: _("Verify now"), enrol: _("Enrol"), reboot: _("Reboot"), offline: _("Go offline and come back"), stop: _("Stop"), start: _("Start"), outage: _("Outage"),
};
let allowed = false;
export const actionName = (action) => NAMES[action] ?? action;

export const mayControl = () => allowed;

export function setControl(on) {
  allowed = Boolean(on);
}

let quiet = 0;

// Said to everybody, a screen reader included; it goes by itself.
export function tell(text) {
  const place = byId("said");
  say(place, "");
  clearTimeout(quiet);
  // Two equal sentences in a row are two: the region must be seen to change.
  requestAnimationFrame(() => say(place, text));
  quiet = setTimeout(() => say(place, ""), 8000);
}

function confirmed(question) {
  const dialog = byId("confirm");
  say(byId("confirm-question"), question);
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
    dialog.returnValue = "no";
    dialog.showModal();
    byId("confirm-no").focus();
  });
}

byId("confirm-yes").addEventListener("click", () => byId("confirm").close("yes"));
byId("confirm-no").addEventListener("click", () => byId("confirm").close("no"));

// Posts an action; says what came of it. `question` asks first, null where nothing is disturbed.
export async function act(path, action, question = null) {
  if (question !== null && !(await confirmed(question))) return;
  try {
    const answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json", "X-Best-Fleet": "1" }, body: JSON.stringify(action),
    });
    const told = await answer.json();
    tell(told.done ? (told.text ?? _("done")) : _("Not done: {reason}", { reason: told.error ?? answer.status }));
  } catch (error) {
    tell(_("Not done: {reason}", { reason: error.message }));
  }
}
