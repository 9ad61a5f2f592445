#!/usr/bin/env python3
"""Print how many flows were translated so far, and how many of them are tracked now."""

import json
import subprocess


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


listing = json.loads(output("nft", "-j", "list", "counter", "ip", "nat_function", "translations"))
(counter,) = (item["counter"] for item in listing["nftables"] if "counter" in item)
active = len(output("conntrack", "--dump", "--src-nat").splitlines())
print(json.dumps({"translations": counter["packets"], "active": active}))
