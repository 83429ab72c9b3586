/* Build static/dist from our own sources and the installed packages. Run by `npm run build`. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const dist = join(here, "dist");
const iconFolder = join(root, "node_modules", "@tabler", "icons", "icons", "outline");

/* One sprite of the icons that static/icons.json names; an unknown name fails the build. */
async function buildSprite() {
  const { outline, own } = JSON.parse(await readFile(join(here, "icons.json"), "utf8"));
  const bodies = new Map(Object.entries(own));
  for (const name of outline) {
    const svg = await readFile(join(iconFolder, `${name}.svg`), "utf8");
    const body = svg.replace(/<!--[\s\S]*?-->/g, "").match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1];
    bodies.set(name, body.replace(/<path stroke="none" d="M0 0h24v24H0z"[^>]*>/g, "").replace(/\s*\n\s*/g, ""));
  }
  const frame = 'viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';
  const symbols = [...bodies].map(([name, body]) => `<symbol id="${name}" ${frame}>${body}</symbol>`);
  await writeFile(join(dist, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("\n")}</svg>\n`);
}

/* What comes from packages sits in a layer, so that any rule of abe.css wins without a fight over specificity. It is
   text here because collectstatic would try to follow a bare import in a .css file. */
const inter = (subset, range) => `@font-face {
  font-family: "Inter Variable"; font-style: normal; font-weight: 100 900; font-display: swap;
  src: url("@fontsource-variable/inter/files/inter-${subset}-wght-normal.woff2") format("woff2");
  unicode-range: ${range};
}`;
const packages = `@layer tabler;
@import "@tabler/core/dist/css/tabler.css" layer(tabler);
${inter("latin", "U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+2000-206F, U+20AC, U+2122, U+2191, U+2193, U+2212, U+2215, U+FEFF, U+FFFD")}
${inter("latin-ext", "U+0100-02BA, U+02BD-02C5, U+02C7-02CC, U+02CE-02D7, U+02DD-02FF, U+1D00-1DBF, U+1E00-1E9F, U+1EF2-1EFF, U+2020, U+20A0-20AB, U+20AD-20C0, U+2113, U+2C60-2C7F, U+A720-A7FF")}`;

const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  target: ["chrome123", "firefox121", "safari17.5"],
  /* No source maps: a reference to a file that isn't there stops collectstatic. */
  sourcemap: false,
  legalComments: "linked",
  loader: { ".woff2": "file" },
  assetNames: "fonts/[name]",
  logLevel: "info",
};
const styles = {
  ...shared,
  stdin: { contents: packages, resolveDir: root, sourcefile: "packages.css", loader: "css" },
  outfile: join(dist, "packages.css"),
};
const scripts = {
  ...shared,
  format: "esm",
  outdir: dist,
  /* charts.js is apart because only pages with a chart need it; abe.js fetches it then. */
  entryPoints: {
    abe: join(here, "js", "main.js"),
    charts: join(here, "js", "charts.js"),
  },
};

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await buildSprite();
await esbuild.build(styles);
if (process.argv.includes("--watch")) {
  await (await esbuild.context(scripts)).watch();
} else {
  await esbuild.build(scripts);
}
