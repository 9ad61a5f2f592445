"""The WAN of the emulator: links between the switches of this machine, built when first needed."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from adaptors.chaining.switches import open_switch
from adaptors.machine.abilities import Abilities, examine
from adaptors.machine.commands import CommandError, Machine
from adaptors.machine.locks import locked
from adaptors.wan import naming
from adaptors.wan.leftovers import Leftovers
from adaptors.wan.links import Links
from adaptors.wan.port import Progress
from adaptors.wan.records import Harm, LinkRecord, Records, User
from adaptors.wan.shares import allot
from adaptors.wan.tunnels import SwitchOf
from domain.errors import InterlaceError, VimRefusedError, VimUnavailableError
from domain.networking import Share, WanLink


class EmulatedWan:
    """Serves the port `Wan`. What is wanted of each link is a file, so that any process can repair it."""

    def __init__(self, machine: Machine, abilities: Abilities, switch_of: SwitchOf) -> None:
        self._machine = machine
        self._overlay = abilities.overlay
        self._records = Records(machine.place)
        self._links = Links(machine, abilities, self._records, switch_of)
        self._leftovers = Leftovers(machine, abilities, self._records)

    def join(self, link: WanLink, service: str, progress: Progress) -> None:
        _check(link)
        with self._changing(link.name):
            found = self._records.find(link.name) or self._records.enter(link)
            record = _moved(found, link).used_by(User(service=service, pop=pop) for pop in link.between)
            if record.link != found.link and self._links.healthy(found):
                self._links.reshape(record)
            if record != found:
                self._records.keep(record)
            if not self._links.healthy(record):
                self._links.ensure(record, progress)

    def share(self, service: str, pop: str, shares: Sequence[Share]) -> None:
        wanted: dict[str, list[Share]] = {}
        for share in shares:
            if share.from_pop != pop:
                raise VimRefusedError(f"share {share.name}: it leaves {share.from_pop}, not {pop}")
            wanted.setdefault(share.physical_link, []).append(share)
        joined = {record.link.name for record in self._records.all() if pop in record.link.between}
        if missing := sorted(set(wanted) - joined):
            raise VimUnavailableError(f"PoP {pop}: link {missing[0]} is not joined")
        for name in sorted(joined):
            self._share(name, service, pop, wanted.get(name, []))

    def leave(self, service: str, pop: str, keeping: Collection[str] = ()) -> frozenset[str]:
        user = User(service=service, pop=pop)
        ends: set[str] = set()
        for record in [each for each in self._records.all() if each.link.name not in keeping]:
            if user in record.users or any(slot.service == service for slot in record.at(pop)):
                self._drop_user(record.link.name, user)
                ends.update(record.link.between)
        return frozenset(ends)

    def links(self) -> list[str]:
        """The names of all links that are wanted."""
        return sorted(record.link.name for record in self._records.all())

    def harm(self, name: str, harm: Harm) -> None:
        """Make a link worse than it was built for, until it is told otherwise or no service uses it any more.

        :raises VimRefusedError: if no service uses such a link
        """
        with self._changing(name):
            found = self._records.find(name)
            if found is None:
                there = ", ".join(self.links()) or "none"
                raise VimRefusedError(f"link {name}: no service uses it; in use: {there}")
            self._links.reshape(self._records.keep(found.model_copy(update={"harm": harm})))

    def harms(self) -> dict[str, Harm]:
        """What each link that is wanted does worse than it was built for."""
        return {record.link.name: record.harm for record in self._records.all()}

    def healthy(self, name: str) -> bool:
        """Whether a link is wanted and all of it is there; costs next to nothing."""
        record = self._records.find(name)
        return record is not None and self._links.healthy(record)

    def restore(self, name: str) -> bool:
        """Build what is missing of a link; whether there was anything to do."""
        with self._changing(name):
            record = self._records.find(name)
            if record is None or self._links.healthy(record):
                return False
            self._links.ensure(record, _in_silence)
            return True

    def look(self) -> list[str]:
        """Repair every link that needs it; what was done or could not be, a sentence for each link."""
        said: list[str] = []
        for name in [record.link.name for record in self._records.all() if not self._links.healthy(record)]:
            try:
                if self.restore(name):
                    said.append(f"WAN link {name} was repaired")
            except InterlaceError as error:
                said.append(f"WAN link {name} cannot be repaired: {error}")
        return said

    def strays(self, known_services: Collection[str]) -> list[str]:
        """What is left of services that are not known, or of no link at all; a sentence for each."""
        with _told("WAN"):
            users = [user.said(name) for name, user in self._strangers(known_services)]
            return [*users, *(stray.said for stray in self._leftovers.found())]

    def sweep(self, known_services: Collection[str]) -> list[str]:
        """Remove what `strays` finds; what was removed."""
        swept: list[str] = []
        with _told("WAN"):
            for name, user in self._strangers(known_services):
                self._drop_user(name, user)
                swept.append(user.said(name))
            for stray in self._leftovers.found():
                stray.remove()
                swept.append(stray.said)
        return swept

    def encrypted(self) -> bool:
        """Whether nobody on the wire can read what services send."""
        return self._overlay != "vxlan"

    def overlay(self) -> str:
        """What carries traffic between PoPs, for people."""
        return f"vxlan over {self._overlay}" if self.encrypted() else "vxlan"

    def capture_point(self, link: str) -> tuple[str, str]:
        """The namespace and interface at which the frames of a link pass as they are on the wire."""
        return self._machine.place.wan(link), naming.WIRE_ENDS[0]

    @contextmanager
    def _changing(self, name: str) -> Iterator[None]:
        with _told(f"WAN link {name}"), locked(self._records.lock(name)):
            yield

    def _share(self, name: str, service: str, pop: str, shares: Sequence[Share]) -> None:
        with self._changing(name):
            record = self._records.find(name)
            if record is None:
                if shares:
                    raise VimUnavailableError(f"WAN link {name} was taken down meanwhile")
                return
            self._reserve(record, service, pop, shares)

    def _reserve(self, record: LinkRecord, service: str, pop: str, shares: Sequence[Share]) -> None:
        old = record.at(pop)
        new = allot(old, service, pop, shares)
        if set(new) == set(old):
            return
        record = self._records.keep(record.reserving(pop, new))
        if not self._links.healthy(record):
            self._links.ensure(record, _in_silence)
        self._links.reserve(record, pop, old)

    def _drop_user(self, name: str, user: User) -> None:
        with self._changing(name):
            record = self._records.find(name)
            if record is None:
                return
            record = record.left_by(user)
            if not record.users:
                self._links.take_down(record)
                return
            self._records.keep(record)
            self._reserve(record, user.service, user.pop, ())

    def _strangers(self, known: Collection[str]) -> list[tuple[str, User]]:
        return [
            (record.link.name, user)
            for record in self._records.all()
            for user in record.users
            if user.service not in known
        ]


def open_wan(home: Path) -> EmulatedWan:
    """The WAN of a home on this machine.

    :raises VimRefusedError: if this machine lets nobody make networks
    """
    abilities, machine = examine(home)
    datapath = abilities.best
    if machine is None or datapath is None:
        raise VimRefusedError(f"this machine cannot run a WAN: {abilities.why}")
    return EmulatedWan(machine, abilities, lambda pop: open_switch(machine, pop, datapath))


def _in_silence(_: str) -> None:
    """Progress of what nobody waits for."""


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Whatever goes wrong on this machine may go right when it is tried again."""
    try:
        yield
    except (CommandError, OSError, psutil.Error) as error:
        raise VimUnavailableError(f"{what}: {error}") from error


def _check(link: WanLink) -> None:
    if len(set(link.between)) != 2:
        raise VimRefusedError(f"link {link.name}: it needs two PoPs to lie between")
    if not (link.bandwidth_mbps > 0 and link.latency_ms >= 0):
        raise VimRefusedError(f"link {link.name}: its bandwidth must be above 0 and its latency not below")


def _moved(record: LinkRecord, link: WanLink) -> LinkRecord:
    """The record with the link's delay and rate; its ends stay in their order."""
    if set(link.between) != set(record.link.between):
        was = " and ".join(record.link.between)
        raise VimRefusedError(f"link {link.name} is in use between {was}: it cannot move")
    between = record.link.between
    return record.model_copy(update={"link": link.model_copy(update={"between": between})})
