#!/usr/bin/env bash
# Create .venv, install the locked dependencies into it and add this project in editable mode.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! scripts/python.sh >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv
fi
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    "$(scripts/python.sh)" -m venv --clear .venv
fi
.venv/bin/python -m pip install --quiet --require-hashes -r requirements.lock
# The compat mode puts the checkout itself on the path, so packages added later need no new install.
.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation \
    --config-settings editable_mode=compat -e .
touch .venv/.stamp
