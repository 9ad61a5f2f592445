"""What passed: as the kernel counts it, and as predecessors did before this instance took over."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

Counts = dict[str, Any]

CARRIED = Path(os.environ["INTERLACE_DIR"]) / "carried.json"
"""What a predecessor had counted. Each copy of its counts takes the place of the one before."""


def total() -> Counts:
    """All that passed here or through a predecessor."""
    return added(counted(), json.loads(CARRIED.read_text())) if CARRIED.exists() else counted()


def counted() -> Counts:
    """What passed here."""
    length = json.loads(Path(os.environ["INTERLACE_CONFIG"]).read_text())["prefix_length"]
    command = ["nft", "-j", "list", "table", "ip", "traffic_monitor"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True)
    items = json.loads(listing.stdout)["nftables"]
    sizes = {c["name"].removeprefix("size/"): c for c in found(items, "counter")}
    return {
        "packets": sum(counter["packets"] for counter in sizes.values()),
        "bytes": sum(counter["bytes"] for counter in sizes.values()),
        "sizes": {size: counter["packets"] for size, counter in sorted(sizes.items(), key=lower_bound)},
        "subnets": subnets(items, f"source_{length}", length),
        "destinations": subnets(items, f"destination_{length}", length),
    }


def added(one: Counts, other: Counts) -> Counts:
    """Both together; what is only in one is as it is there."""
    return {
        key: added(one[key], other[key])
        if isinstance(one.get(key), dict) and key in other
        else one[key] + other[key]
        if key in one and key in other
        else one.get(key, other.get(key))
        for key in {**one, **other}
    }


def found(items: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [item[kind] for item in items if kind in item]


def lower_bound(item: tuple[str, Any]) -> int:
    return int(item[0].partition("-")[0])


def subnets(items: list[dict[str, Any]], name: str, length: int) -> Counts:
    (addresses,) = (each for each in found(items, "set") if each["name"] == name)
    elements = [each["elem"] for each in addresses.get("elem", [])]
    return {
        f"{each['val']}/{length}": {key: each["counter"][key] for key in ("packets", "bytes")}
        for each in elements
    }
