#!/usr/bin/env bash
# Install Debian packages quietly; fails in one line where this user or system cannot.
set -euo pipefail
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "needed, and to be installed by hand: $*" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
for attempt in 1 2 3; do
    if { apt-get update && apt-get install -y --no-install-recommends "$@"; } >/dev/null 2>&1 </dev/null; then exit 0; fi
    sleep "$((attempt * 5))"
done
echo "apt-get could not install: $*" >&2
exit 1
