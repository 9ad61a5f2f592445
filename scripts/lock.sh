#!/usr/bin/env bash
# Regenerate requirements.lock (runtime and dev, exact pins with hashes) from pyproject.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=.venv-lock
[ -x "$tools/bin/pip-compile" ] || {
    "$(scripts/python.sh)" -m venv --clear "$tools"
    "$tools/bin/pip" install --quiet 'pip-tools>=7.5'
}
"$tools/bin/pip-compile" --quiet --extra dev --generate-hashes --strip-extras --allow-unsafe --no-header \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host "$@" -o requirements.lock pyproject.toml
