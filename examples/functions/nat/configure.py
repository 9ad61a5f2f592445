#!/usr/bin/env python3
"""Masquerade what passes from the first connection point to the second, and count the translations."""

import json
import os
import subprocess
from pathlib import Path

RULESET = """
add table ip nat_function
add counter ip nat_function translations
add chain ip nat_function leaving {{ type nat hook postrouting priority srcnat; policy accept; }}
flush chain ip nat_function leaving
add rule ip nat_function leaving iifname "{inside}" oifname "{outside}" counter name "translations" masquerade
"""

inside, outside = (port["interface"] for port in json.loads(Path(os.environ["INTERLACE_PORTS"]).read_text()))
ruleset = RULESET.format(inside=inside, outside=outside)
subprocess.run(["nft", "-f", "-"], input=ruleset, text=True, check=True)
