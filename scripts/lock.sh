#!/usr/bin/env bash
# Regenerate requirements.lock (runtime and dev) from pyproject.toml, and that of the OpenStack lab: exact pins with hashes.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=.venv-lock
[ -x "$tools/bin/pip-compile" ] || {
    "$(scripts/python.sh)" -m venv --clear "$tools"
    "$tools/bin/pip" install --quiet 'pip-tools>=7.5'
}
compile() {
    "$tools/bin/pip-compile" --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host "$@"
}
compile --extra dev "$@" -o requirements.lock pyproject.toml
compile "$@" -o lab/openstack/requirements.lock lab/openstack/requirements.in
