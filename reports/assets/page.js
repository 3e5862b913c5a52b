// What every page does: its tables can be sorted, its times are the reader's, links open what is folded, light and dark.

function sortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button")?.addEventListener("click", () => {
      const numeric = heading.classList.contains("n");
      const up = heading.ariaSort === (numeric ? "descending" : "ascending") ? numeric : !numeric;
      headings.forEach((other) => { other.ariaSort = null; });
      heading.ariaSort = up ? "ascending" : "descending";
      const key = (row) => {
        const cell = row.cells[column];
        return "value" in cell.dataset ? Number(cell.dataset.value) : cell.dataset.text ?? cell.textContent;
      };
      const rows = [...table.tBodies[0].rows].filter((row) => !row.classList.contains("more")).sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        return (typeof x === "number" ? x - y : x.localeCompare(y, language)) * (up ? 1 : -1);
      });
      // what else is to be told of a row stands in the row after it, and goes with it
      const more = new Map(rows.map((row) => [row, row.nextElementSibling]));
      rows.forEach((row) => {
        table.tBodies[0].append(row);
        if (more.get(row)?.classList.contains("more")) table.tBodies[0].append(more.get(row));
      });
    });
  });
}
document.querySelectorAll("table.sortable").forEach(sortable);

// --- Times: written in UTC, shown in the reader's own time ---

function localTimes() {
  const times = [...document.querySelectorAll("time[datetime]")];
  for (const element of times) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    element.title = `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
    element.textContent = element.dataset.form === "clock" ? clockOf(date) : `${dayOf(date)} ${clockOf(date)}`;
  }
  const zone = document.getElementById("zone");
  if (zone && times.length) zone.textContent = _("times in {zone}", { zone: zoneOf(new Date(times[0].dateTime)) });
}
localTimes();

// --- Links to what is folded ---

function unfoldTarget() {
  let element = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!element) return;
  const target = element;
  for (; element; element = element.parentElement) if (element.tagName === "DETAILS") element.open = true;
  target.scrollIntoView();
}
window.addEventListener("hashchange", unfoldTarget);
// a link to where one is already changes no address
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  if (link && link.hash === location.hash) unfoldTarget();
});
if (location.hash) unfoldTarget();

// --- Light, dark and paper; a page with charts draws them again ---

const redraws = [];
const redraw = () => redraws.forEach((again) => again());

document.getElementById("print")?.addEventListener("click", () => window.print());
document.getElementById("theme")?.addEventListener("click", () => { root.classList.toggle("dark"); redraw(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => { root.classList.toggle("dark", event.matches); redraw(); });

// paper is white and of its own width: draw for it, and come back afterwards
let dark = false;
window.addEventListener("beforeprint", () => {
  dark = root.classList.contains("dark");
  root.classList.remove("dark");
  document.body.classList.add("paper");
  redraw();
});
window.addEventListener("afterprint", () => {
  document.body.classList.remove("paper");
  root.classList.toggle("dark", dark);
  redraw();
});
