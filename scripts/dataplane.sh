#!/usr/bin/env bash
# What the emulator needs for real packets: installed where this user may, else named in one line.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
# command:package
needs="ip:iproute2 nft:nftables nsenter:util-linux ping:iputils-ping curl:curl haproxy:haproxy conntrack:conntrack
    tcpdump:tcpdump iperf3:iperf3 wg:wireguard-tools wireguard-go:wireguard-go ovs-vswitchd:openvswitch-switch"
missing=()
for need in $needs; do
    command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
done
[ "${#missing[@]}" = 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing for the emulator's dataplane: ${missing[*]}"
fi
scripts/apt.sh "${missing[@]}" 2>/dev/null ||
    echo "not had, and to be installed by root: ${missing[*]}; the emulator does without where it can (\`interlace doctor\` says what runs)"
