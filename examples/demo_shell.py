"""What the demonstration runs commands with."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HOME = Path(".interlace-demo").resolve()
INTERLACE = str(Path(sys.executable).parent / "interlace")


MORE: dict[str, str] = {}
"""What else commands and workers have in their environment, such as where credentials are."""


class DemoError(Exception):
    """A step of the demonstration did not do what it should."""


def title(text: str) -> None:
    """A heading."""
    print(f"\n== {text}", flush=True)


def environment() -> dict[str, Any]:
    """A state directory of the demonstration's own, no Temporal of anybody else, and the shop's secret."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("TEMPORAL_", "INTERLACE_"))}
    secret = {"INTERLACE_SECRET_SHOP_DATABASE_PASSWORD": "only-for-the-demonstration"}
    return {**own, **MORE, **secret, "INTERLACE_HOME": str(HOME)}


def interlace(*words: str, quiet: bool = False, check: bool = True) -> str:
    """Run a command of Interlace, show it and what it prints."""
    if not quiet:
        announce(*words)
    done = _run(*words)
    if not quiet:
        tell(done.stdout + done.stderr)
    if check and done.returncode != 0:
        raise failed(words, done.returncode, done.stderr)
    return done.stdout


def ask(*words: str) -> Any:
    """The answer of a command in JSON, unshown."""
    return json.loads(interlace(*words, "--json", quiet=True))


def refusal(*words: str) -> str:
    """Run a command that must be refused; what it says instead."""
    announce(*words)
    done = _run(*words)
    if done.returncode != 2:
        raise DemoError(f"`interlace {' '.join(words)}` should have been refused, not {done.returncode}")
    tell(done.stdout + done.stderr)
    return done.stdout + done.stderr


def announce(*words: str) -> None:
    """The command that comes."""
    print(f"$ interlace {' '.join(words)}", flush=True)


def tell(text: str) -> None:
    """What a command says."""
    print("".join(f"  {line}\n" for line in text.splitlines()), end="", flush=True)


def failed(words: tuple[str, ...], code: int, said: str) -> DemoError:
    """A command that ended as it should not."""
    return DemoError(f"`interlace {' '.join(words)}` ended with exit code {code}: {said.strip()}")


def _run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([INTERLACE, *words], env=environment(), capture_output=True, text=True, check=False)
