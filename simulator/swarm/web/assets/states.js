// The states of devices: their names for people, and their colours, which are the report's.

const names = JSON.parse(document.getElementById("states").textContent);
// As reports/colors.py has them; a test compares the two.
const COLOURS = {
  online: 2, report: 9, login: 4, accredit: 12, register: 10, exchange: 11, connecting: 3, lookup: 6, waiting: 7, lost: 0,
  rebooting: 1, unpowered: 8, failed: 5,
};

export const ORDER = Object.keys(COLOURS);
export const stateName = (state) => names[state] ?? state;
// The number of the palette's colour.
export const stateColour = (state) => COLOURS[state] ?? 8;
