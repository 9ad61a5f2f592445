"""Steps at networks: worked out for a round, links joined, switches programmed in stages, all probed."""

from functools import partial

from temporalio import activity

from activities.network_ledger import NetworkLedger
from activities.orders import Orders, planned, resources_of
from activities.pops import Pops
from activities.together import together
from activities.translation import translated
from adaptors.chaining.compile import compile_network
from adaptors.chaining.stages import staged
from catalogue.store import Catalogue
from domain.adjusting import adjusted
from domain.deployments import Deployment
from domain.descriptor import Descriptor
from domain.errors import InputError, VimRefusedError
from domain.instances import InstanceStatus, VimInstance
from domain.networking import PopNetwork, ServiceNetwork, WanLink
from domain.operation_plans import NetworkStage, StepAction
from domain.steering import StepNote, StepOrder


class NetworkStepActivities:
    """Does the steps of plans at networks; what a PoP has of a service's is one resource in the ledger."""

    def __init__(self, catalogue: Catalogue, pops: Pops) -> None:
        self._catalogue = catalogue
        self._pops = pops
        self._orders = Orders(catalogue)
        self._ledger = NetworkLedger(catalogue)

    @activity.defn(name=StepAction.COMPILE.value)
    def compile(self, order: StepOrder) -> StepNote:
        """Work out rules, routes and shares of a round, from the plan and the ports that the VIMs gave."""
        held, step = order.held, order.step
        with translated():
            plan, pops = self._orders.plan(order), self._pops.at_once()
            after = planned(plan)
            network = compile_network(
                after.network or _name_of(order),
                self._descriptor(after),
                after.graph,
                after.plan,
                _points(after, resources_of(plan, step.round), pops),
                pops.network(step.vim_kind).tunnel,
            )
            with activity.shield_thread_cancel_exception():
                self._catalogue.plans.keep_network(
                    held.operation_id, held.fence, plan.plan_id, step.round, network
                )
        return StepNote(note=_size(network))

    @activity.defn(name=StepAction.JOIN.value)
    def join(self, order: StepOrder) -> StepNote:
        """Find or build the WAN link between two PoPs."""
        step = order.step
        ends = tuple(pop for pop in (step.pop, step.other_pop) if pop)
        with translated():
            pops = self._pops.at_once()
            known = pops.link(step.physical_link or "")
            link = WanLink(
                name=step.physical_link or "",
                between=known.between,
                bandwidth_mbps=known.bandwidth,
                latency_ms=known.latency,
            )
            self._ledger.intend(order.held, order.tenant, _name_of(order), ends, pops)
            pops.network(step.vim_kind).join(link, _name_of(order), activity.heartbeat)
            self._ledger.note(_name_of(order), ends, pops)
        return StepNote()

    @activity.defn(name=StepAction.PROGRAM.value)
    def program(self, order: StepOrder) -> StepNote:
        """Bring a PoP's switch one stage on towards the network to be, in one atomic change."""
        step = order.step
        with translated():
            pops, part = self._pops.at_once(), self._part(order)
            part = _without_lost(part, pops, self._served(order))
            self._ledger.intend(order.held, order.tenant, _name_of(order), (step.pop,), pops)
            pops.network(step.vim_kind).apply(_name_of(order), part, activity.heartbeat)
            self._ledger.note(_name_of(order), (step.pop,), pops)
        return StepNote(note=f"{len(part.rules)} rules")

    @activity.defn(name=StepAction.PROBE.value)
    def probe(self, order: StepOrder) -> StepNote:
        """Probe every segment, and wait until all instances are ready to serve."""
        held, step = order.held, order.step
        with translated():
            network, deployment = self._network(order), self._orders.deployment(order)
            serving = self._serving(order, deployment)
            instances = {serving[each.name]: each.pop for each in deployment.instances if not each.endpoint}
            found = self._pops.at_once().network(step.vim_kind).verify(network, instances, activity.heartbeat)
            if not step.committed and order.plan_id:
                with activity.shield_thread_cancel_exception():
                    self._catalogue.plans.keep_connection(held.operation_id, held.fence, order.plan_id, found)
        return StepNote(note=f"{len(found.probes)} probes came through")

    def _part(self, order: StepOrder) -> PopNetwork:
        """What the step's PoP holds at its stage."""
        step, stage = order.step, order.step.stage or NetworkStage.SETTLE
        committed = self._catalogue.services.network(order.held.service)
        if stage is NetworkStage.RESTORE:
            parts = committed.pops if committed else {}
        else:
            former = self._kept(order, step.round - 1) if step.round > 1 else committed
            parts = staged(former, self._kept(order, step.round), stage)
        return parts.get(step.pop) or PopNetwork(pop=step.pop)

    def _network(self, order: StepOrder) -> ServiceNetwork:
        if not order.step.committed:
            return self._kept(order, order.step.round)
        committed = self._catalogue.services.network(order.held.service)
        if committed is None:
            raise InputError(f"service {order.held.service} has no network that could be probed")
        return committed

    def _kept(self, order: StepOrder, number: int) -> ServiceNetwork:
        network = self._catalogue.plans.network(order.plan_id or "", number)
        if network is None:
            raise InputError(f"plan {order.plan_id}: the network of round {number} was not worked out")
        return network

    def _served(self, order: StepOrder) -> frozenset[str]:
        """The names in the VIM of those that are to be there."""
        if order.step.stage is NetworkStage.RESTORE:
            return frozenset()
        return frozenset(resources_of(self._orders.plan(order), order.step.round).values())

    def _serving(self, order: StepOrder, deployment: Deployment) -> dict[str, str]:
        if order.step.committed:
            return deployment.resources
        return resources_of(self._orders.plan(order), order.step.round)

    def _descriptor(self, deployment: Deployment) -> Descriptor:
        known = self._catalogue.descriptors.get(deployment.descriptor, deployment.version)
        return adjusted(known, deployment.adjustments)


def _points(after: Deployment, serving: dict[str, str], pops: Pops) -> dict[str, VimInstance]:
    """Instance or endpoint -> how its VIM reports the one that serves in this round."""
    wanted = [(each.name, serving[each.name], each.pop) for each in after.instances]
    found = together([partial(_point, pops, name, pop) for _, name, pop in wanted], "ports read")
    return {instance: point for (instance, *_), point in zip(wanted, found, strict=True)}


def _point(pops: Pops, resource: str, pop: str) -> VimInstance:
    found = pops.vim(pop).read(resource)
    if found is None:
        raise VimRefusedError(f"PoP {pop}: {resource} is not there, so it cannot be connected")
    return found


def _without_lost(part: PopNetwork, pops: Pops, served: frozenset[str]) -> PopNetwork:
    """Without the routes of instances that are gone already, or failed: there is nothing to hold them.

    :param served: names in the VIM of those that must be there
    """
    leaving = part.routes.keys() - served
    vim = pops.vim(part.pop)
    lost = {name for name in leaving if not _runs(vim.read(name))}
    return part.model_copy(update={"routes": {n: r for n, r in part.routes.items() if n not in lost}})


def _runs(found: VimInstance | None) -> bool:
    return found is not None and found.status is InstanceStatus.RUNNING


def _name_of(order: StepOrder) -> str:
    if order.step.resource is None:
        raise InputError(f"step {order.step.id} names no network")
    return order.step.resource


def _size(network: ServiceNetwork) -> str:
    rules = sum(len(part.rules) for part in network.pops.values())
    return f"{rules} rules on {len(network.pops)} PoPs, {len(network.segments)} probes"
