#!/usr/bin/env python3
"""Count all that is forwarded in the kernel, which misses no packet however many there are.

Sizes are those of the IP packet as the kernel forwards it. What a sender hands over as one (TCP with
segmentation offload) is one packet here, in the bucket 1501-65535, with one header instead of several.
`ip link set DEVICE gso_max_segs 1` at the sender makes the counts those of the wire.
"""

import ipaddress
import json
import os
import subprocess
import sys
from pathlib import Path

TABLE = "ip traffic_monitor"
SIZES = ("0-63", "64-127", "128-255", "256-511", "512-1023", "1024-1500", "1501-65535")
MOST_SUBNETS = 65536


def main() -> None:
    length = json.loads(Path(os.environ["INTERLACE_CONFIG"]).read_text())["prefix_length"]
    if not 0 <= length <= 32:
        sys.exit(f"traffic-monitor: prefix_length is from 0 to 32, not {length}")
    subprocess.run(["nft", "-f", "-"], input=ruleset(length), text=True, check=True)


def ruleset(length: int) -> str:
    mask = ipaddress.IPv4Network((0, length)).netmask
    sets = {"source": "saddr", "destination": "daddr"}
    kind = f"type ipv4_addr; size {MOST_SUBNETS}; flags dynamic; counter;"
    return "\n".join(
        [
            f"add table {TABLE}",
            f"add chain {TABLE} forward {{ type filter hook forward priority filter; policy accept; }}",
            *(f"add set {TABLE} {name}_{length} {{ {kind} }}" for name in sets),
            *(f"add counter {TABLE} size/{size}" for size in SIZES),
            f"flush chain {TABLE} forward",
            *(f'add rule {TABLE} forward meta length {size} counter name "size/{size}"' for size in SIZES),
            *(
                f"add rule {TABLE} forward update @{name}_{length} {{ ip {field} & {mask} counter }}"
                for name, field in sets.items()
            ),
            "",
        ]
    )


if __name__ == "__main__":
    main()
