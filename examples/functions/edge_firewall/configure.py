#!/usr/bin/env python3
"""Put the rules of the config in force, in one transaction.

Counters are named and outlive their rules, and connection tracking is the kernel's: neither a count nor an
open connection is lost when the rules change.
"""

import ipaddress
import json
import os
import re
import subprocess
import sys
from pathlib import Path

TABLE = "inet edge_firewall"
RULE = re.compile(
    r"^(?P<protocol>tcp|udp|icmp)(?:/(?P<first>\d+)(?:-(?P<last>\d+))?)?(?:\s+from\s+(?P<source>\S+))?$"
)


def main() -> None:
    config = json.loads(Path(os.environ["INTERLACE_CONFIG"]).read_text())
    try:
        ruleset = rendered(config)
    except ValueError as error:
        sys.exit(f"edge-firewall: {error}")
    subprocess.run(["nft", "-f", "-"], input=ruleset, text=True, check=True)


def rendered(config: dict[str, str]) -> str:
    rules = [
        ("ct state established,related", "established", "accept"),
        ("ct state invalid", "invalid", "drop"),
        *((match(item), f"deny/{item}", "drop") for item in items(config["deny"])),
        *((match(item), f"allow/{item}", "accept") for item in items(config["allow"])),
        ("", f"policy/{config['policy']}", config["policy"]),
    ]
    lines = [
        f"add table {TABLE}",
        f"add chain {TABLE} forward {{ type filter hook forward priority filter; policy drop; }}",
        f"flush chain {TABLE} forward",
    ]
    for condition, name, verdict in rules:
        counter = identifier(name)
        lines.append(f"add counter {TABLE} {counter}")
        lines.append(f'add rule {TABLE} forward {condition} counter name "{counter}" {verdict}')
    return "\n".join(lines) + "\n"


def items(text: str) -> list[str]:
    return list(dict.fromkeys(" ".join(item.split()) for item in text.split(",") if item.strip()))


def match(item: str) -> str:
    """The nftables expression of one item, such as `tcp/22 from 10.0.0.0/8`."""
    found = RULE.match(item)
    if found is None or (found["protocol"] == "icmp" and found["first"]):
        raise ValueError(f"{item!r} is not like tcp/443, udp/5000-5010, icmp or tcp/22 from 10.0.0.0/8")
    protocol, first, last = found["protocol"], found["first"], found["last"] or found["first"]
    words = []
    if found["source"]:
        words.append(f"ip saddr {ipaddress.IPv4Network(found['source'])}")
    if first and not 1 <= int(first) <= int(last) <= 65535:
        raise ValueError(f"{item!r}: ports are from 1 to 65535, the lower one first")
    words.append(f"{protocol} dport {first}-{last}" if first else f"meta l4proto {protocol}")
    return " ".join(words)


def identifier(name: str) -> str:
    """A name that nftables takes."""
    return name.replace(" from ", "_")


if __name__ == "__main__":
    main()
