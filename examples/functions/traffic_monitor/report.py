#!/usr/bin/env python3
"""Print what passed: in all, by size, by the subnet it came from and by the one it went to."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

Counts = dict[str, int]


def main() -> None:
    length = json.loads(Path(os.environ["INTERLACE_CONFIG"]).read_text())["prefix_length"]
    command = ["nft", "-j", "list", "table", "ip", "traffic_monitor"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True)
    items = json.loads(listing.stdout)["nftables"]
    sizes = {c["name"].removeprefix("size/"): c for c in found(items, "counter")}
    report = {
        "packets": sum(counter["packets"] for counter in sizes.values()),
        "bytes": sum(counter["bytes"] for counter in sizes.values()),
        "sizes": {size: counter["packets"] for size, counter in sorted(sizes.items(), key=lower_bound)},
        "subnets": subnets(items, f"source_{length}", length),
        "destinations": subnets(items, f"destination_{length}", length),
    }
    print(json.dumps(report))


def found(items: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [item[kind] for item in items if kind in item]


def lower_bound(item: tuple[str, Any]) -> int:
    return int(item[0].partition("-")[0])


def subnets(items: list[dict[str, Any]], name: str, length: int) -> dict[str, Counts]:
    (addresses,) = (each for each in found(items, "set") if each["name"] == name)
    elements = [each["elem"] for each in addresses.get("elem", [])]
    return {
        f"{each['val']}/{length}": {key: each["counter"][key] for key in ("packets", "bytes")}
        for each in elements
    }


if __name__ == "__main__":
    main()
