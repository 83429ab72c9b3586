/* Keyboard: / searches, Ctrl-K opens the palette, and on lists j, k, Enter and x move, open and select; ? opens the page's list
   of keys where it has one. The arrows move too, from a row that was reached by keys.
   Single letters can be switched off in the user menu (WCAG 2.1.4). */
import { $, $$, isTyping } from "./dom.js";
import { openPalette } from "./palette.js";

const STORE = "abe-single-keys";
let singleKeys = localStorage.getItem(STORE) !== "off";

const rows = () => $$("[data-rows]").flatMap((list) => $$("tbody > tr, :scope > li", list)).filter((row) => row.offsetParent);

/* What opens a row: its first link, or the button that notes that it was opened. */
const opener = (row) => $("a[href], button[data-opens]", row);

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.findIndex((row) => row.classList.contains("is-active"));
  const next = all[Math.min(Math.max(at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step, 0), all.length - 1)];
  all[at]?.classList.remove("is-active");
  next.classList.add("is-active");
  opener(next)?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

/* The arrows scroll, as everywhere, until somebody is at a row. */
function step(way) {
  return Boolean($("[data-rows] .is-active")) && move(way);
}

function showKeys() {
  const help = $("[data-keys]");
  if (!help) return false;
  help.open = !help.open;
  $("summary", help).focus();
  return true;
}

function onRow(act) {
  const row = $("[data-rows] .is-active");
  if (row) act(row);
  return Boolean(row);
}

const letters = {
  "/": () => {
    const search = $("[data-search]");
    search?.focus();
    search?.select();
    return Boolean(search);
  },
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  "?": showKeys,
  x: () => onRow((row) => $("input[type=checkbox]", row)?.click()),
  /* A focused control keeps its own Enter; only a row without focus inside is opened from here. */
  Enter: () => !document.activeElement?.closest("a, button, summary, input") && onRow((row) => opener(row)?.click()),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    if (openPalette()) event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || !singleKeys || isTyping(event.target) || $("dialog[open]")) return;
  if (letters[event.key]?.()) event.preventDefault();
});

for (const toggle of $$("[data-single-keys]")) {
  const show = () => toggle.setAttribute("aria-pressed", String(singleKeys));
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    singleKeys = !singleKeys;
    localStorage.setItem(STORE, singleKeys ? "on" : "off");
    show();
  });
  show();
}
