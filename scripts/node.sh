# To be read with `.`: use_node puts Node.js 20 or newer and npm on PATH, the system's or else one in .venv.

use_node() {
    export npm_config_update_notifier=false
    PATH=$(pwd -P)/.venv/bin:$PATH
    if has_node; then
        return
    fi
    echo "No Node.js 20 or newer here: installing one into .venv"
    .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements-node.txt
    has_node || {
        echo "Node.js 20 or newer is needed to build the static files, and the one in .venv does not run here." >&2
        exit 1
    }
}

has_node() {
    command -v npm >/dev/null 2>&1 && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' >/dev/null 2>&1
}
