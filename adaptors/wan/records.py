"""What is wanted of each link and what was built of it, as files of the home."""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import Field

from adaptors.machine.locks import locked
from adaptors.machine.place import Place, short
from adaptors.machine.processes import Process
from domain.errors import VimRefusedError
from domain.models import Model
from domain.networking import Label, WanLink

_M = TypeVar("_M", bound=Model)

NUMBERS = 1 << 14
"""As many links as there are numbers: each takes four addresses of a /16, a UDP port and a VNI."""


class User(Model):
    """A service that uses a link, at one end of it."""

    service: str
    pop: str

    def said(self, link: str) -> str:
        """As a stray, for people."""
        return f"WAN link {link}: its user {self.service} at {self.pop} is not known"


class Slot(Model):
    """A class of traffic that leaves a PoP over a link."""

    service: str
    pop: str
    label: Label
    mbps: float
    number: int
    """Of the htb class and of the priority of its filter: 2 and up, distinct among those of the PoP."""


class Harm(Model):
    """What a link does worse than it was built for, to rehearse it."""

    delay_ms: float = Field(default=0.0, ge=0, le=60_000)
    """Added to its latency, one way."""
    loss: float = Field(default=0.0, ge=0, le=1)
    """Share of frames that get lost, each way."""


class LinkRecord(Model):
    """What is wanted of a link."""

    link: WanLink
    harm: Harm = Harm()
    number: int
    """Distinct among the links of the home."""
    users: tuple[User, ...] = ()
    slots: tuple[Slot, ...] = ()

    def at(self, pop: str) -> tuple[Slot, ...]:
        """The slots of what leaves this PoP."""
        return tuple(slot for slot in self.slots if slot.pop == pop)

    def used_by(self, users: Iterable[User]) -> "LinkRecord":
        """With more users."""
        known = dict.fromkeys((*self.users, *users))
        return self.model_copy(update={"users": tuple(known)})

    def left_by(self, user: User) -> "LinkRecord":
        """With one user less."""
        return self.model_copy(update={"users": tuple(other for other in self.users if other != user)})

    def reserving(self, pop: str, slots: Iterable[Slot]) -> "LinkRecord":
        """With these slots for what leaves a PoP."""
        others = (slot for slot in self.slots if slot.pop != pop)
        return self.model_copy(update={"slots": (*others, *slots)})


class Built(Model):
    """What there is of a link: enough to tell without a command whether it is still there."""

    namespaces: dict[str, int]
    """Name -> inode number."""
    line: Process | None
    """The delay line, where there is one."""
    guards: dict[str, Process]
    """PoP -> its wireguard-go, where that is what encrypts."""
    own_ms: float = 0.0
    """One-way delay that the parts have by themselves: the wire adds only what is missing to the link's."""


class Records:
    """The records of one home's links. Changes are made under the lock of their link."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._root = place.directory("links", "any").parent

    def lock(self, name: str) -> Path:
        """The file that stands for the lock of a link; it stays."""
        return self._place.run / "locks" / f"link-{short(name, 12)}"

    def directory(self, name: str) -> Path:
        """Where the files of a link are."""
        return self._place.directory("links", name)

    def all(self) -> Iterator[LinkRecord]:
        """The records of all links, in no order."""
        for file in self._root.glob("*/record.json"):
            found = _read(file, LinkRecord)
            if found is not None:
                yield found

    def find(self, name: str) -> LinkRecord | None:
        """The record of a link, if there is one."""
        return _read(self.directory(name) / "record.json", LinkRecord)

    def enter(self, link: WanLink) -> LinkRecord:
        """A new record, under a number that no other link has."""
        with locked(self._place.run / "locks" / "links"):
            taken = {record.number for record in self.all()}
            first = int(short(link.name), 16)
            free = (number for step in range(NUMBERS) if (number := (first + step) % NUMBERS) not in taken)
            chosen = next(free, None)
            if chosen is None:
                raise VimRefusedError(f"link {link.name}: {NUMBERS} links are as many as one home can have")
            return self.keep(LinkRecord(link=link, number=chosen))

    def keep(self, record: LinkRecord) -> LinkRecord:
        """Write down what is wanted."""
        _write(self.directory(record.link.name) / "record.json", record)
        return record

    def built(self, name: str) -> Built | None:
        """What was built of a link, if anything."""
        return _read(self.directory(name) / "built.json", Built)

    def keep_built(self, name: str, built: Built) -> None:
        """Write down what there is."""
        _write(self.directory(name) / "built.json", built)

    def drop(self, name: str) -> None:
        """Forget a link."""
        shutil.rmtree(self.directory(name), ignore_errors=True)


def _read(file: Path, kind: type[_M]) -> _M | None:
    try:
        return kind.model_validate_json(file.read_text())
    except FileNotFoundError:
        return None


def _write(file: Path, content: Model) -> None:
    """Whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_suffix(".new")
    draft.write_text(content.model_dump_json())
    os.replace(draft, file)
