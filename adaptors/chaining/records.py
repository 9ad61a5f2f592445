"""What a switch must know after its processes died: how it was built, its ports, its rules. Plain files.

`switch.json` says which datapath was built; everything else is in the directory `switch` beside it. Files are
replaced as a whole, so a reader needs no lock; writers hold the PoP's.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from adaptors.machine.abilities import Datapath
from adaptors.machine.locks import locked
from adaptors.machine.place import Place, short
from adaptors.machine.processes import Process
from domain.models import Model
from domain.networking import Rule

_Anything = TypeVar("_Anything", bound=Model)
_MOST_NETWORKS = 0xFFFFFE
_MOST_PORTS = 0xFE00


class Built(Model):
    """Which switch this is."""

    pop: str
    datapath: Datapath


class Ports(Model):
    """The ports, and the number of every interface that is a port or that a rule mentions."""

    attached: dict[str, int] = {}
    """Port -> index of the device that was attached; 0 until it works."""
    numbers: dict[str, int] = {}

    def with_port(self, interface: str, index: int) -> "Ports":
        """One port more, or the same with another device."""
        more = self.model_copy(update={"attached": {**self.attached, interface: index}})
        return more.with_numbers({interface})

    def without(self, interface: str, mentioned: set[str]) -> "Ports":
        """One port fewer; numbers stay with ports and with what rules mention."""
        attached = {name: index for name, index in self.attached.items() if name != interface}
        kept = set(attached) | mentioned
        return Ports(
            attached=attached, numbers={n: number for n, number in self.numbers.items() if n in kept}
        )

    def with_numbers(self, interfaces: set[str]) -> "Ports":
        """Give a number to those that have none: from the name, so that it is the same next time."""
        numbers = dict(self.numbers)
        taken = set(numbers.values())
        for name in sorted(interfaces - set(numbers)):
            numbers[name] = _free(name, taken, _MOST_PORTS)
            taken.add(numbers[name])
        return self.model_copy(update={"numbers": numbers})


class Programme(Model):
    """What has been programmed of one network."""

    network: str
    number: int
    """The network's own on this switch; no other has it."""
    rules: tuple[Rule, ...]


class Running(Model):
    """The processes, and whether all ports and rules came back since they were started."""

    processes: dict[str, Process] = {}
    ready: bool = False


class Records:
    """The files of one PoP's switch."""

    def __init__(self, place: Place, pop: str) -> None:
        self._home = place.directory("pops", pop)
        self._lock = self._home.with_suffix(".lock")
        self.directory = self._home / "switch"
        """For the files of the datapath too."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all other threads and processes from changing this switch."""
        with locked(self._lock):
            try:
                yield
            finally:
                if self.built() is None:
                    self._lock.unlink(missing_ok=True)

    def built(self) -> Built | None:
        """How the switch was built, if it is there."""
        return _read(self._home / "switch.json", Built)

    def build(self, built: Built) -> None:
        """Note that the switch is there from now on."""
        self.directory.mkdir(parents=True, exist_ok=True)
        _write(self._home / "switch.json", built)

    def ports(self) -> Ports:
        """Its ports."""
        return _read(self.directory / "ports.json", Ports) or Ports()

    def keep_ports(self, ports: Ports) -> None:
        """Note its ports."""
        _write(self.directory / "ports.json", ports)

    def running(self) -> Running:
        """Its processes."""
        return _read(self.directory / "running.json", Running) or Running()

    def keep_running(self, running: Running) -> None:
        """Note its processes."""
        _write(self.directory / "running.json", running)

    def programme(self, network: str) -> Programme | None:
        """What has been programmed of a network, if anything."""
        return _read(self._file(network), Programme)

    def programmes(self) -> list[Programme]:
        """What has been programmed of all networks."""
        found = [_read(path, Programme) for path in sorted(self.directory.glob("network-*.json"))]
        return [programme for programme in found if programme]

    def keep_programme(self, network: str, rules: tuple[Rule, ...]) -> Programme:
        """Note what a network wants; its number stays what it was."""
        known = self.programme(network)
        if known is None:
            taken = {programme.number for programme in self.programmes()}
            number = _free(network, taken, _MOST_NETWORKS)
        else:
            number = known.number
        programme = Programme(network=network, number=number, rules=rules)
        _write(self._file(network), programme)
        return programme

    def drop_programme(self, network: str) -> None:
        """The network has nothing here any more."""
        self._file(network).unlink(missing_ok=True)

    def drop(self) -> None:
        """Remove every file; only within `locked`, whose own file then goes at its end."""
        shutil.rmtree(self.directory, ignore_errors=True)
        (self._home / "switch.json").unlink(missing_ok=True)
        with suppress(OSError):  # others keep something there
            self._home.rmdir()

    def _file(self, network: str) -> Path:
        return self.directory / f"network-{short(network, 16)}.json"


def _free(name: str, taken: set[int], most: int) -> int:
    wanted = int(hashlib.sha256(name.encode()).hexdigest()[:12], 16) % most
    while wanted + 1 in taken:
        wanted = (wanted + 1) % most
    return wanted + 1


def _read(path: Path, kind: type[_Anything]) -> _Anything | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _write(path: Path, value: Model) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(value.model_dump_json())
    os.replace(fresh, path)
