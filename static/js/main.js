/* Everything a page needs besides charts. Each part works on its own; without any of them the page still works. */
import Alpine from "@alpinejs/csp";
import "./requests.js";
import "./bell.js";
import "./charts-loader.js";
import "./focus.js";
import "./keys.js";
import "./live.js";
import "./menus.js";
import "./palette.js";
import { selection } from "./selection.js";
import "./sheet.js";
import "./tabs.js";
import "./theme.js";
import "./tips.js";
import "./unsaved.js";
import { weights } from "./weights.js";

Alpine.data("selection", selection);
Alpine.data("weights", weights);
Alpine.start();
