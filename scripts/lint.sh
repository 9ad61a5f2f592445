#!/usr/bin/env bash
# Style, format and type checks.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
"$bin/ruff" check .
"$bin/ruff" format --check .
packages=()
for name in domain catalogue placement adaptors monitoring reliability activities workflows workers \
    interfaces lab bench examples; do
    if [ -d "$name" ]; then packages+=("$name"); fi
done
"$bin/mypy" "${packages[@]}"
