"""Connecting a service: its network compiled once, links joined, switches programmed, all of it probed."""

from temporalio import activity

from activities.network_ledger import NetworkLedger
from activities.pops import Pops
from activities.translation import translated
from adaptors.network.port import Network
from catalogue.store import Catalogue
from domain import names
from domain.descriptor import Descriptor
from domain.errors import VimUnavailableError
from domain.instances import VimInstance
from domain.networking import Connection, ServiceNetwork, WanLink
from domain.requests import Held, NetworkStep, Nothing, PlannedService


class NetworkActivities:
    """Drives the networks between the PoPs; what a PoP has of a service's is one resource in the ledger."""

    def __init__(self, catalogue: Catalogue, pops: Pops) -> None:
        self._catalogue = catalogue
        self._pops = pops
        self._ledger = NetworkLedger(catalogue)

    @activity.defn(name=names.COMPILE)
    def compile(self, planned: PlannedService) -> Nothing:
        """Work out rules, routes and shares from the plan and the ports that the VIMs gave; keep them."""
        held, graph, plan = planned.held, planned.graph, planned.plan
        with translated():
            where = {**plan.placements, **plan.endpoints}
            points = {name: self._point(planned, name, pop) for name, pop in where.items()}
            some = self._network(next(iter(where.values())))
            network = some.compile(_name_of(held), self._descriptor(planned), graph, plan, points)
            self._catalogue.services.keep_network(held.operation_id, held.fence, held.service, network)
        return Nothing()

    @activity.defn(name=names.JOIN)
    def join(self, step: NetworkStep) -> Nothing:
        """Find or build the WAN link between two PoPs."""
        with translated():
            self._ledger.intend(step.held, step.tenant, _name_of(step.held), step.pops, self._pops)
            known = self._catalogue.infrastructure.get().links[step.physical_link or ""]
            link = WanLink(
                name=step.physical_link or "",
                between=known.between,
                bandwidth_mbps=known.bandwidth,
                latency_ms=known.latency,
            )
            self._network(step.pops[0]).join(link, _name_of(step.held), activity.heartbeat)
            self._ledger.note(_name_of(step.held), step.pops, self._pops)
        return Nothing()

    @activity.defn(name=names.PROGRAM)
    def program(self, step: NetworkStep) -> Nothing:
        """Make a PoP's part of the network be as compiled, in one atomic change of its switch."""
        with translated():
            self._ledger.intend(step.held, step.tenant, _name_of(step.held), step.pops, self._pops)
            parts = self._kept(step.held).pops
            for pop in step.pops:
                if pop in parts:
                    self._network(pop).apply(_name_of(step.held), parts[pop], activity.heartbeat)
            self._ledger.note(_name_of(step.held), step.pops, self._pops)
        return Nothing()

    @activity.defn(name=names.VERIFY)
    def verify(self, planned: PlannedService) -> Connection:
        """Probe every segment, and wait until all instances are ready to serve."""
        held, plan = planned.held, planned.plan
        with translated():
            network = self._kept(held)
            instances = {
                names.resource_name(held.service, name, held.operation_id): pop
                for name, pop in plan.placements.items()
            }
            some_pop = next(iter(plan.placements.values()))
            return self._network(some_pop).verify(network, instances, activity.heartbeat)

    def _network(self, pop: str) -> Network:
        return self._pops.network(self._pops.kind(pop))

    def _point(self, planned: PlannedService, name: str, pop: str) -> VimInstance:
        resource = names.resource_name(planned.held.service, name, planned.held.operation_id)
        found = self._pops.vim(pop).read(resource)
        if found is None:
            raise VimUnavailableError(f"PoP {pop}: {resource} is not there, so it cannot be connected")
        return found

    def _descriptor(self, planned: PlannedService) -> Descriptor:
        return self._catalogue.descriptors.get(planned.graph.descriptor, planned.graph.version)

    def _kept(self, held: Held) -> ServiceNetwork:
        network = self._catalogue.services.network(held.service)
        return network or ServiceNetwork(name=_name_of(held), service=held.service, pops={}, segments=())


def _name_of(held: Held) -> str:
    return names.network_name(held.service, held.operation_id)
