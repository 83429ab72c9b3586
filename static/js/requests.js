/* htmx: the CSRF header, and what a reader sees when a request fails. */
import htmx from "htmx.org";
import { $, csrfToken, element, icon } from "./dom.js";

window.htmx = htmx;

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (!["get", "head"].includes(detail.verb)) detail.headers["X-CSRFToken"] = csrfToken();
});

/* A session that ended answers with the sign-in page: go there instead of swapping it into a panel. What asks by itself
   beside the page (data-quiet) takes nobody away from what they type, and says nothing where it fails. */
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  const isDocument = /^\s*<!doctype html/i.test(xhr.responseText.slice(0, 200));
  if (!isDocument || target === document.body || xhr.status >= 400) return;
  event.detail.shouldSwap = false;
  if (target.matches("[data-quiet]")) return;
  const landed = new URL(xhr.responseURL, location.href);
  if (landed.searchParams.has("next")) landed.searchParams.set("next", location.pathname + location.search);
  location.assign(landed);
});

const reasons = {
  0: ["No connection", "The server can't be reached. Check the network, then try again."],
  400: ["That request can't be read", "Reload the page and try again."],
  403: ["Not allowed", "Your function has no access to this, or you were signed out. Reload the page to see which."],
  404: ["Not there any more", "The record may have been removed. Reload the page."],
  429: ["Too many requests", "Wait a moment, then try again."],
  503: ["Not ready yet", "The server is starting or busy. Try again in a moment."],
};
const fallback = ["Something went wrong on our side", "The error is recorded."];

/* A panel that was to load by itself says in its own place that it failed. */
function showInPanel(lazy, title, advice, id) {
  const retry = element("button", { type: "button", class: "btn btn-sm" }, icon("refresh", 14), "Try again");
  const body = element("div", { class: "abe-state-text" }, element("p", { class: "abe-state-title", text: title }), element("p", { class: "abe-state-body", text: advice }));
  if (id) body.append(element("p", { class: "abe-state-body" }, "Quote ", element("code", { text: id }), " if it happens again."));
  body.append(retry);
  const held = [...lazy.childNodes];
  lazy.replaceChildren(element("div", { class: "abe-state is-error", role: "alert" }, icon("alert-octagon", 18), body));
  retry.addEventListener("click", () => {
    lazy.replaceChildren(...held);
    htmx.ajax("GET", lazy.getAttribute("hx-get"), { source: lazy, target: lazy.closest(".abe-panel"), swap: "outerHTML" });
  });
}

function showFailure({ detail }, status) {
  const { elt, requestConfig, xhr } = detail;
  if (elt.matches("[data-quiet]")) return;
  const id = xhr?.getResponseHeader?.("X-Error-Id");
  const [title, advice] = reasons[status] ?? fallback;
  if (elt.matches(".abe-lazy")) return showInPanel(elt, title, advice, id);
  const text = element("div", { class: "abe-toast-text" }, element("strong", { text: title }), element("span", { text: advice }));
  if (id) text.append(" Quote ", element("code", { text: id }), " if it happens again.");
  const actions = element("div", { class: "abe-inline" });
  const toast = element("div", { class: "abe-toast" });
  if (requestConfig && elt.isConnected) {
    const retry = element("button", { type: "button", class: "btn btn-sm", text: "Try again" });
    retry.addEventListener("click", () => {
      toast.remove();
      const { verb, path, parameters, target } = requestConfig;
      htmx.ajax(verb.toUpperCase(), path, { source: elt, target, values: Object.fromEntries(Object.entries(parameters)) });
    });
    actions.append(retry);
  }
  const close = element("button", { type: "button", class: "abe-iconbutton", "aria-label": "Dismiss" }, icon("x", 15));
  close.addEventListener("click", () => toast.remove());
  const mark = element("span", { class: "abe-toast-mark" }, icon("alert-octagon", 16));
  toast.append(mark, text, actions, close);
  /* One message for one trouble: the newest replaces the one before. */
  $("#abe-toasts")?.replaceChildren(toast);
}

document.addEventListener("htmx:responseError", (event) => showFailure(event, event.detail.xhr.status));
document.addEventListener("htmx:sendError", (event) => showFailure(event, 0));
document.addEventListener("htmx:timeout", (event) => showFailure(event, 0));
