"use strict";
// Before the first paint, so that a dark page never flashes white; the palette is the report's.
(() => {
  const wish = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark", wish.matches);
  wish.addEventListener("change", follow);
  follow();
})();
