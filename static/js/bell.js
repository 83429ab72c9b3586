/* The bell of notices asks while somebody can see the tab, and at once when they come back to it. */
import htmx from "htmx.org";
import { $ } from "./dom.js";

const EVERY = 60_000;
const bell = $("#abe-bell");
let askedAt = 0;

const look = () => htmx.trigger(bell, "look");

if (bell) {
  bell.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden) event.preventDefault();
    else askedAt = Date.now();
  });
  /* Only what is new from now on is said aloud, not the count that every page begins with. */
  bell.addEventListener("htmx:afterRequest", () => setTimeout(() => bell.setAttribute("aria-live", "polite"), 1000), { once: true });
  document.addEventListener("visibilitychange", () => !document.hidden && Date.now() - askedAt >= EVERY && look());
  /* A page that the browser brings back has the count of then. */
  addEventListener("pageshow", ({ persisted }) => persisted && look());
}
