#!/usr/bin/env python3
"""Print what passed: in all, by size, by the subnet it came from and by the one it went to."""

import json

import counts  # type: ignore[import-not-found]

print(json.dumps(counts.total()))
