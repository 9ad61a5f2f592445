#!/usr/bin/env bash
# The proof against crashes: every point on the modelled VIM, the main ones on real packets where this machine has any.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/interlace prove --all
status=0
said=$(mktemp)
trap 'rm -f "$said"' EXIT
.venv/bin/interlace prove instantiate scale migrate --vim emulator 2> >(tee "$said" >&2) || status=$?
if [ "$status" = 2 ] && grep -q 'no emulator here' "$said"; then
    echo "proof on the emulator: left out, for this machine has none (\`interlace doctor\` says what it lacks)"
    exit 0
fi
exit "$status"
