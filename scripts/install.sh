#!/bin/sh
# Install what `make` needs into the checkout: scripts/install.sh embedded|dev
# A second call costs nothing; a changed lock file is installed again.
set -eu
cd "$(dirname "$0")/.."
kind=${1:?embedded or dev}
lock=requirements-$kind.txt
venv=.venv
stamp=$venv/.installed-$kind

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if recent "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed, found $(${PYTHON:-python3} --version 2>&1 || true). Name one: make ${MAKECMDGOALS:-demo} PYTHON=/path/to/python3"
}

make_venv() {
    python=$(find_python) || exit 1
    echo "Making $venv with $("$python" --version)"
    rm -rf "$venv"
    "$python" -m venv "$venv" || {
        rm -rf "$venv"
        fail "The venv module is incomplete; on Debian and Ubuntu: apt-get install python3-venv"
    }
}

# An environment whose Python is gone or that was moved here from another folder is made anew.
[ -x $venv/bin/python ] && recent $venv/bin/python &&
    [ "$($venv/bin/python -c 'import sys; print(sys.prefix)')" = "$(pwd -P)/$venv" ] || make_venv

# The development lock holds everything that the other one does.
if cmp -s "$lock" "$stamp" || { [ "$kind" = embedded ] && cmp -s requirements-dev.txt $venv/.installed-dev; }; then
    exit 0
fi
[ -x $venv/bin/uv ] || $venv/bin/python -m pip install --quiet --disable-pip-version-check uv
echo "Installing $lock"
# Compiled now, or every start would compile again where PYTHONDONTWRITEBYTECODE is set.
$venv/bin/uv pip install --quiet --python $venv/bin/python --require-hashes --compile-bytecode -r "$lock"
cp "$lock" "$stamp"
