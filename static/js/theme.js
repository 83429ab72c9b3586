/* Theme and folded navigation change at once; the same form tells the server, which draws the next page so. */
import { $$, csrfToken } from "./dom.js";

function remember(form, name, value) {
  const body = new URLSearchParams({ [name]: value });
  const headers = { "X-CSRFToken": csrfToken(), "X-Requested-With": "fetch" };
  fetch(form.action, { method: "POST", body, headers, keepalive: true });
}

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (!submitter?.value) return;
  const root = document.documentElement;
  if (form.matches("[data-theme-form]")) {
    root.dataset.bsTheme = submitter.value;
    $$("[name=theme]", form).forEach((button) => button.setAttribute("aria-pressed", String(button === submitter)));
    form.closest("details")?.removeAttribute("open");
  } else if (form.matches("[data-nav-form]")) {
    const isSlim = submitter.value === "slim";
    root.toggleAttribute("data-nav", isSlim);
    if (isSlim) root.dataset.nav = "slim";
    queueMicrotask(() => {
      submitter.value = isSlim ? "wide" : "slim";
      submitter.title = isSlim ? "Widen navigation" : "Fold navigation";
    });
  } else {
    return;
  }
  event.preventDefault();
  remember(form, submitter.name, submitter.value);
});
