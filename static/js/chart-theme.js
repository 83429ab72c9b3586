/* The page's colours as plain values: canvas can't read CSS variables. */

const names = {
  ink: "ink", quiet: "ink-2", faint: "ink-3", line: "line", strong: "line-strong", surface: "surface", sunken: "sunken",
  red: "red-mark", amber: "amber-mark", green: "green-mark", accent: "series-1", muted: "series-5",
  1: "series-1", 2: "series-2", 3: "series-3", 4: "series-4", 5: "series-5", 6: "series-6", raised: "raised", soft: "accent-soft",
};

export function palette(element) {
  const probe = element.ownerDocument.createElement("i");
  probe.hidden = true;
  element.ownerDocument.body.append(probe);
  const colours = {};
  for (const [key, name] of Object.entries(names)) {
    probe.style.color = `var(--abe-${name})`;
    colours[key] = getComputedStyle(probe).color;
  }
  probe.remove();
  colours.font = getComputedStyle(element).fontFamily;
  return colours;
}

/* A colour between two rgb() values; amount runs from 0 to 1. */
export function mix(from, to, amount) {
  const parts = (text) => text.match(/[\d.]+/g).slice(0, 3).map(Number);
  const [a, b] = [parts(from), parts(to)];
  return `rgb(${a.map((value, index) => Math.round(value + (b[index] - value) * amount)).join(", ")})`;
}

/* Black or white, whichever stands out more: one of the two has a contrast of 4.58 or more on any colour (WCAG 2.2). */
export function readableOn(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).slice(0, 3).map((part) => {
    const value = Number(part) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) ? "#000" : "#fff";
}
