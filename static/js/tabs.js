/* Where tabs are wider than the window, the one that is open stands in sight. */
import { $$ } from "./dom.js";

for (const tabs of $$(".abe-tabs")) {
  const open = tabs.querySelector("[aria-current]");
  if (!open) continue;
  const [frame, place] = [tabs.getBoundingClientRect(), open.getBoundingClientRect()];
  tabs.scrollLeft += place.left + place.width / 2 - (frame.left + frame.width / 2);
}
