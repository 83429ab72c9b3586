/* A part that asks again by itself is drawn anew under the reader: what was focused in it keeps the focus, and where that is gone, the part has it. */
const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
let held = null;

const sameAs = (one) => [one.tagName, one.name, one.getAttribute("href"), one.getAttribute("aria-label") ?? one.textContent.trim()].join("|");

document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  const focused = document.activeElement;
  const isDrawnAnew = target.id && target.getAttribute("hx-trigger")?.startsWith("every ") && target.contains(focused);
  if (!isDrawnAnew) return (held = null);
  const mark = sameAs(focused);
  const alike = [...target.querySelectorAll(FOCUSABLE)].filter((one) => sameAs(one) === mark);
  held = { id: target.id, mark, place: alike.indexOf(focused) };
});

document.addEventListener("htmx:afterSettle", () => {
  const part = held && document.getElementById(held.id);
  if (!part) return;
  const { mark, place } = held;
  held = null;
  if (part.contains(document.activeElement)) return;
  const alike = [...part.querySelectorAll(FOCUSABLE)].filter((one) => sameAs(one) === mark);
  const next = alike[place] ?? part;
  if (next === part) part.tabIndex = -1;
  next.focus({ preventScroll: true });
});
