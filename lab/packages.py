"""Debian packages that labs run, installed without anything being started by the installation."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from adaptors.machine.locks import locked
from lab.places import cache_directory
from lab.port import LabError, Say

_SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "apt.sh"
_POLICY = Path("/usr/sbin/policy-rc.d")
"""Asked by packages whether they may start their services; where there is none, they may."""


def install(packages: Sequence[str], say: Say) -> None:
    """Install packages, where this user may.

    :raises LabError: otherwise, with the command to be given by root
    """
    words = " ".join(packages)
    if os.geteuid() != 0:
        raise LabError(
            f"Debian packages are missing; as root: apt-get install --no-install-recommends {words}"
        )
    say(f"installing Debian packages: {words}")
    with locked(cache_directory() / "packages.lock"), _nothing_starts():
        done = subprocess.run(
            [str(_SCRIPT), *packages], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    if done.returncode:
        raise LabError((done.stderr or done.stdout).strip())


@contextmanager
def _nothing_starts() -> Iterator[None]:
    if _POLICY.exists():  # an administrator's own, which counts
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)
