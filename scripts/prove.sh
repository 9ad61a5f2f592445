#!/usr/bin/env bash
# The proof against crashes: on the modelled VIM, and on real packets where this machine has any. Arguments go to
# `interlace prove`: with --quick each kind of point is proven once, without at every point. PROVE_MODELLED and
# PROVE_PACKETS name the operations, where it is not to be all of them.
set -euo pipefail
cd "$(dirname "$0")/.."
read -ra modelled <<<"${PROVE_MODELLED:---all}"
read -ra packets <<<"${PROVE_PACKETS:-instantiate scale migrate}"
.venv/bin/interlace prove "${modelled[@]}" "$@"
if .venv/bin/interlace doctor | grep '^ok *dataplane' >/dev/null; then
    # With packets each lab keeps a processor busy: more of them at once only look dead to each other.
    .venv/bin/interlace prove "${packets[@]}" --vim emulator --lanes "$(nproc)" "$@"
else
    echo "not proven on real packets: the emulator does not run here (\`interlace doctor\` says why)"
fi
