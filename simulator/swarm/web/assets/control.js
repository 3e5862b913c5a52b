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

const dialog = byId("confirm");
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

// Answers the question that is asked now.
let settle = () => {};

// Asks; a question that was still open is answered with no. The dialog's own `close` event comes only later, at times
// after the next question was asked, so that each question is answered by what was pressed for it.
export function confirmed(question) {
  settle(false);
  say(byId("confirm-question"), question);
  return new Promise((resolve) => {
    settle = resolve;
    if (!dialog.open) dialog.showModal();
    byId("confirm-no").focus();
  });
}

function answered(yes) {
  settle(yes);
  dialog.close();
}

byId("confirm-yes").addEventListener("click", () => answered(true));
byId("confirm-no").addEventListener("click", () => answered(false));
// Escaped from.
dialog.addEventListener("close", () => { if (!dialog.open) settle(false); });

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
