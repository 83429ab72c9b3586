/* Figures on axes and in tooltips, in the words of common/formatting.py. */

const symbols = { EUR: "€", USD: "$", GBP: "£", JPY: "¥", INR: "₹", KRW: "₩" };
const steps = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];

function digits(value, decimals) {
  return value.toLocaleString("en-GB", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function short(size) {
  const [step, suffix] = steps.find(([from]) => size >= from * 0.9995) ?? [1, ""];
  const scaled = size / step;
  return digits(scaled, Number.isInteger(scaled) || scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") + suffix;
}

/* Return a function from a number to its text; `brief` is for axes and labels in the drawing. */
export function formatter(unit, currency, decimals, brief = false) {
  const sign = (value) => (value < 0 ? "−" : "");
  return (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "–";
    const size = Math.abs(value);
    if (unit === "money") {
      const symbol = symbols[currency] ?? (currency ? `${currency} ` : "");
      return sign(value) + symbol + (brief ? short(size) : digits(size, decimals ?? (size >= 1000 ? 0 : 2)));
    }
    if (unit === "ratio") return `${sign(value)}${digits(size * 100, brief ? (decimals ?? 0) : (decimals ?? 1))}%`;
    if (unit === "percent" || unit === "%") return `${sign(value)}${digits(size, brief ? (decimals ?? 0) : (decimals ?? 1))}%`;
    if (brief) return sign(value) + short(size);
    const text = sign(value) + digits(size, decimals ?? (Number.isInteger(value) ? 0 : 1));
    return unit ? `${text} ${unit}` : text;
  };
}
