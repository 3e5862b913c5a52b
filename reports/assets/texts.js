"use strict";
// What a page's scripts say: texts in the page's language, numbers as reports/text.py writes them, labels, times.

const root = document.documentElement;
const parsed = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");
const said = parsed("said") ?? {};
const data = parsed("data");
const language = root.lang || "en";
const NOTHING = "–";

// A text in the page's language with `values` in its braces; the English one is its key.
function _(text, values = {}) {
  return (said[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

const label = (kind, name) => data?.labels?.[kind]?.[name] ?? name;

// --- Numbers ---

const missing = (value) => value === null || value === undefined || Number.isNaN(value);
const written = [0, 1, 2, 3].map((digits) => new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }));
const short = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });

// As Python rounds: a value that lies exactly between two goes to the even one.
function decimals(value, digits) {
  const down = Math.floor(value * 10 ** digits);
  const halfway = /^50*$/.test(Math.abs(value).toFixed(30).split(".")[1].slice(digits));
  return written[digits].format(halfway && down % 2 === 0 ? down / 10 ** digits : Number(value.toFixed(digits)));
}

const count = (value) => (missing(value) ? NOTHING : decimals(value, 0));
const ms = (value) => (missing(value) ? NOTHING : decimals(value, value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2));
const milliseconds = (value) => (missing(value) ? NOTHING : `${ms(value)} ms`);
const rate = (value) => (missing(value) ? NOTHING : decimals(value, value >= 100 || Number.isInteger(value) ? 0 : value >= 1 ? 1 : 2));

function percent(share) {
  if (missing(share)) return NOTHING;
  const value = 100 * share;
  if (value === 0 || value === 100) return `${value} %`;
  const text = decimals(value, value >= 0.1 && value <= 99.9 ? 1 : 3);
  if (text === decimals(100, 3)) return `> ${decimals(99.999, 3)} %`;
  return text === decimals(0, 3) ? `< ${decimals(0.001, 3)} %` : `${text} %`;
}

function size(value) {
  if (missing(value)) return NOTHING;
  let amount = value;
  for (const unit of ["B", "KB", "MB"]) {
    if (amount < 999.5) return `${decimals(amount, unit === "B" || amount >= 99.5 ? 0 : 1)} ${unit}`;
    amount /= 1024;
  }
  return `${decimals(amount, 1)} GB`;
}

// Of an axis: as few characters as it takes.
function shortMs(value) {
  if (value >= 60000 && value % 60000 === 0) return `${short.format(value / 60000)} min`;
  return value >= 1000 ? `${short.format(value / 1000)} s` : `${short.format(value)} ms`;
}

// --- Times ---

const pad = (n) => String(n).padStart(2, "0");

// Since the run's start.
function clock(seconds) {
  const s = Math.round(seconds);
  const h = Math.floor(s / 3600);
  return h ? `${h}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}` : `${Math.floor(s / 60)}:${pad(s % 60)}`;
}

const dayOf = (date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
const clockOf = (date) => `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;

// The reader's zone by its name, with what it is ahead of UTC then.
function zoneOf(date) {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const ahead = -date.getTimezoneOffset();
  if (!ahead) return name && name !== "UTC" ? `${name}, UTC` : "UTC";
  const told = `UTC${ahead < 0 ? "−" : "+"}${Math.floor(Math.abs(ahead) / 60)}${ahead % 60 ? `:${pad(Math.abs(ahead) % 60)}` : ""}`;
  return name ? `${name}, ${told}` : told;
}
