/* Side sheet: links marked data-sheet load into it through htmx. */
import { $, element } from "./dom.js";

const sheet = $("#abe-sheet");
const body = $("#abe-sheet-body");
const isOurs = (event) => sheet && event.detail.target === body;

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isOurs(event)) return;
  const bars = element("div", { class: "abe-skeleton", "aria-hidden": "true" }, ...[1, 2, 3, 4].map(() => element("i")));
  body.replaceChildren(bars);
  if (!sheet.open) sheet.showModal();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (isOurs(event)) body.focus({ preventScroll: true });
});
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => isOurs(event) && sheet.close());
}
sheet?.addEventListener("click", (event) => {
  if (event.target === sheet) sheet.close();
});
/* With a modifier the link opens its page, as links do. */
document.addEventListener(
  "click",
  (event) => {
    if ((event.ctrlKey || event.metaKey || event.shiftKey) && event.target.closest?.("[data-sheet]")) event.stopImmediatePropagation();
  },
  true,
);
