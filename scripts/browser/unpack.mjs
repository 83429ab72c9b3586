/* Unpack the Chromium of @sparticuz/chromium, with its fonts and libraries, and write a script that runs it. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const folder = resolve(process.argv[2]);
const packed = join(folder, "node_modules", "@sparticuz", "chromium", "bin");
const open = (name) => brotliDecompressSync(readFileSync(join(packed, name)));

for (const name of ["al2023", "fonts", "swiftshader"]) {
  if (!existsSync(join(packed, `${name}.tar.br`))) continue;
  const target = join(folder, name);
  mkdirSync(target, { recursive: true });
  execFileSync("tar", ["-x", "-C", target], { input: open(`${name}.tar.br`) });
}
writeFileSync(join(folder, "chromium-binary"), open("chromium.br"));
chmodSync(join(folder, "chromium-binary"), 0o755);

/* The package is made for a system without libraries and fonts, so it brings both. */
const script = `#!/bin/sh
folder=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="$folder/al2023/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export FONTCONFIG_PATH="\${FONTCONFIG_PATH:-$folder/fonts/fonts}"
exec "$folder/chromium-binary" --no-sandbox "$@"
`;
/* Last, and at once: its presence says that the rest is whole. */
writeFileSync(join(folder, "chromium.new"), script);
chmodSync(join(folder, "chromium.new"), 0o755);
renameSync(join(folder, "chromium.new"), join(folder, "chromium"));
