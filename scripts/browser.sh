#!/bin/sh
# Print the path of a Chromium for the browser tests: $CHROME, the system's, or one fetched from npm.
set -eu
cd "$(dirname "$0")/.."
. scripts/node.sh
folder=.venv/browser

if [ -n "${CHROME:-}" ]; then
    [ -x "$CHROME" ] || { echo "CHROME=$CHROME can't be run." >&2; exit 1; }
    echo "$CHROME"
    exit
fi
for candidate in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v $candidate; then
        exit
    fi
done
if [ ! -x $folder/chromium ]; then
    if [ "$(uname -m)" != x86_64 ]; then
        echo "The browser tests need Chromium: install it (Debian: apt-get install chromium) or set CHROME." >&2
        exit 1
    fi
    use_node >&2
    echo "No Chromium here: fetching one into $folder" >&2
    mkdir -p $folder
    cp scripts/browser/package.json scripts/browser/package-lock.json .npmrc $folder
    npm ci --prefix $folder --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    node scripts/browser/unpack.mjs $folder
fi
if ! $folder/chromium --version >/dev/null 2>&1; then
    echo "The fetched Chromium does not run here:" >&2
    $folder/chromium --version >&2 || true
    echo "Install one (Debian: apt-get install chromium) or set CHROME to one." >&2
    exit 1
fi
echo "$(pwd -P)/$folder/chromium"
