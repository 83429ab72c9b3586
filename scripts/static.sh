#!/bin/sh
# Build and collect the static files, where a source is newer than what was built: scripts/static.sh
# Needs scripts/install.sh to have run.
set -eu
cd "$(dirname "$0")/.."
. scripts/node.sh

newer() { # newer STAMP PATH...: whether a file below the paths changed after the stamp
    built=$1
    shift
    [ ! -e "$built" ] || [ -n "$(find "$@" -newer "$built" -type f -print | head -n 1)" ]
}

if ! cmp -s package-lock.json node_modules/.installed; then
    use_node
    echo "Installing the packages of package-lock.json"
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed
fi
if newer static/dist/.built package.json node_modules/.installed static/build.mjs static/icons.json static/css static/js; then
    use_node
    echo "Building static/dist"
    npm run --silent build
    touch static/dist/.built
fi
if newer staticfiles/.collected static .venv/.installed-* $(find . -path ./node_modules -prune -o -path ./.venv -prune -o -name static -type d -print); then
    echo "Collecting the static files"
    .venv/bin/python manage.py collectstatic --noinput --clear --verbosity 0
    touch staticfiles/.collected
fi
