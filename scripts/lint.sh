#!/usr/bin/env bash
# Style, format and type checks.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
status=0
"$bin/ruff" check . || status=1
"$bin/ruff" format --check . || status=1
packages=()
for name in domain catalogue placement planning adaptors monitoring reliability activities workflows workers \
    interfaces lab bench examples tests; do
    if [ -n "$(find "$name" -name "*.py" -print -quit 2>/dev/null)" ]; then packages+=("$name"); fi
done
"$bin/mypy" "${packages[@]}" || status=1
exit "$status"
