"""Steps at networks: worked out for a round, links joined, switches programmed in stages, all probed."""

from functools import partial

from temporalio import activity

from activities.network_ledger import NetworkLedger
from activities.orders import Ordered, planned
from activities.pops import Pops
from activities.together import together
from activities.translation import translated
from adaptors.chaining.detours import unsteady
from adaptors.chaining.stages import staged
from catalogue.store import Catalogue
from domain.deployments import Deployment
from domain.errors import InputError, VimRefusedError
from domain.instances import InstanceStatus, VimInstance
from domain.names import CLOUD_KINDS
from domain.networking import PopNetwork, ServiceNetwork, WanLink
from domain.operation_plans import NetworkStage, StepAction
from domain.steering import StepNote, StepOrder

_BACK = {NetworkStage.REOPEN: NetworkStage.EXTEND, NetworkStage.RETURN: NetworkStage.SWITCH}
"""Stages of an undo as stages of the change from the planned network to the committed one."""


class NetworkStepActivities:
    """Does the steps of plans at networks; what a PoP has of a service's is one resource in the ledger."""

    def __init__(self, catalogue: Catalogue, pops: Pops) -> None:
        self._catalogue = catalogue
        self._pops = pops
        self._ledger = NetworkLedger(catalogue)

    @activity.defn(name=StepAction.COMPILE.value)
    def compile(self, order: StepOrder) -> StepNote:
        """Work out rules, routes and shares of a round, from the plan and the ports that the VIMs gave."""
        held, step = order.held, order.step
        with translated():
            ordered, pops = self._ordered(order), self._pops.at_once()
            after = planned(ordered.plan)
            points = _points(after, ordered.serving, pops)
            network = pops.network(step.vim_kind).compile(
                after.network or _name_of(order), ordered.descriptor, after.graph, after.plan, points
            )
            with activity.shield_thread_cancel_exception():
                self._catalogue.plans.keep_network(
                    held.operation_id, held.fence, ordered.plan.plan_id, step.round, network
                )
            warnings = unsteady(self._former(order), network)
        return StepNote(note="; ".join([_size(network), *warnings]))

    @activity.defn(name=StepAction.JOIN.value)
    def join(self, order: StepOrder) -> StepNote:
        """Find or build the WAN link between two PoPs."""
        step, name = order.step, _name_of(order)
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
            self._ledger.intend(order.held, order.tenant, name, ends, pops)
            pops.network(step.vim_kind).join(link, name, activity.heartbeat)
            self._ledger.note(name, ends, pops)
        return StepNote()

    @activity.defn(name=StepAction.PROGRAM.value)
    def program(self, order: StepOrder) -> StepNote:
        """Bring a PoP's switch one stage on towards the network to be, in one atomic change."""
        step, name = order.step, _name_of(order)
        with translated():
            ordered, pops = self._ordered(order), self._pops.at_once()
            part = _without_lost(self._part(order), pops, _must_be_there(order, ordered))
            if step.vim_kind in CLOUD_KINDS:
                part = part.model_copy(update={"tags": _tags(order)})
            self._ledger.intend(order.held, order.tenant, name, (step.pop,), pops)
            pops.network(step.vim_kind).apply(name, part, activity.heartbeat)
            self._ledger.note(name, (step.pop,), pops)
        return StepNote(note=_content(part))

    @activity.defn(name=StepAction.PROBE.value)
    def probe(self, order: StepOrder) -> StepNote:
        """Probe every segment, and wait until all instances are ready to serve."""
        held, step = order.held, order.step
        with translated():
            ordered, pops = self._ordered(order), self._pops.at_once()
            network = self._as_it_stands(order, pops, _must_be_there(order, ordered))
            prober = pops.network(step.vim_kind)
            found = prober.verify(network, _components(ordered), activity.heartbeat)
            if not step.committed:
                with activity.shield_thread_cancel_exception():
                    self._catalogue.plans.keep_connection(
                        held.operation_id, held.fence, ordered.plan.plan_id, found
                    )
        came = f"{len(found.probes)} probes came through"
        return StepNote(note=came if found.probes else f"{found.dataplane} say that all of it stands")

    def _ordered(self, order: StepOrder) -> Ordered:
        ordered = Ordered(self._catalogue, order)
        ordered.admit()
        return ordered

    def _part(self, order: StepOrder) -> PopNetwork:
        """What the step's PoP holds at its stage."""
        step, stage = order.step, order.step.stage or NetworkStage.SETTLE
        if stage is NetworkStage.RESTORE:
            committed = self._catalogue.services.network(order.held.service)
            parts = committed.pops if committed else {}
        elif stage in _BACK:
            committed = self._catalogue.services.network(order.held.service)
            parts = staged(self._kept(order, step.round), committed, _BACK[stage]) if committed else {}
        else:
            parts = staged(self._former(order), self._kept(order, step.round), stage)
        return parts.get(step.pop) or PopNetwork(pop=step.pop)

    def _former(self, order: StepOrder) -> ServiceNetwork | None:
        """The network that the step's round begins with."""
        if order.step.round > 1:
            return self._kept(order, order.step.round - 1)
        return self._catalogue.services.network(order.held.service)

    def _as_it_stands(self, order: StepOrder, pops: Pops, served: frozenset[str]) -> ServiceNetwork:
        """What is to be probed; in a cloud tagged, and with what the former network still has there."""
        network = self._network(order)
        if order.step.vim_kind not in CLOUD_KINDS:
            return network
        former = None if order.step.committed else self._former(order)
        tagged = {"tags": _tags(order)}
        parts = {
            pop: _without_lost(part, pops, served).model_copy(update=tagged)
            for pop, part in staged(former, network, NetworkStage.SWITCH).items()
        }
        return network.model_copy(update={"pops": parts})

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


def _components(ordered: Ordered) -> dict[str, str]:
    """Name in the VIM -> PoP, of the instances that are to be ready."""
    serving = ordered.serving
    return {serving[each.name]: each.pop for each in ordered.deployment.instances if not each.endpoint}


def _must_be_there(order: StepOrder, ordered: Ordered) -> frozenset[str]:
    """Names in the VIM of those without which a service is not as planned; an undo takes what there is."""
    return frozenset() if order.step.committed else frozenset(ordered.serving.values())


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
    """Without what is for instances that are gone already, or failed: there is nothing to hold it.

    :param served: names in the VIM of those that must be there
    """
    leaving = part.instances - served
    vim = pops.vim(part.pop) if leaving else None
    lost = {name for name in leaving if vim and not _runs(vim.read(name))}
    return part.without(lost)


def _runs(found: VimInstance | None) -> bool:
    return found is not None and found.status is InstanceStatus.RUNNING


def _name_of(order: StepOrder) -> str:
    if order.step.resource is None:
        raise InputError(f"step {order.step.id} names no network")
    return order.step.resource


def _tags(order: StepOrder) -> dict[str, str]:
    return {
        "service": order.held.service,
        "tenant": order.tenant,
        "operation": order.held.operation_id,
        "network": _name_of(order),
    }


def _content(part: PopNetwork) -> str:
    if part.admissions or part.chains:
        return f"{len(part.admissions)} admissions, {len(part.chains)} chains"
    return f"{len(part.rules)} rules"


def _size(network: ServiceNetwork) -> str:
    parts = network.pops.values()
    size = f"on {len(parts)} PoPs, {len(network.segments)} probes"
    if any(part.admissions for part in parts):
        chains = sum(len(part.chains) for part in parts)
        return f"{sum(len(part.admissions) for part in parts)} admissions, {chains} chains {size}"
    return f"{sum(len(part.rules) for part in parts)} rules {size}"
