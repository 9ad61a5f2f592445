"""What is left of links that no record speaks of, after a crash or a removal by hand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from adaptors.machine import namespaces
from adaptors.machine.abilities import Abilities
from adaptors.machine.commands import Machine
from adaptors.wan import naming
from adaptors.wan.guards import SOCKETS
from adaptors.wan.records import Records


@dataclass(frozen=True)
class Stray:
    """Something that belongs to no link."""

    said: str
    remove: Callable[[], object]


class Leftovers:
    """Finds the leftovers of one home."""

    def __init__(self, machine: Machine, abilities: Abilities, records: Records) -> None:
        self._machine = machine
        self._has_sockets = abilities.overlay == "wireguard-go"
        self._records = records

    def found(self) -> Iterator[Stray]:
        """All of them. What there is is listed before what should be: a link that is being built is none."""
        place = self._machine.place
        spaces = [name for name in namespaces.names(self._machine) if name.startswith(place.wan(""))]
        sockets = self._sockets()
        links = [record.link.name for record in self._records.all()]
        edges = {naming.edge(place, link, end) for link in links for end in naming.ENDS}
        for name in sorted(set(spaces) - edges - {place.wan(link) for link in links}):
            yield Stray(f"namespace {name} of no WAN link", partial(namespaces.remove, self._machine, name))
        guards = {naming.guard(place, link, end) for link in links for end in naming.ENDS}
        for name in sorted(set(sockets) - guards):
            # The wireguard-go behind it, if there is one, ends with its socket.
            remove = ["rm", "-f", str(SOCKETS / f"{name}.sock")]
            yield Stray(f"control socket {name} of no WAN link", partial(self._machine.attempt, remove))

    def _sockets(self) -> list[str]:
        if not self._has_sockets:
            return []
        listed = self._machine.attempt(["ls", str(SOCKETS)]).stdout.split()
        names = (name.removesuffix(".sock") for name in listed)
        return [name for name in names if name.startswith(naming.guard_prefix(self._machine.place))]
