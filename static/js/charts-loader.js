/* Fetch the chart code only when a page, or a part swapped in later, has a chart. */
import { $ } from "./dom.js";

async function drawAll(root) {
  if (!root.querySelector?.("[data-chart]") && !root.matches?.("[data-chart]")) return;
  const address = $("meta[name=abe-charts]")?.content;
  if (!address) return;
  const charts = await import(address);
  charts.draw(root);
}

drawAll(document);
document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt));
