#!/usr/bin/env python3
"""Write the counts to INTERLACE_STATE, or go on from those that are there: export or import."""

import json
import os
import sys
from pathlib import Path

import counts  # type: ignore[import-not-found]

file = Path(os.environ["INTERLACE_STATE"]) / "counts.json"
if sys.argv[1] == "export":
    found = counts.total()
    file.write_text(json.dumps(found))
else:
    found = json.loads(file.read_text())
    new = counts.CARRIED.with_suffix(".new")
    new.write_text(json.dumps(found))
    new.replace(counts.CARRIED)
print(f"counts of {found['packets']} packets")
