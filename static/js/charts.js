/* Draw every [data-chart] from the JSON beside it in its figure; common/charts.py describes the data. */
import { BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, MarkPointComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { optionFor } from "./chart-options.js";
import { palette } from "./chart-theme.js";
import { $, $$ } from "./dom.js";

echarts.use([
  BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart, GridComponent, LegendComponent, MarkLineComponent,
  MarkPointComponent, TooltipComponent, VisualMapComponent, CanvasRenderer,
]);

const drawn = new Map();
const resizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const entry = drawn.get(target);
    if (!entry) continue;
    entry.chart.resize();
    /* Labels and the direction of bars depend on the room there is. */
    if (Math.abs(target.clientWidth - entry.width) > 30) redraw(entry);
  }
});

function redraw(entry) {
  const { chart, spec, element, width } = entry;
  entry.width = element.clientWidth;
  /* Cleared, since bars that stood and now lie down would be drawn out of place while they move. */
  chart.clear();
  const option = optionFor(spec, palette(element), entry.width);
  /* Only the first drawing moves: another theme, font or width is no news. */
  chart.setOption(width === undefined ? option : { ...option, animation: false }, { notMerge: true });
}

/* Draw the charts inside an element; one that is drawn already is left alone. */
export function draw(root) {
  for (const [element, { chart }] of drawn) {
    if (element.isConnected) continue;
    resizes.unobserve(element);
    chart.dispose();
    drawn.delete(element);
  }
  for (const element of [...(root.matches?.("[data-chart]") ? [root] : []), ...$$("[data-chart]", root)]) {
    /* Looked up inside the figure: a side sheet may show a chart that the page behind it shows too. */
    const figure = element.closest("figure");
    const source = $("script[type='application/json']", figure);
    if (!source || drawn.has(element)) continue;
    const entry = { element, spec: JSON.parse(source.textContent), chart: echarts.init(element, null, { renderer: "canvas" }) };
    drawn.set(element, entry);
    redraw(entry);
    resizes.observe(element);
    if (entry.spec.urls) entry.chart.on("click", ({ dataIndex }) => { if (entry.spec.urls[dataIndex]) location.assign(entry.spec.urls[dataIndex]); });
    const tools = $("[data-chart-tools]", figure);
    if (tools) {
      tools.hidden = false;
      tools.addEventListener("click", (event) => download(event, entry));
    }
  }
}

const redrawAll = () => drawn.forEach(redraw);
new MutationObserver(redrawAll).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
document.fonts?.ready.then(redrawAll);

function download(event, entry) {
  const kind = event.target.closest("[data-download]")?.dataset.download;
  const name = entry.element.id.replace(/^chart-/, "");
  if (kind === "csv") save(`${name}.csv`, new Blob(["\ufeff", csv(entry)], { type: "text/csv" }));
  if (kind === "png") picture(entry).then((blob) => save(`${name}.png`, blob));
}

function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/* The table behind the chart with plain numbers, and a last line where they are provisional. A name that begins with = + - or @ would be run as a formula by a
   spreadsheet. */
function csv({ element, spec }) {
  const cell = (text) => {
    const safe = /^[=+@\t\r]|^-(?![\d.])/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const rows = $$("tr", element.closest("figure"));
  const lines = rows.map((row) => $$("th, td", row).map((item) => cell(item.dataset.raw ?? item.textContent.trim())).join(","));
  return [...lines, ...(spec.provisional ? [cell(`Provisional. ${spec.provisional}`)] : [])].join("\r\n");
}

/* The drawing with its finding above, so that a pasted picture still says what it shows, and how far to trust it. */
async function picture({ chart, spec, element }) {
  const colours = palette(element);
  const scale = 2;
  const image = new Image();
  image.src = chart.getDataURL({ type: "png", pixelRatio: scale, backgroundColor: colours.surface });
  await image.decode();
  const canvas = document.createElement("canvas");
  const [edge, head] = [16 * scale, (spec.provisional ? 64 : 44) * scale];
  canvas.width = image.width + 2 * edge;
  canvas.height = image.height + head + edge;
  const pen = canvas.getContext("2d");
  pen.fillStyle = colours.surface;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = colours.ink;
  pen.font = `600 ${14 * scale}px ${colours.font}`;
  pen.fillText(spec.title, edge, 28 * scale, image.width);
  if (spec.provisional) {
    pen.font = `${12 * scale}px ${colours.font}`;
    pen.fillText(`Provisional. ${spec.provisional}`, edge, 50 * scale, image.width);
  }
  pen.drawImage(image, edge, head);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
