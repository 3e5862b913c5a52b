// Texts in the page's language, and numbers and times as that language writes them.

const language = document.documentElement.lang;
const dictionary = JSON.parse(document.getElementById("texts").textContent);

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

export const NOTHING = "–";
// Locust calls a worker by its machine's name and 32 hexadecimals, of which six tell it apart.
export const processName = (name) => name?.replace(/(_[0-9a-f]{6})[0-9a-f]{26}$/, "$1");

export function _(text, values = {}) {
  return filled(dictionary[text] ?? text, values);
}

export function ngettext(one, many, count, values = {}) {
  const text = dictionary[one] ?? (count === 1 ? one : many);
  return filled(text, { number: number(count), ...values });
}

export function number(value, digits = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return NOTHING;
  return new Intl.NumberFormat(language, { minimumFractionDigits: 0, maximumFractionDigits: digits }).format(value);
}

const written = (value, digits) => new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

// Durations and sizes as reports/text.py writes them.
export function milliseconds(value) {
  if (value === null || value === undefined) return NOTHING;
  return written(value, value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}

export function bytes(value) {
  if (!value) return NOTHING;
  const units = ["B", "KB", "MB", "GB"];
  let at = 0;
  for (; value >= 999.5 && at < units.length - 1; at += 1) value /= 1024;
  return `${written(value, at && (value < 99.5 || units[at] === "GB") ? 1 : 0)} ${units[at]}`;
}

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const moment = new Intl.DateTimeFormat(language, {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});

export const timeOfDay = (epoch) => clock.format(epoch * 1000);
export const dateAndTime = (epoch) => moment.format(epoch * 1000);

export function preciseTime(epoch) {
  return `${timeOfDay(epoch)}.${String(Math.floor((epoch % 1) * 1000)).padStart(3, "0")}`;
}

// 4:09, 1:00:09
export function length(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return (parts[0] ? parts : parts.slice(1)).map((part, n) => (n ? String(part).padStart(2, "0") : part)).join(":");
}

export function ago(epoch) {
  if (epoch === null || epoch === undefined) return NOTHING;
  const seconds = Math.max(0, now() - epoch);
  if (seconds < 90) return _("{seconds} s ago", { seconds: number(seconds) });
  return _("{time} ago", { time: length(seconds) });
}

// The server's clock: what it tells of is told by that, and this machine's may be off.
let ahead = 0;
export const now = () => Date.now() / 1000 + ahead;
export function setNow(epoch) {
  if (typeof epoch === "number") ahead = epoch - Date.now() / 1000;
}

export const devices = (count) => ngettext("{number} device", "{number} devices", count);
export const codes = (found) => Object.entries(found).filter(([code]) => code !== "00000000")
  .map(([code, count]) => `${code} ×${number(count)}`).join(", ");
