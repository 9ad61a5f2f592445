#!/usr/bin/env bash
# What the placement benchmark solves other orchestrators' models with: installed where this user may, else named.
set -euo pipefail
cd "$(dirname "$0")/.."
# command:package
needs="glpsol:glpk-utils minizinc:minizinc"
missing=()
for need in $needs; do
    command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
done
[ "${#missing[@]}" = 0 ] && exit 0
scripts/apt.sh "${missing[@]}" 2>/dev/null ||
    echo "not had, and to be installed by root: ${missing[*]}; the placement benchmark does without"
