#!/usr/bin/env bash
# The adaptors against real OpenStack, Kubernetes and Terraform, and one service over all three, on this machine.
# Arguments go to pytest.
set -uo pipefail
cd "$(dirname "$0")/.."
INTERLACE_TEST_LABS=${INTERLACE_TEST_LABS:-$(mktemp -d)}
export INTERLACE_TEST_LABS
labs="terraform kubernetes openstack"
lab() { .venv/bin/interlace lab "$1" "$2" --directory "$INTERLACE_TEST_LABS/$1" "${@:3}"; }
end() { for name in $labs; do lab "$name" down --purge >/dev/null; done; }
trap end EXIT
status=0
missing=
declare -A ups
for name in $labs; do # each says what it does, line by line
    lab "$name" up 2>&1 | sed "s/^/$name: /" &
    ups[$name]=$!
done
for name in $labs; do
    wait "${ups[$name]}" || missing="$missing $name"
done
if [ -n "$missing" ]; then
    echo "not had:$missing, so nothing is tested against it"
    [ "$(id -u)" != 0 ] || status=1 # root on Debian has all of them
    exit "$status"
fi
# Tests of one lab wait most of the time, so those of three labs share two cores.
.venv/bin/python -m pytest -q -rs -m real -n 3 --dist loadgroup -p no:cacheprovider tests/real tests/contract "$@" ||
    [ "$?" = 5 ] || status=1
.venv/bin/python -m examples.joint || status=1
exit "$status"
