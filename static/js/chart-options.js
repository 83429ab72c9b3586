/* From a chart's description to ECharts options. Every kind is one function; all share frame() and its quiet axes. */
import { formatter } from "./chart-format.js";
import { mix, readableOn } from "./chart-theme.js";

/* The mean width of a letter at the size of axis labels. */
const LETTER = 6.1;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export function optionFor(spec, colours, width) {
  const tools = {
    spec,
    colours,
    width,
    exact: formatter(spec.unit, spec.currency, spec.decimals),
    brief: formatter(spec.unit, spec.currency, spec.decimals, true),
    colour: (series, index) => colours[series.tone] ?? colours[(index % 6) + 1],
  };
  return kinds[spec.kind](tools);
}

const kinds = { bar: bars, stacked: (tools) => bars(tools, true), line: lines, waterfall, heatmap, scatter, lorenz };

function text(colours, extra = {}) {
  return { fontFamily: colours.font, fontSize: 11, color: colours.faint, ...extra };
}

/* Where the drawing begins below a legend, which takes as many lines as its names need. */
function below({ spec, width }) {
  let [lines, used] = [1, 0];
  for (const { name } of spec.series) {
    const entry = 9 + 5 + name.length * 6.7 + 14;
    if (used && used + entry > width) [lines, used] = [lines + 1, 0];
    used += entry;
  }
  return 10 + 20 * lines;
}

function frame(tools, { trigger = "axis", tooltip, legend = tools.spec.series.length > 1, ...rest }) {
  const { colours } = tools;
  return {
    animation: !calm.matches,
    animationDuration: 260,
    textStyle: { fontFamily: colours.font },
    grid: { left: 4, right: 8, top: legend ? below(tools) : 12, bottom: 2, containLabel: true },
    legend: legend
      ? { top: 0, left: 0, itemWidth: 9, itemHeight: 9, itemGap: 14, icon: "roundRect", textStyle: text(colours, { color: colours.quiet, fontSize: 12 }), inactiveColor: colours.strong }
      : undefined,
    tooltip: {
      trigger,
      renderMode: "richText",
      confine: true,
      backgroundColor: colours.raised,
      borderColor: colours.strong,
      borderWidth: 1,
      padding: [7, 10],
      textStyle: text(colours, { color: colours.ink, fontSize: 12, lineHeight: 18 }),
      axisPointer: { type: "shadow", shadowStyle: { color: colours.sunken, opacity: 0.6 }, lineStyle: { color: colours.strong } },
      formatter: tooltip,
    },
    ...rest,
  };
}

function categoryAxis({ spec, colours }, extra = {}) {
  return {
    type: "category",
    data: spec.categories,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: colours.strong } },
    axisLabel: text(colours, { hideOverlap: true, margin: 9 }),
    ...extra,
  };
}

function valueAxis({ colours, brief }, extra = {}) {
  return {
    type: "value",
    splitNumber: 4,
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: colours.line } },
    axisLabel: text(colours, { formatter: brief, margin: 8 }),
    ...extra,
  };
}

function perSeries({ exact }) {
  return (points) => {
    const known = points.filter(({ value }) => value !== null && value !== undefined);
    return [points[0]?.axisValueLabel ?? "", ...known.map(({ seriesName, value }) => `${seriesName}  ${exact(value)}`)].join("\n");
  };
}

/* Whether names are too long to stand below their bars, even over two lines and broken between words only; then the bars
   lie down. */
function needsRows({ spec, width }) {
  const slot = (width - 50) / spec.categories.length;
  const longest = Math.max(0, ...spec.categories.map((name) => String(name).length)) * LETTER;
  const word = Math.max(0, ...spec.categories.flatMap((name) => String(name).split(" ")).map((part) => part.length)) * LETTER;
  return spec.horizontal ?? (spec.categories.length <= 12 && (longest > slot * 1.8 || word > slot));
}

function barLabels({ spec, colours, width }) {
  const slot = (width - 50) / Math.max(spec.categories.length, 1);
  const longest = Math.max(0, ...spec.categories.map((name) => String(name).length)) * LETTER;
  if (spec.categories.length > 12) return text(colours, { hideOverlap: true, margin: 9 });
  if (longest <= slot) return text(colours, { interval: 0, margin: 9 });
  return text(colours, { interval: 0, margin: 9, width: slot - 4, overflow: "break", lineHeight: 13 });
}

function bars(tools, stacked = false) {
  const { spec, colour } = tools;
  const isRow = needsRows(tools);
  const names = categoryAxis(tools, isRow ? { inverse: true, axisLabel: rowLabels(tools) } : { axisLabel: barLabels(tools) });
  const ends = spec.min === undefined ? {} : limitsOf(spec);
  const amounts = valueAxis(tools, isRow ? { ...ends, axisLabel: text(tools.colours, { formatter: tools.brief, hideOverlap: true }) } : ends);
  const radius = isRow ? [0, 2, 2, 0] : [2, 2, 0, 0];
  return frame(tools, {
    tooltip: perSeries(tools),
    grid: { left: 4, right: isRow ? 18 : 8, top: spec.series.length > 1 ? below(tools) : 12, bottom: 2, containLabel: true },
    xAxis: isRow ? amounts : names,
    yAxis: isRow ? names : amounts,
    series: spec.series.map((series, index) => ({
      type: "bar",
      name: series.name,
      data: series.values,
      stack: stacked ? "all" : undefined,
      barMaxWidth: 28,
      barGap: "12%",
      barCategoryGap: "32%",
      itemStyle: {
        color: colour(series, index),
        borderRadius: stacked && index < spec.series.length - 1 ? 0 : radius,
        borderColor: tools.colours.surface,
        borderWidth: stacked ? 0.5 : 0,
      },
    })),
  });
}

function lines(tools) {
  const { spec, colour } = tools;
  const dashes = ["solid", "dashed", "dotted"];
  return frame(tools, {
    tooltip: perSeries(tools),
    xAxis: categoryAxis(tools, { boundaryGap: false, axisLabel: text(tools.colours, { hideOverlap: true, showMinLabel: true, showMaxLabel: true, margin: 9, alignMinLabel: "left", alignMaxLabel: "right" }) }),
    yAxis: valueAxis(tools, limitsOf(spec)),
    series: spec.series.map((series, index) => ({
      type: "line",
      name: series.name,
      data: series.values,
      showSymbol: true,
      showAllSymbol: true,
      symbol: "circle",
      symbolSize: (value, { dataIndex }) => (standsAlone(series.values, dataIndex) ? 6 : 0),
      connectNulls: spec.connects === true,
      lineStyle: series.tone === "muted" ? quiet(series) : { width: 2, type: dashes[Math.floor(index / 6) % 3] },
      color: colour(series, index),
      areaStyle: spec.series.length === 1 && limitsOf(spec).min === 0 ? { color: colour(series, index), opacity: 0.08 } : undefined,
      emphasis: { disabled: true },
      markLine: index === 0 ? markedLevels(tools) : undefined,
    })),
    grid: { left: 4, right: 14, top: spec.series.length > 1 ? below(tools) : 12, bottom: 2, containLabel: true },
  });
}

/* A value without neighbours has no line through it, so it shows as a dot. */
function standsAlone(values, index) {
  return (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null;
}

/* Amounts and counts stand on zero, so that a line's height is what it says; a score has its own ends. Where little moves
   on a large base the axis is cut, and then nothing is filled below the line. */
function limitsOf(spec) {
  if (spec.min !== undefined) return { min: spec.min, max: spec.max, interval: (spec.max - spec.min) / 4 };
  const values = spec.series.flatMap((series) => series.values).filter((value) => value !== null);
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  const isCut = spec.zero !== true && lowest > 0 && highest > lowest && (highest - lowest) / highest < 0.2;
  if (isCut || lowest < 0) return { scale: true };
  return highest > 0 ? { min: 0 } : { min: 0, max: 1 };
}

/* What is drawn for comparison stays in the background; many dashes would draw the eye. */
function quiet({ values }) {
  return values.length > 30 ? { width: 1, opacity: 0.55 } : { width: 1.5, type: "dashed" };
}

function markedLevels({ spec, colours, brief }) {
  if (!spec.levels) return undefined;
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: colours.faint, type: "dashed", width: 1 },
    data: spec.levels.map(({ at, label }) => ({ yAxis: at, label: text(colours, { position: "insideStartTop", formatter: `${label} ${brief(at)}` }) })),
  };
}

/* Bars that hang between the level before and the level after; `totals` stand on the ground. */
function waterfall(tools) {
  const { spec, colours, exact, brief } = tools;
  const values = spec.series[0].values.map((value) => value ?? 0);
  const totals = new Set(spec.totals);
  let level = 0;
  const steps = values.map((value, index) => {
    const isTotal = totals.has(index);
    const [from, to] = isTotal ? [0, value] : [level, level + value];
    level = to;
    return { index, from, to, value, isTotal };
  });
  const goodUp = spec.good !== "down";
  const fill = ({ value, isTotal }) => {
    if (isTotal) return colours.muted;
    if (!value) return colours.strong;
    if (!spec.good) return value < 0 ? colours[6] : colours[1];
    return value >= 0 === goodUp ? colours.green : colours.red;
  };
  const mark = spec.decimals === null || ["money", "ratio", "percent"].includes(spec.unit) ? brief : formatter("", "", spec.decimals);
  const label = ({ value, isTotal }) => (!isTotal && value > 0 ? `+${mark(value)}` : mark(value));
  /* Many steps in a narrow panel read better as rows: names stay level instead of slanting. */
  const isRow = (tools.width - 60) / steps.length < 74 && steps.length > 4;
  const limits = niceAxis(steps);
  const names = categoryAxis(tools, isRow ? { inverse: true, axisLabel: rowLabels(tools) } : { axisLabel: stepLabels(tools, steps.length) });
  const amounts = valueAxis(tools, isRow ? { ...limits, axisLabel: text(colours, { formatter: brief, hideOverlap: true }) } : limits);
  const drawn = (params, api) => {
    const step = steps[params.dataIndex];
    const ground = Math.max(limits.min, Math.min(0, step.to));
    const from = step.isTotal ? ground : step.from;
    const place = (index, value) => (isRow ? api.coord([value, index]) : api.coord([index, value]));
    const band = Math.abs(isRow ? api.size([0, 1])[1] : api.size([1, 0])[0]);
    const bar = Math.min(band * 0.58, isRow ? 20 : 52);
    const [x1, y1] = place(step.index, from);
    const [x2, y2] = place(step.index, step.to);
    const shape = isRow
      ? { x: Math.min(x1, x2), y: y1 - bar / 2, width: Math.max(Math.abs(x2 - x1), 1.5), height: bar, r: 2 }
      : { x: x1 - bar / 2, y: Math.min(y1, y2), width: bar, height: Math.max(Math.abs(y2 - y1), 1.5), r: 2 };
    const beside = isRow ? { x: shape.x + shape.width + 5, y: y1, align: "left", verticalAlign: "middle" } : { x: x1, y: shape.y - 5, align: "center", verticalAlign: "bottom" };
    const children = [
      { type: "rect", shape, style: { fill: fill(step) } },
      { type: "text", style: { text: label(step), ...beside, fill: colours.quiet, font: `500 11px ${colours.font}` } },
    ];
    if (step.isTotal && limits.min > 0) children.push(tear(shape, isRow, colours.surface));
    if (step.index < steps.length - 1) {
      const [x3, y3] = place(step.index + 1, step.to);
      const line = isRow ? { x1: x2, y1: y2 + bar / 2, x2: x3, y2: y3 - bar / 2 } : { x1: x2 + bar / 2, y1: y2, x2: x3 - bar / 2, y2: y3 };
      children.push({ type: "line", shape: line, style: { stroke: colours.strong, lineWidth: 1 } });
    }
    return { type: "group", children };
  };
  return frame(tools, {
    legend: false,
    tooltip: ([point]) => {
      const step = steps[point.dataIndex];
      const first = `${spec.categories[step.index]}  ${step.isTotal || step.value <= 0 ? "" : "+"}${exact(step.value)}`;
      return step.isTotal ? first : `${first}\nthen ${exact(step.to)}`;
    },
    grid: { left: 4, right: isRow ? 44 : 8, top: isRow ? 2 : 12, bottom: 2, containLabel: true },
    xAxis: isRow ? amounts : names,
    yAxis: isRow ? names : amounts,
    series: [
      {
        type: "custom",
        name: spec.series[0].name,
        data: steps.map(({ index, from, to }) => (isRow ? [from, to, index] : [index, from, to])),
        encode: isRow ? { x: [0, 1], y: 2 } : { x: 0, y: [1, 2] },
        clip: false,
        renderItem: drawn,
      },
    ],
  });
}

/* A bar that does not begin at zero is torn near its foot. */
function tear({ x, y, width, height }, isRow, colour) {
  const points = isRow
    ? [[x + 12, y - 2], [x + 8, y + height / 2], [x + 12, y + height / 2], [x + 8, y + height + 2]]
    : [[x - 2, y + height - 12], [x + width / 2, y + height - 8], [x + width / 2, y + height - 12], [x + width + 2, y + height - 8]];
  return { type: "polyline", shape: { points }, style: { stroke: colour, lineWidth: 3, fill: "none" } };
}

function rowLabels({ colours, width }) {
  return text(colours, { interval: 0, color: colours.quiet, width: Math.min(150, width * 0.4), overflow: "truncate" });
}

/* Every step keeps its name, over two lines where it is long. */
function stepLabels({ colours, width }, count) {
  return text(colours, { interval: 0, margin: 9, lineHeight: 13, width: (width - 60) / count - 6, overflow: "break" });
}

/* Round limits around the steps. Small changes on a large base would vanish if the axis began at zero, so there it
   begins below the lowest step. */
function niceAxis(steps) {
  const levels = steps.flatMap(({ from, to, isTotal }) => (isTotal ? [to] : [from, to]));
  const [lowest, highest] = [Math.min(...levels), Math.max(...levels)];
  const isCut = lowest > 0 && highest > lowest && (highest - lowest) / highest < 0.35;
  const low = isCut ? Math.max(0, lowest - (highest - lowest) * 0.5) : Math.min(0, lowest * 1.08);
  const high = highest > 0 ? highest + (highest - low) * 0.06 : 0;
  const rough = (high - low || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const interval = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  return { interval, min: Math.floor(low / interval) * interval, max: Math.ceil(high / interval) * interval };
}

function heatmap(tools) {
  const { spec, colours, exact, brief } = tools;
  const cells = spec.series.flatMap((row, y) => row.values.map((value, x) => [x, y, value])).filter(([, , value]) => value !== null);
  const values = cells.map(([, , value]) => value);
  const low = spec.low ?? Math.min(...values);
  const high = spec.high ?? Math.max(...values);
  const share = (value) => (high > low ? Math.min(Math.max((value - low) / (high - low), 0), 1) : 0.5);
  const room = (tools.width - 90) / Math.max(spec.categories.length, 1) > 30;
  return frame(tools, {
    trigger: "item",
    legend: false,
    tooltip: ({ value: [x, y, value] }) => `${spec.series[y].name}, ${spec.categories[x]}\n${exact(value)}`,
    grid: { left: 4, right: 8, top: 4, bottom: 2, containLabel: true },
    xAxis: categoryAxis(tools, { axisLine: { show: false }, splitArea: { show: false } }),
    yAxis: { ...categoryAxis(tools, { axisLine: { show: false }, inverse: true }), data: spec.series.map(({ name }) => name) },
    series: [
      {
        type: "heatmap",
        data: cells.map(([x, y, value]) => {
          const color = mix(colours.soft, colours[1], share(value));
          return {
            value: [x, y, value],
            itemStyle: { color, borderColor: colours.surface, borderWidth: 1.5, borderRadius: 3 },
            label: { color: readableOn(color) },
          };
        }),
        label: { show: room, fontFamily: colours.font, fontSize: 11, formatter: ({ value }) => brief(value[2]) },
        emphasis: { itemStyle: { borderColor: colours.ink } },
      },
    ],
  });
}

function scatter(tools) {
  const { spec, colours, exact, brief } = tools;
  const exactX = formatter(spec.xUnit || spec.unit, spec.currency, spec.decimals);
  const briefX = formatter(spec.xUnit || spec.unit, spec.currency, spec.decimals, true);
  const largest = Math.max(1, ...spec.points.map(({ size }) => size ?? 0));
  const name = { nameLocation: "middle", nameTextStyle: text(colours, { color: colours.quiet }) };
  return frame(tools, {
    trigger: "item",
    legend: false,
    tooltip: ({ data }) => `${data.name}\n${spec.xLabel || "x"}  ${exactX(data.value[0])}\n${spec.yLabel || "y"}  ${exact(data.value[1])}`,
    grid: { left: spec.yLabel ? 22 : 4, right: 12, top: 12, bottom: spec.xLabel ? 24 : 2, containLabel: true },
    xAxis: valueAxis(tools, { ...name, name: spec.xLabel, nameGap: 28, scale: true, axisLabel: text(colours, { formatter: briefX }) }),
    yAxis: valueAxis(tools, { ...name, name: spec.yLabel, nameGap: 38, scale: true, axisLabel: text(colours, { formatter: brief }) }),
    series: [
      {
        type: "scatter",
        data: spec.points.map((point) => ({
          name: point.name,
          value: [point.x, point.y],
          symbolSize: point.size === null ? 9 : 7 + 22 * Math.sqrt(point.size / largest),
          itemStyle: { color: colours[point.tone] ?? colours[1], opacity: 0.72, borderColor: colours.surface, borderWidth: 1 },
        })),
        markLine: spec.splits
          ? { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: colours.strong, type: "dashed" }, data: [{ xAxis: spec.splits.x }, { yAxis: spec.splits.y }] }
          : undefined,
      },
    ],
  });
}

/* The point of a line at x, between the two known points around it. */
function pointAt(points, x) {
  const next = points.findIndex(([at]) => at >= x);
  if (next < 1) return points[next];
  const [[x0, y0], [x1, y1]] = [points[next - 1], points[next]];
  return [x, y0 + ((x - x0) / (x1 - x0 || 1)) * (y1 - y0)];
}

/* Shares of a whole against shares of its owners, sorted either way round: largest first bends up, smallest first down. */
function lorenz(tools) {
  const { spec, colours } = tools;
  const unit = spec.unit === "percent" || spec.unit === "%" ? "percent" : "ratio";
  const whole = unit === "percent" ? 100 : 1;
  const share = formatter(unit, "", 0, true);
  const exact = formatter(unit, "", 1);
  const axis = { min: 0, max: whole, interval: whole / 5, axisLabel: text(colours, { formatter: share }) };
  const name = { nameLocation: "middle", nameTextStyle: text(colours, { color: colours.quiet }) };
  const points = spec.points.map(({ x, y }) => [x, y]);
  const middle = points[Math.floor(points.length / 2)] ?? [0, 0];
  const isLargestFirst = middle[1] >= middle[0];
  const mark = spec.mark ? [spec.mark.x, spec.mark.y] : pointAt(points, whole * (isLargestFirst ? 0.2 : 0.8));
  const [few, much] = mark ? (isLargestFirst ? mark : [whole - mark[0], whole - mark[1]]) : [];
  return frame(tools, {
    legend: false,
    tooltip: ([point]) => `${spec.xLabel || "Owners"}  ${exact(point.value[0])}\n${spec.yLabel || "Whole"}  ${exact(point.value[1])}`,
    grid: { left: 22, right: 18, top: 12, bottom: 24, containLabel: true },
    xAxis: valueAxis(tools, { ...axis, ...name, name: spec.xLabel, nameGap: 28, axisPointer: { type: "line" } }),
    yAxis: valueAxis(tools, { ...axis, ...name, name: spec.yLabel, nameGap: 40 }),
    series: [
      {
        type: "line",
        data: points,
        showSymbol: false,
        lineStyle: { width: 2 },
        color: colours[1],
        areaStyle: { color: colours[1], opacity: 0.1 },
        emphasis: { disabled: true },
        markPoint: mark
          ? {
              symbol: "circle",
              symbolSize: 9,
              itemStyle: { color: colours[1], borderColor: colours.surface, borderWidth: 2 },
              label: {
                show: true,
                position: isLargestFirst ? "right" : "left",
                distance: 8,
                fontFamily: colours.font,
                fontSize: 12,
                fontWeight: 600,
                color: colours.ink,
                formatter: spec.mark?.label ?? `Top ${share(few)} hold ${share(much)}`,
              },
              data: [{ coord: mark }],
            }
          : undefined,
      },
      { type: "line", silent: true, data: [[0, 0], [whole, whole]], showSymbol: false, lineStyle: { width: 1, type: "dashed", color: colours.strong }, tooltip: { show: false } },
    ],
  });
}
