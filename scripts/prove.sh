#!/usr/bin/env bash
# The proof against crashes: every point on the modelled VIM, the main ones on real packets where this machine has any.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/interlace prove --all
if .venv/bin/interlace doctor | grep '^ok *dataplane' >/dev/null; then
    .venv/bin/interlace prove instantiate scale migrate --vim emulator
else
    echo "not proven on real packets: the emulator does not run here (\`interlace doctor\` says why)"
fi
