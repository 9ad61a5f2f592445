#!/usr/bin/env bash
# A Prometheus for tests, from Debian's package, unpacked rather than installed: so no service of the machine starts.
# Prints where it is; fails in one line where it cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
if found=$(command -v prometheus); then echo "$found" && exit 0; fi
there=build/prometheus
binary=$there/usr/bin/prometheus
if [ ! -x "$binary" ]; then
    for tool in apt-get dpkg-deb; do
        command -v "$tool" >/dev/null || { echo "not had: prometheus, and no $tool to fetch it with" >&2 && exit 1; }
    done
    mkdir -p "$there"
    fetch() { (cd "$there" && rm -f ./*.deb && apt-get download prometheus >/dev/null 2>&1 </dev/null); }
    [ "$(id -u)" != 0 ] || fetch || apt-get update >/dev/null 2>&1 || true
    { compgen -G "$there/*.deb" >/dev/null || fetch; } || { echo "not had: prometheus from apt" >&2 && exit 1; }
    dpkg-deb -x "$there"/prometheus_*.deb "$there"
    rm -f "$there"/*.deb
fi
echo "$binary"
