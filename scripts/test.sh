#!/usr/bin/env bash
# Lint, then the whole test suite. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -d /usr/lib/postgresql ]; then
    if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null; } ||
            echo "PostgreSQL could not be installed: its tests will be skipped"
    else
        echo "PostgreSQL is not installed: its tests will be skipped"
    fi
fi
# Tests run even when the lint fails; either failing fails the whole.
status=0
scripts/lint.sh || status=1
.venv/bin/python -m pytest -n 2 --dist loadfile "$@" || status=1
exit "$status"
