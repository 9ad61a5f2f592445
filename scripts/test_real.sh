#!/usr/bin/env bash
# The adaptors against real OpenStack, Kubernetes and Terraform, and one service over all three, on this machine.
# Labs are brought up by the tests, and stay up for the example. Arguments go to pytest.
set -uo pipefail
cd "$(dirname "$0")/.."
status=0
.venv/bin/python -m pytest -m real -p no:cacheprovider tests/real tests/contract "$@" || [ "$?" = 5 ] || status=1
.venv/bin/python -m examples.joint || status=1
for lab in openstack kubernetes terraform; do .venv/bin/interlace lab "$lab" down >/dev/null || status=1; done
exit "$status"
