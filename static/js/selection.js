/* Row selection for bulk actions: the state behind <form x-data="selection">. */
import { $$ } from "./dom.js";

export function selection() {
  return {
    count: 0,
    boxes() {
      return $$("tbody input[type=checkbox]", this.$root);
    },
    get any() {
      return this.count > 0;
    },
    get label() {
      return `${this.count} selected`;
    },
    init() {
      this.update();
    },
    update() {
      const boxes = this.boxes();
      this.count = boxes.filter((box) => box.checked).length;
      for (const box of boxes) box.closest("tr")?.classList.toggle("is-selected", box.checked);
      for (const all of $$("thead input[type=checkbox]", this.$root)) {
        all.checked = boxes.length > 0 && this.count === boxes.length;
        all.indeterminate = this.count > 0 && this.count < boxes.length;
      }
    },
    toggleAll(event) {
      for (const box of this.boxes()) box.checked = event.target.checked;
      this.update();
    },
    clear() {
      for (const box of this.boxes()) box.checked = false;
      this.update();
    },
  };
}
