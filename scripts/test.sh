#!/usr/bin/env bash
# Lint, then the whole test suite. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -d /usr/lib/postgresql ] && ! command -v initdb >/dev/null; then
    scripts/apt.sh postgresql || echo "not had: PostgreSQL, so its tests are skipped"
fi
docker compose version >/dev/null 2>&1 || docker-compose version >/dev/null 2>&1 ||
    echo "not had: Docker Compose, so docker-compose.yml is checked against its schema only"
# Tests run even when the lint fails; either failing fails the whole.
status=0
scripts/lint.sh || status=1
suite() { .venv/bin/python -m pytest "$@" || [ "$?" = 5 ] || status=1; } # 5: nothing was selected
suite -n 2 --dist loadfile -m "not alone" "$@"
suite -m alone "$@"
exit "$status"
