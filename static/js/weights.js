/* Weights by number and by drag: the state behind <form x-data="weights">. Without it the numbers alone do. */
import { $$ } from "./dom.js";

const STEP = 0.01;
const LEAST = 0.01;
const MOST = 0.95;
const HEAVIEST = 999;

export function weights() {
  return {
    rows: [],
    init() {
      this.rows = $$("[data-bar]", this.$root).map((bar) => {
        const row = bar.closest("tr");
        const one = {
          bar,
          input: row.querySelector("[data-weight]"),
          share: row.querySelector("[data-share]"),
          progress: bar.querySelector("progress"),
        };
        this.listen(one);
        return one;
      });
      for (const hint of $$("[data-bar-hint]", this.$root)) hint.hidden = false;
      this.update();
    },
    listen(row) {
      const { bar } = row;
      bar.setAttribute("role", "slider");
      bar.setAttribute("tabindex", "0");
      bar.setAttribute("aria-label", bar.dataset.bar);
      bar.setAttribute("aria-valuemin", "1");
      bar.setAttribute("aria-valuemax", "95");
      row.progress.setAttribute("aria-hidden", "true");
      bar.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        bar.setPointerCapture(event.pointerId);
        this.drag(row, event);
      });
      bar.addEventListener("pointermove", (event) => {
        if (bar.hasPointerCapture(event.pointerId)) this.drag(row, event);
      });
      bar.addEventListener("keydown", (event) => {
        const change = {
          ArrowRight: STEP, ArrowUp: STEP, ArrowLeft: -STEP, ArrowDown: -STEP, PageUp: 10 * STEP, PageDown: -10 * STEP,
        }[event.key];
        const held = this.weight(row) / this.sum();
        if (change !== undefined) this.give(row, held + change);
        else if (event.key === "Home") this.give(row, LEAST);
        else if (event.key === "End") this.give(row, MOST);
        else return;
        event.preventDefault();
      });
    },
    weight(row) {
      const value = Number(row.input.value.trim().replace(",", "."));
      return Number.isFinite(value) && value > 0 ? value : 0;
    },
    sum() {
      return this.rows.reduce((sum, row) => sum + this.weight(row), 0) || 1;
    },
    drag(row, event) {
      const box = row.bar.getBoundingClientRect();
      this.give(row, (event.clientX - box.left) / box.width);
    },
    /* Give a row a share of the whole: the others keep their weights, so its own follows from theirs. */
    give(row, asked) {
      const share = Math.min(MOST, Math.max(LEAST, Math.round(asked / STEP) * STEP));
      const others = this.sum() - this.weight(row);
      const weight = others > 0 ? (share * others) / (1 - share) : 1;
      row.input.value = String(Math.min(HEAVIEST, Math.max(0.001, Math.round(weight * 100) / 100)));
      row.input.dispatchEvent(new Event("input", { bubbles: true }));
    },
    update() {
      const sum = this.sum();
      for (const row of this.rows) {
        const percent = (100 * this.weight(row)) / sum;
        row.progress.value = percent;
        row.share.textContent = `${Math.round(percent)}%`;
        row.bar.setAttribute("aria-valuenow", String(Math.round(percent)));
        row.bar.setAttribute("aria-valuetext", `${Math.round(percent)}% of the whole, weight ${row.input.value}`);
      }
    },
  };
}
