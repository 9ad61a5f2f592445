"""The findings of `interlace doctor`."""

import os
import shutil
import sys

from domain.errors import InterlaceError
from domain.models import Model
from lab import launcher
from lab.runtime import load
from workers.settings import Settings


class Finding(Model):
    """One thing that was looked at."""

    what: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = True
    """False for what only adds comfort."""

    @property
    def mark(self) -> str:
        """How a table shows it."""
        return "ok" if self.ok else "MISSING" if self.needed else "without"


def checkup() -> list[Finding]:
    """Look at everything that a user of this machine needs."""
    return [_python(), _temporal(), *_solvers(), _state(), _running(), *_emulator()]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(what="Python", ok=sys.version_info >= (3, 11), found=version, remedy="3.11 or newer")


def _temporal() -> Finding:
    try:
        found = launcher.temporal_binary()
    except InterlaceError as error:
        return Finding(what="temporal CLI and dev server", ok=False, found="-", remedy=str(error))
    return Finding(what="temporal CLI and dev server", ok=True, found=found)


def _solvers() -> list[Finding]:
    import pulp

    available = pulp.listSolvers(onlyAvailable=True)
    return [
        Finding(
            what="HiGHS", ok="HiGHS" in available, found="highspy", remedy="pip install highspy", needed=False
        ),
        Finding(
            what="CBC",
            ok="PULP_CBC_CMD" in available,
            found="bundled with PuLP",
            remedy="pip install pulp",
            needed="HiGHS" not in available,
        ),
    ]


def _state() -> Finding:
    home = Settings.from_environment().home
    free_gib = shutil.disk_usage(home).free / 2**30
    found = f"{home}, {free_gib:.1f} GiB free"
    if not os.access(home, os.W_OK | os.X_OK):
        remedy = "make it this user's, or set INTERLACE_HOME to another directory"
        return Finding(what="state directory", ok=False, found=f"{home} cannot be written", remedy=remedy)
    return Finding(what="state directory", ok=free_gib > 0.5, found=found, remedy="free 0.5 GiB of disk")


def _running() -> Finding:
    runtime = load(Settings.from_environment().home)
    found = "nothing is up"
    if runtime:
        workers = f"{len(runtime.workers)} worker{'' if len(runtime.workers) == 1 else 's'}"
        found = f"Temporal {runtime.address}, {workers}, reliability profile {runtime.reliability.profile}"
    return Finding(what="running", ok=runtime is not None, found=found, remedy="interlace up", needed=False)


def _emulator() -> list[Finding]:
    from interfaces.cli.dataplanes import dataplane

    home = Settings.from_environment().home
    return [
        Finding(what=each.what, ok=each.ok, found=each.found, remedy=each.remedy, needed=False)
        for each in dataplane(home)
    ]
