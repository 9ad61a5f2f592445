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
# Tests of one lab must not meet, and wait most of the time: so a lane for each lab, side by side, and one for the rest.
logs=$(mktemp -d)
lane() { # NAME KEYWORDS [arguments for pytest]
    .venv/bin/python -m pytest -q -rs -m real -p no:cacheprovider tests/real tests/contract/test_vim_contract.py \
        -k "$2" "${@:3}" >"$logs/$1" 2>&1 || [ "$?" = 5 ]
}
own="test_lab_openstack.py or test_lab_kubernetes.py" # of labs of their own, which they kill
echo "the tests of $labs run side by side; the results of each are shown when it is through"
declare -A lanes
lane openstack "openstack and not ($own)" "$@" &
lanes[openstack]=$!
lane kubernetes "kubernetes and not ($own)" "$@" &
lanes[kubernetes]=$!
lane terraform "terraform or $own" "$@" &
lanes[terraform]=$!
for name in $labs; do
    wait "${lanes[$name]}" || status=1
    echo "tests of $name:" && cat "$logs/$name"
done
rm -rf "$logs"
.venv/bin/python -m examples.joint || status=1
exit "$status"
