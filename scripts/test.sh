#!/usr/bin/env bash
# Lint and the whole test suite, side by side. Arguments go to pytest; TEST_WORKERS is how many run tests; after
# TEST_MINUTES, where it is set, no test begins any more, and those that are left have failed.
set -euo pipefail
cd "$(dirname "$0")/.."
# Each of several pytest workers would rewrite the assertions of every test module, and compile all else.
unset PYTHONDONTWRITEBYTECODE
if [ ! -d /usr/lib/postgresql ] && ! command -v initdb >/dev/null; then
    scripts/apt.sh postgresql || echo "not had: PostgreSQL, so its tests are skipped"
fi
scripts/prometheus.sh >/dev/null || echo "so its tests are skipped"
docker compose version >/dev/null 2>&1 || docker-compose version >/dev/null 2>&1 ||
    echo "not had: Docker Compose, so docker-compose.yml is checked against its schema only"
[ -z "${TEST_MINUTES:-}" ] || export INTERLACE_TESTS_UNTIL=$(($(date +%s) + 60 * TEST_MINUTES))
# Tests run even when the lint fails; either failing fails the whole.
status=0
linted=$(mktemp)
caches=$(mktemp -d)
trap 'rm -rf "$linted" "$caches"' EXIT
scripts/lint.sh >"$linted" 2>&1 &
lint=$!
suite() { # NAME, and the arguments; 5: nothing was selected
    local cache=$caches/$1
    shift
    .venv/bin/python -m pytest -q -rsf -o cache_dir="$cache" --durations=25 --durations-min=5 "$@" && return
    [ "$?" != 5 ] || return 0
    again "$cache" "$@"
}
again() { # whether it was but the others beside it; where much fails, it was not
    local cache=$1 failed
    shift
    failed=$(grep -c '"' "$cache/v/cache/lastfailed" 2>/dev/null || true)
    if [ "${failed:-0}" = 0 ] || [ "$failed" -gt 40 ]; then
        status=1
        return
    fi
    echo "$failed that failed, once more, one after the other:"
    # What was not run before is run here, and what is cut off here has failed.
    env -u INTERLACE_TESTS_UNTIL timeout -s INT "$((60 * (${TEST_MINUTES:-300} + 15) - SECONDS))" \
        .venv/bin/python -m pytest -q -rfp --no-header -o cache_dir="$cache" --last-failed "$@" -n 0 || status=1
}
# Half of a test is waiting for something, so two of them share a core.
suite together -n "${TEST_WORKERS:-$((2 * $(nproc)))}" --dist worksteal --ignore tests/real -m "not alone and not real" "$@"
wait "$lint" || status=1
# To look for them in all files takes longer than some of them.
mapfile -t alone < <(grep -rl --include='test_*.py' 'mark\.alone' tests)
[ "$#" = 0 ] || alone=("$@")
# Two of these leave a processor half idle; what fails so is tried by itself.
suite alone -n 2 -m alone "${alone[@]}"
echo "lint:" && cat "$linted"
exit "$status"
