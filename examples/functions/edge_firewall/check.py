#!/usr/bin/env python3
"""Healthy, where the rules are in force."""

import json
import subprocess
import sys

listing = subprocess.run(
    ["nft", "-j", "list", "chain", "inet", "edge_firewall", "forward"], capture_output=True, text=True
)
if listing.returncode != 0:
    sys.exit(f"no rules in force: {listing.stderr.strip()}")
rules = [item for item in json.loads(listing.stdout)["nftables"] if "rule" in item]
print(f"{len(rules)} rules in force")
