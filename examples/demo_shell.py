"""What the demonstration runs commands with."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HOME = Path(".interlace-demo").resolve()
INTERLACE = str(Path(sys.executable).parent / "interlace")


class DemoError(Exception):
    """A step of the demonstration did not do what it should."""


def title(text: str) -> None:
    """A heading."""
    print(f"\n== {text}", flush=True)


def environment() -> dict[str, Any]:
    """A state directory of the demonstration's own, no Temporal of anybody else, and the shop's secret."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("TEMPORAL_", "INTERLACE_"))}
    secret = {"INTERLACE_SECRET_SHOP_DATABASE_PASSWORD": "only-for-the-demonstration"}
    return {**own, **secret, "INTERLACE_HOME": str(HOME)}


def interlace(*words: str, quiet: bool = False, check: bool = True) -> str:
    """Run a command of Interlace, show it and what it prints."""
    if not quiet:
        print(f"$ interlace {' '.join(words)}", flush=True)
    done = subprocess.run([INTERLACE, *words], env=environment(), capture_output=True, text=True, check=False)
    if not quiet:
        print("".join(f"  {line}\n" for line in (done.stdout + done.stderr).splitlines()), end="", flush=True)
    if check and done.returncode != 0:
        raise DemoError(
            f"`interlace {' '.join(words)}` ended with exit code {done.returncode}: {done.stderr.strip()}"
        )
    return done.stdout
