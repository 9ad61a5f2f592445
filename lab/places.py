"""Where labs keep things: state with Interlace's own, what was built for them outside every checkout."""

import hashlib
import os
import sys
from pathlib import Path


def cache_directory() -> Path:
    """For what may be built again: XDG_CACHE_HOME/interlace/lab, by default ~/.cache/interlace/lab."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "interlace" / "lab"


def state_directory(home: Path, lab: str) -> Path:
    """Of one lab below Interlace's state directory."""
    return home / "lab" / lab


def key_of(*parts: str | bytes) -> str:
    """A short hash of what something depends on, and of this interpreter: another one, another build."""
    digest = hashlib.sha256(f"{sys.version_info[:3]} {os.uname().machine}".encode())
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()[:16]
