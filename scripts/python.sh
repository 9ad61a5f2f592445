#!/usr/bin/env bash
# Print the first interpreter that is Python 3.11 or newer and can create virtual environments.
set -euo pipefail
for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
    path=$(command -v "$candidate") || continue
    if "$path" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "$path"
        exit 0
    fi
done
echo "no Python 3.11 or newer with the venv module was found (set PYTHON to choose one)" >&2
exit 1
