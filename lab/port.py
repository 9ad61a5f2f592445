"""What every lab is: a real system on this machine that can be brought up, looked at and ended."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from domain.errors import InterlaceError
from domain.models import Model

Say = Callable[[str], None]
"""Told one line of progress at a time."""


class LabError(InterlaceError):
    """A lab did not come up, or lacks something; the message has the last words of what failed."""


class ServiceStatus(Model):
    """One process of a lab."""

    name: str
    """Such as pop1/nova-api."""
    state: Literal["up", "starting", "down"]
    """starting: the process runs, and does not answer yet."""
    pid: int | None = None
    address: str = ""
    """Where it answers, such as http://127.0.0.1:21004; empty where it only works for others."""
    log: Path | None = None


class LabStatus(Model):
    """A lab as it is now."""

    lab: str
    up: bool
    """Whether all that belongs to it answers."""
    directory: Path
    services: tuple[ServiceStatus, ...] = ()
    environment: dict[str, str] = {}
    """What to set to use it, such as OS_CLIENT_CONFIG_FILE; empty while it is down."""
    hints: tuple[str, ...] = ()
    """Lines for people: what is in it, and how to use it."""


class Lab(Protocol):
    """One lab with its state in one directory. To make the object starts nothing and writes nothing."""

    needs: str
    """Time, disk and memory, and what it installs, in words for people."""

    def up(self, say: Say) -> LabStatus:
        """Start what does not run yet; what runs is left alone. May be repeated after any crash.

        :raises LabError: if something is missing or did not come up; what runs by then is left running
        """
        ...

    def down(self, say: Say, purge: bool = False) -> LabStatus:
        """End every process that `up` started, and nothing else; with `purge` its state goes too."""
        ...

    def status(self) -> LabStatus:
        """Look, change nothing, wait for nothing."""
        ...
