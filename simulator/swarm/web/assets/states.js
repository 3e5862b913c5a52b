// The states of devices: their names for people, and their colours, both as the report has them.

const known = JSON.parse(document.getElementById("states").textContent);

export const ORDER = Object.keys(known);
export const stateName = (state) => known[state]?.[0] ?? state;
// The number of the palette's colour.
export const stateColour = (state) => known[state]?.[1] ?? 8;
