"""What a fake compute host shall fail at, from now on: read by its hypervisor at each call."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.models import Model
from lab.openstack.layout import COMPUTES, Layout

_FILE = "faults.json"


class HypervisorFaults(Model):
    """Wishes for one host. `..._takes_s` come before `..._fails`; a wish that is lifted ends its wait."""

    only: str = ""
    """Concerns servers whose name has this in it; empty: all."""
    spawn_takes_s: float = 0.0
    spawn_fails: str = ""
    """The server goes to ERROR with this message, and no other host is tried."""
    destroy_hangs: bool = False
    """The server stays in DELETING for as long as this is wished."""
    migrate_takes_s: float = 0.0
    migrate_fails: str = ""
    """At the host that a resized or migrated server comes from."""
    live_migrate_takes_s: float = 0.0
    live_migrate_fails: str = ""
    """At the host that a server shall move to."""


def inject(lab: Path, pop: int, faults: HypervisorFaults, computes: tuple[int, ...] = COMPUTES) -> None:
    """Have hosts of a cloud fail as wished, instead of what was wished before.

    :param lab: the state directory of the lab
    """
    for compute in computes:
        path = _path(lab, pop, compute)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(faults.model_dump_json())
        draft.replace(path)


def lift(lab: Path, pop: int, computes: tuple[int, ...] = COMPUTES) -> None:
    """Have hosts of a cloud work again."""
    for compute in computes:
        _path(lab, pop, compute).unlink(missing_ok=True)


@contextmanager
def failing(lab: Path, pop: int, faults: HypervisorFaults) -> Iterator[None]:
    """Both hosts of a cloud fail as wished, while this is open."""
    inject(lab, pop, faults)
    try:
        yield
    finally:
        lift(lab, pop)


def _path(lab: Path, pop: int, compute: int) -> Path:
    return Layout(lab).of_compute(pop, compute) / _FILE
