// The states of devices: their names for people, and their colours, which are the report's.

import { pgettext } from "./texts.js";

const NAMES = {
  online: pgettext("device state", "online"),
  lookup: pgettext("device state", "lookup"),
  connecting: pgettext("device state", "connecting"),
  exchange: pgettext("device state", "exchange"),
  register: pgettext("device state", "register"),
  accredit: pgettext("device state", "accredit"),
  login: pgettext("device state", "login"),
  report: pgettext("device state", "report"),
  waiting: pgettext("device state", "waiting"),
  rebooting: pgettext("device state", "rebooting"),
  unpowered: pgettext("device state", "unpowered"),
  lost: pgettext("device state", "lost"),
  failed: pgettext("device state", "failed"),
  stopped: pgettext("device state", "stopped"),
  offline: pgettext("device state", "offline"),
};
const COLOURS = {
  online: 2, report: 4, login: 4, accredit: 8, register: 8, exchange: 6, connecting: 3, lookup: 3, waiting: 7, lost: 5,
  rebooting: 1, unpowered: 6, failed: 5,
};

export const ORDER = Object.keys(NAMES);
export const stateName = (state) => NAMES[state] ?? state;
// The number of the palette's colour.
export const stateColour = (state) => COLOURS[state] ?? 8;
