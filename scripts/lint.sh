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
# Of what has not changed since another checkout was checked here, mypy need not be asked again.
"$bin/mypy" --cache-dir "${XDG_CACHE_HOME:-$HOME/.cache}/interlace/mypy" "${packages[@]}" || status=1
exit "$status"
