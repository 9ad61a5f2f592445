#!/usr/bin/env bash
# Create .venv, install the locked dependencies into it and add this project in editable mode.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/python.sh >/dev/null 2>&1 || scripts/apt.sh python3-venv
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    "$(scripts/python.sh)" -m venv --clear .venv
fi
.venv/bin/python -m pip install --quiet --require-hashes -r requirements.lock
# The compat mode puts the checkout itself on the path, so packages added later need no new install.
.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation \
    --config-settings editable_mode=compat -e .
touch .venv/.stamp
