// The states of devices: their names for people, and their colours, which are the report's.

const names = JSON.parse(document.getElementById("states").textContent);
const COLOURS = {
  online: 2, report: 4, login: 4, accredit: 8, register: 8, exchange: 6, connecting: 3, lookup: 3, waiting: 7, lost: 5,
  rebooting: 1, unpowered: 6, failed: 5,
};

export const ORDER = Object.keys(COLOURS);
export const stateName = (state) => names[state] ?? state;
// The number of the palette's colour.
export const stateColour = (state) => COLOURS[state] ?? 8;
