/* Reasons and hints on [title] of .abe-tip: shown on focus too, above any scrolling frame. */
import { element } from "./dom.js";

let bubble;

function show(target) {
  if (target.title) {
    target.dataset.tip = target.title;
    target.removeAttribute("title");
  }
  bubble ??= document.body.appendChild(element("div", { class: "abe-tooltip", popover: "manual", "aria-hidden": "true" }));
  bubble.textContent = target.dataset.tip;
  bubble.showPopover();
  const place = target.getBoundingClientRect();
  const size = bubble.getBoundingClientRect();
  const above = place.top - size.height - 6;
  bubble.style.top = `${above < 8 ? place.bottom + 6 : above}px`;
  bubble.style.left = `${Math.max(8, Math.min(place.left, innerWidth - size.width - 8))}px`;
}
const hide = () => bubble?.matches(":popover-open") && bubble.hidePopover();

for (const name of ["pointerover", "focusin"]) {
  document.addEventListener(name, (event) => {
    const target = event.target.closest?.(".abe-tip");
    if (target) show(target);
  });
}
for (const name of ["pointerout", "focusout"]) {
  document.addEventListener(name, (event) => event.target.closest?.(".abe-tip") && hide());
}
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
document.addEventListener("scroll", hide, true);
