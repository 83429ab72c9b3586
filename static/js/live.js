/* A list that asks again by itself, [data-live]: rows carry data-key. Rows never move under somebody who works on them: whoever
   has the pointer or the focus among the rows, or has chosen some, is told what changed and decides when it is shown. */
import { $, $$, element } from "./dom.js";

const part = $("[data-live]");
const said = $("[data-live-said]");
let asked = Date.now();
let isWanted = false;

const rowsOf = (root) => $$("tbody > tr[data-key]", root);
const keysOf = (root) => rowsOf(root).map((row) => row.dataset.key);

function isBusy() {
  const body = $("tbody", part);
  if (!body) return false;
  return body.matches(":hover") || body.contains(document.activeElement) || Boolean($("tbody input:checked", part)) || Boolean($("tbody .is-active", part));
}

/* What changed between two lists of keys, in words. */
function told(before, after) {
  const noun = (count) => `${count} ${part.dataset.liveNoun}${count === 1 ? "" : "s"}`;
  const come = after.filter((key) => !before.includes(key)).length;
  const gone = before.filter((key) => !after.includes(key)).length;
  const parts = [come && `${noun(come)} came`, gone && `${noun(gone)} left`].filter(Boolean);
  return `The list has changed: ${parts.join(", ") || "its order is another"}.`;
}

/* Write into the rows that are there what is said of them now; none moves. */
function patch(fresh) {
  const now = new Map(rowsOf(fresh).map((row) => [row.dataset.key, row]));
  for (const row of rowsOf(part)) {
    const next = now.get(row.dataset.key);
    row.classList.toggle("is-gone", !next);
    for (const [place, cell] of next ? [...row.cells].entries() : []) {
      const other = next.cells[place];
      const box = $("input[type=checkbox]", cell);
      if (box) box.value = $("input", other).value;
      else if (!cell.isEqualNode(other)) {
        const had = cell.contains(document.activeElement);
        cell.replaceChildren(...other.childNodes);
        if (had) $("a[href]", cell)?.focus({ preventScroll: true });
      }
    }
  }
  const [states, others] = [$("nav", part), $("nav", fresh)];
  if (states && others && !states.isEqualNode(others) && !states.contains(document.activeElement)) states.replaceChildren(...others.childNodes);
}

function ask() {
  asked = Date.now();
  window.htmx.trigger(part, "live");
}

function tell(words) {
  const text = element("div", { class: "abe-toast-text" }, element("span", { text: words }));
  const show = element("button", { type: "button", class: "btn btn-sm", text: "Show now" });
  const toast = element("div", { class: "abe-toast", "data-live-toast": true }, text, element("div", { class: "abe-inline" }, show));
  show.addEventListener("click", () => {
    toast.remove();
    isWanted = true;
    ask();
  });
  const held = $("[data-live-toast]");
  if (held && $("span", held).textContent === words) return;
  $("#abe-toasts")?.replaceChildren(toast);
}

function onSwap(event) {
  const { detail } = event;
  if (detail.target !== part || !detail.shouldSwap) return;
  const fresh = new DOMParser().parseFromString(detail.serverResponse, "text/html").body;
  const [before, after] = [keysOf(part), keysOf(fresh)];
  const isSame = before.length > 0 && before.join() === after.join();
  if (isSame || (!isWanted && before.length > 0 && isBusy())) {
    detail.shouldSwap = false;
    patch(fresh);
    if (isSame) $("[data-live-toast]")?.remove();
    else tell(told(before, after));
  } else {
    $("[data-live-toast]")?.remove();
    if (said) said.textContent = told(before, after);
    hold();
  }
  isWanted = false;
}

/* What was chosen and where the reader stood is theirs again in the new list. */
function hold() {
  const chosen = new Set($$("tbody input:checked", part).map((box) => box.closest("tr").dataset.key));
  const active = $("tbody .is-active", part)?.dataset.key;
  const hadFocus = $("tbody", part)?.contains(document.activeElement);
  document.addEventListener(
    "htmx:afterSwap",
    () => {
      for (const row of rowsOf(part)) {
        const box = $("input[type=checkbox]", row);
        if (box) box.checked = chosen.has(row.dataset.key);
        row.classList.toggle("is-active", row.dataset.key === active);
      }
      if (hadFocus) ($("tbody .is-active a[href]", part) ?? part).focus({ preventScroll: true });
    },
    { once: true },
  );
}

if (part) {
  part.tabIndex = -1;
  const every = Number(part.dataset.liveEvery) * 1000;
  const askWhereDue = () => {
    if (!document.hidden && Date.now() - asked >= every) ask();
  };
  setInterval(askWhereDue, 1000);
  document.addEventListener("visibilitychange", askWhereDue);
  document.addEventListener("htmx:beforeSwap", onSwap);
  $("[data-live-now]")?.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    isWanted = true;
    ask();
  });
}
