// Locust's own page, for those who cannot see its pictures or its dark colours: it names neither of two buttons.
// It draws itself anew all the time, so that what it lacks is put there each time.

const root = document.documentElement;
const NAMES = [["button.MuiIconButton-root", "light or dark"], ["button.MuiButton-outlined", "columns"]];

function mend() {
  for (const [buttons, name] of NAMES) {
    for (const button of document.querySelectorAll(`${buttons}:not([aria-label])`)) {
      if (!button.textContent.trim()) button.setAttribute("aria-label", name);
    }
  }
  const [red] = getComputedStyle(document.body).backgroundColor.match(/\d+/g) ?? [255];
  root.classList.toggle("best-fleet-dark", Number(red) < 128);
}

new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
mend();
