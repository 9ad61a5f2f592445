"""Comparing what is committed of a service with what the VIMs hold: by looking, not by belief."""

from collections.abc import Iterator
from functools import partial

from temporalio import activity

from activities.pops import Pops
from activities.together import together
from activities.translation import translated
from adaptors.network.listing import networks_of
from catalogue.store import Catalogue
from domain import names
from domain.deployments import Deployment, PlacedInstance
from domain.errors import InterlaceError
from domain.infrastructure import Resources
from domain.instances import InstanceStatus, VimInstance
from domain.phases import ResourceKind, ResourceState
from domain.records import ResourceRecord
from domain.steering import CompareOrder, Differences

_MARK = 8
"""Letters that tell one network of a service from another."""


class ComparingActivities:
    """Asks VIMs and switches what they have of a service."""

    def __init__(self, catalogue: Catalogue, pops: Pops) -> None:
        self._catalogue = catalogue
        self._pops = pops

    @activity.defn(name=names.COMPARE)
    def compare(self, order: CompareOrder) -> Differences:
        """Every difference, with its PoP; what is left over and known to be is none."""
        with translated():
            expected = self._expected(order.service)
            pops = self._pops.at_once()
            answers = together([partial(expected.at, pop, pops) for pop in order.pops], "compared")
        return Differences(found=tuple(each for answer in answers for each in answer))

    def _expected(self, service: str) -> "_Expected":
        committed = self._catalogue.services.deployment(service)
        network = self._catalogue.services.network(service) if committed else None
        parts = network.pops.items() if network else ()
        return _Expected(
            service=service,
            committed=committed,
            rows=self._catalogue.ledger.of_service(service),
            steered=frozenset(pop for pop, part in parts if part.is_programmed),
        )


class _Expected:
    """What is committed of a service, and what the ledger says there is."""

    def __init__(
        self,
        service: str,
        committed: Deployment | None,
        rows: tuple[ResourceRecord, ...],
        steered: frozenset[str],
    ) -> None:
        self._service = service
        self._committed = committed
        self._rows = rows
        self._steered = steered
        self._network = committed.network if committed else None

    def at(self, pop: str, pops: Pops) -> list[str]:
        """What differs at a PoP."""
        try:
            vim = pops.vim(pop)
            listed = {each.name: each for each in vim.list({"service": self._service})}
            switched = networks_of(vim)
        except InterlaceError as error:  # whatever it is, the PoP does not say what it has
            return [f"PoP {pop} does not answer: {error}"]
        found = [*self._of_ledger(pop), *self._of_instances(pop, listed)]
        return found if switched is None else [*found, *self._of_networks(pop, switched)]

    def _of_ledger(self, pop: str) -> Iterator[str]:
        known = {row.resource_name: row for row in self._rows if row.pop == pop}
        wanted = {each.resource for each in self._placed(pop)}
        for name, row in known.items():
            if row.state is ResourceState.LEFTOVER or name in wanted:
                continue
            if row.kind is ResourceKind.INSTANCE or name != self._network:
                yield f"PoP {pop}: the ledger still has {name}, {row.state}"
        for name in sorted(wanted - known.keys()):
            yield f"PoP {pop}: the ledger does not know of {name}"

    def _of_instances(self, pop: str, listed: dict[str, VimInstance]) -> Iterator[str]:
        wanted = {each.resource: each for each in self._placed(pop)}
        for name, placed in wanted.items():
            yield from _difference(pop, placed, listed.get(name))
        for name in sorted(listed.keys() - wanted.keys() - self._left(pop)):
            yield f"PoP {pop}: {name} is there, and should not be"

    def _of_networks(self, pop: str, switched: frozenset[str]) -> Iterator[str]:
        if pop in self._steered and self._network not in switched:
            yield f"PoP {pop}: there is nothing of {self._network}"
        for name in sorted(switched - {self._network} - self._left(pop)):
            if self._is_ours(name):
                yield f"PoP {pop}: there is still something of {name}"

    def _placed(self, pop: str) -> list[PlacedInstance]:
        return [each for each in self._committed.instances if each.pop == pop] if self._committed else []

    def _left(self, pop: str) -> set[str]:
        left = (row for row in self._rows if row.pop == pop and row.state is ResourceState.LEFTOVER)
        return {row.resource_name for row in left}

    def _is_ours(self, network: str) -> bool:
        """By its name; that of another service has another length, if it begins like ours at all."""
        return network[:-_MARK] == names.network_name(self._service, "x" * _MARK)[:-_MARK]


def _difference(pop: str, placed: PlacedInstance, found: VimInstance | None) -> Iterator[str]:
    if found is None:
        yield f"PoP {pop}: {placed.resource} is not there"
        return
    if found.status is not InstanceStatus.RUNNING:
        yield f"PoP {pop}: {placed.resource} is in {found.status}, not RUNNING"
    wanted = Resources.of(0, 0, 0) if placed.endpoint else placed.resources
    if found.resources != wanted:
        yield f"PoP {pop}: {placed.resource} has {_size(found.resources)}, should have {_size(wanted)}"


def _size(resources: Resources) -> str:
    return f"{resources.vcpus} vcpus, {resources.memory} MiB memory, {resources.disk} GiB disk"
