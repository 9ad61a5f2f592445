#!/usr/bin/env bash
# Create .venv, install the locked dependencies into it and add this project in editable mode.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/python.sh >/dev/null 2>&1 || scripts/apt.sh python3-venv
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    "$(scripts/python.sh)" -m venv --clear .venv
fi
install() { .venv/bin/python -m pip install --quiet "$@"; }
# uv takes a few seconds where pip takes a minute; where it cannot be had, or reaches no registry, pip does all.
mirror=${PIP_INDEX_URL:-$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)}
[ -z "$mirror" ] || export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$mirror}
fast() {
    install --require-hashes -r <(sed -n '/^uv==/,/# via/p' requirements.lock) &&
        .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock
}
fast || { echo "uv does not install here, so pip does" && install --require-hashes -r requirements.lock; }
# The compat mode puts the checkout itself on the path, so packages added later need no new install.
install --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
touch .venv/.stamp
