#!/usr/bin/env bash
# The adaptors against real OpenStack, Kubernetes and Terraform, and one service over all three, on this machine.
# Arguments go to pytest; REAL_TESTS names the files and directories of tests, where it is not to be all of them. Labs
# in the directory INTERLACE_TEST_LABS are used and left up; where none is named, own ones are ended again.
set -uo pipefail
cd "$(dirname "$0")/.."
lent=${INTERLACE_TEST_LABS:-}
INTERLACE_TEST_LABS=${lent:-$(mktemp -d)}
export INTERLACE_TEST_LABS
labs="terraform kubernetes openstack"
read -ra tests <<<"${REAL_TESTS:-tests/real tests/contract/test_vim_contract.py}"
lab() { .venv/bin/interlace lab "$1" "$2" --directory "$INTERLACE_TEST_LABS/$1" "${@:3}"; }
end() {
    for name in $labs; do lab "$name" down --purge >/dev/null; done
    rm -f "$INTERLACE_TEST_LABS"/*.lock && rmdir "$INTERLACE_TEST_LABS"
}
[ -n "$lent" ] || trap end EXIT
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
# Tests of one cloud must not meet, and wait most of the time: so a lane for each cloud, side by side.
logs=$(mktemp -d)
lane() { # NAME KEYWORDS [arguments for pytest]
    .venv/bin/python -m pytest -q -rs -m real -o cache_dir="$logs/$1.cache" "${tests[@]}" -k "$2" "${@:3}" \
        >"$logs/$1" 2>&1 || [ "$?" = 5 ]
}
own="test_lab_openstack.py or test_lab_kubernetes.py"                            # labs of their own, which they kill
second="test_vim_contract.py or test_openstack_vim.py or test_openstack_networks.py" # at the second OpenStack
declare -A keywords lanes
keywords[openstack-1]="openstack and not ($own) and not ($second)"
keywords[openstack-2]="openstack and ($second)"
keywords[kubernetes]="kubernetes and not ($own)"
keywords[terraform]="terraform or $own"
echo "tests of ${!keywords[*]} run side by side; the results of each are shown when it is through"
for name in "${!keywords[@]}"; do
    lane "$name" "${keywords[$name]}" "$@" &
    lanes[$name]=$!
done
failed=
for name in terraform kubernetes openstack-2 openstack-1; do
    wait "${lanes[$name]}" || failed="$failed $name"
    echo "tests of $name:" && cat "$logs/$name"
done
for name in $failed; do # whether it was but the others beside it
    echo "tests of $name that failed, once more, alone:"
    lane "$name" "${keywords[$name]}" --last-failed "$@" || status=1
    cat "$logs/$name"
done
rm -rf "$logs"
.venv/bin/python -m examples.joint || status=1
exit "$status"
