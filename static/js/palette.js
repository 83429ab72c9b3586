/* Ctrl-K: pages of the navigation at once, and what the search page finds for the typed text. */
import { $, $$, element, icon } from "./dom.js";

const dialog = $("#abe-palette");
const input = dialog && $("input[type=search]", dialog);
const pages = dialog && $("#abe-palette-pages", dialog);
const found = dialog && $("#abe-palette-found", dialog);
const options = () => $$("[role=option]", dialog);
let picked = 0;

function pick(index) {
  const all = options();
  picked = all.length ? (index + all.length) % all.length : 0;
  all.forEach((option, position) => {
    option.id ||= `abe-option-${Math.random().toString(36).slice(2)}`;
    option.setAttribute("aria-selected", String(position === picked));
  });
  const current = all[picked];
  if (current) input.setAttribute("aria-activedescendant", current.id);
  else input.removeAttribute("aria-activedescendant");
  current?.scrollIntoView({ block: "nearest" });
}

/* The navigation is the list of pages: what a reader may open stands there already. */
function listPages(text) {
  const wanted = text.trim().toLowerCase();
  const links = $$(".abe-nav a.abe-nav-link").filter((link) => link.textContent.toLowerCase().includes(wanted));
  pages.replaceChildren(
    ...(links.length ? [element("div", { class: "abe-palette-heading", "aria-hidden": "true", text: "Pages" })] : []),
    ...links.map((link) => {
      const name = $("use", link)?.getAttribute("href").split("#")[1];
      const option = element("a", { class: "abe-option", role: "option", tabindex: "-1", "aria-selected": "false", href: link.href });
      option.append(icon(name ?? "chevron-right", 16), element("span", { class: "abe-option-label", text: link.textContent.trim() }));
      return option;
    }),
  );
  pages.hidden = !links.length;
}

export function openPalette() {
  if (!dialog) return false;
  if (!dialog.open) {
    input.value = "";
    found.replaceChildren();
    listPages("");
    dialog.showModal();
    pick(0);
  }
  input.focus();
  return true;
}

if (dialog) {
  for (const button of $$("[data-palette-open]")) {
    button.hidden = false;
    button.addEventListener("click", openPalette);
  }
  input.addEventListener("input", () => {
    listPages(input.value);
    if (input.value.trim().length < 2) found.replaceChildren();
    pick(0);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      pick(picked + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      const option = options()[picked];
      if (!option) return;
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) window.open(option.href, "_blank", "noopener");
      else location.assign(option.href);
    }
  });
  input.addEventListener("htmx:beforeRequest", (event) => {
    if (input.value.trim().length < 2) event.preventDefault();
  });
  found.addEventListener("htmx:afterSwap", () => pick(0));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}
