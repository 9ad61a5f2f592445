#!/usr/bin/env bash
# The proof against crashes: on the modelled VIM, and on real packets where this machine has any. Arguments go to
# `interlace prove`: with --quick each kind of point is proven once, without at every point.
set -euo pipefail
cd "$(dirname "$0")/.."
.venv/bin/interlace prove --all "$@"
if .venv/bin/interlace doctor | grep '^ok *dataplane' >/dev/null; then
    .venv/bin/interlace prove instantiate scale migrate --vim emulator "$@"
else
    echo "not proven on real packets: the emulator does not run here (\`interlace doctor\` says why)"
fi
