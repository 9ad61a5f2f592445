"""The steps of a service's network: worked out, joined, switched over in stages, probed, taken away."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from domain.deployments import Deployment
from domain.names import CLOUD_KINDS, NETWORKED_KINDS
from domain.operation_plans import NetworkStage, Step, StepAction
from domain.phases import ResourceKind
from planning.steps import SHORT_TRY_S, titled
from planning.transition import Transition

Pair = tuple[str, str]

_WORDS = {
    NetworkStage.EXTEND: "add the new ways to {}",
    NetworkStage.SWITCH: "turn {} to the new ways",
    NetworkStage.SETTLE: "take the former ways from {}",
}


@dataclass(frozen=True)
class NetworkChange:
    """What a round does to the network of a service."""

    transition: Transition
    round: int
    name: str
    fresh: bool
    """Nothing is connected yet."""
    pops: tuple[str, ...]
    """Of the new network."""
    old_pops: tuple[str, ...]
    """Of the one before, where it answers."""
    links: tuple[tuple[str, Pair], ...]
    """Physical links that are passed anew, and what they join."""

    def compile(self) -> Step:
        """Work out the network."""
        return self._step("work-out", "network", StepAction.COMPILE, "work out the network", self.pops[0])

    def joins(self) -> tuple[Step, ...]:
        """Find or build the links that are passed anew."""
        return tuple(
            self._step("join", link, StepAction.JOIN, f"join {' and '.join(pair)}", pair[0]).model_copy(
                update={"physical_link": link, "other_pop": pair[1]}
            )
            for link, pair in self.links
        )

    def programs(self, stage: NetworkStage) -> tuple[Step, ...]:
        """A stage, at each PoP that it concerns."""
        words = "program {}" if self.fresh else _WORDS[stage]
        pops = {*self.pops, *self.old_pops} if stage is NetworkStage.SWITCH else {*self.pops}
        return tuple(
            self._step(
                stage.value,
                pop,
                StepAction.PROGRAM,
                words.format(programmed(self.transition.kind(pop), pop)),
                pop,
            ).model_copy(update={"stage": stage})
            for pop in sorted(pops)
        )

    def probe(self) -> Step:
        """Prove that every chain carries."""
        step = self._step("probe", "chains", StepAction.PROBE, "probe every chain", self.pops[0])
        return step.model_copy(update={"skippable": True})

    def _step(self, word: str, what: str, action: StepAction, title: str, pop: str) -> Step:
        return self.transition.timed(
            Step(
                id=f"{self.round}.{word}.{what}",
                action=action,
                title=titled(title, self.round),
                vim_kind=self.transition.kind(pop),
                pop=pop,
                round=self.round,
                resource=self.name,
            )
        )


def programmed(vim_kind: str, pop: str) -> str:
    """What is told of ways at a PoP, for people: a switch of ours, or the network of a cloud."""
    return f"the switch of {pop}" if vim_kind in NETWORKED_KINDS else f"the network at {pop}"


def network_change(transition: Transition, number: int) -> NetworkChange | None:
    """What a round does to the network; None where the service is to have none."""
    before, after = transition.before, transition.after
    if after.network is None:
        return None
    old = set(network_pops(before)) if number == 1 else set(network_pops(after))
    fresh = number == 1 and (before is None or before.network is None)
    known = {} if fresh or before is None else links_of(before)
    links = links_of(after).items() if number == 1 else ()
    return NetworkChange(
        transition=transition,
        round=number,
        name=after.network,
        fresh=fresh,
        pops=network_pops(after),
        old_pops=tuple(sorted(pop for pop in old if not transition.is_lost(pop))),
        links=tuple(each for each in links if each[0] not in known),
    )


def disconnections(transition: Transition, number: int, *, lost: bool) -> tuple[Step, ...]:
    """Take away what the old network has at PoPs beyond the new one: at those lost, or at the others."""
    before, after = transition.before, transition.after
    if before is None or before.network is None:
        return ()
    kept = network_pops(after) if after.network == before.network else ()
    return tuple(
        transition.timed(
            disconnect(f"{number}.disconnect.{pop}", before.network, pop, transition.kind(pop))
        ).model_copy(update={"round": number, "limit_s": SHORT_TRY_S if lost else None})
        for pop in network_pops(before)
        if pop not in kept and transition.is_lost(pop) == lost
    )


def disconnect(step_id: str, network: str, pop: str, vim_kind: str) -> Step:
    """Take away all that a PoP has of a network."""
    return Step(
        id=step_id,
        action=StepAction.DELETE,
        title=f"take the network away from {pop}",
        vim_kind=vim_kind,
        pop=pop,
        resource=network,
        kind=ResourceKind.NETWORK,
        skippable=True,
    )


def network_pops(deployment: Deployment | None) -> tuple[str, ...]:
    """The PoPs that are told of a service's network; none where packets are only modelled.

    Those that the packets pass on their way, too, where the network between them is ours.
    """
    if deployment is None or deployment.network is None:
        return ()
    plan = deployment.plan
    if _is_routed_by_providers(deployment):
        return tuple(sorted(set(plan.placements.values())))
    passed = (pop for route in plan.routes for pop in route.pops)
    return tuple(sorted({*plan.placements.values(), *plan.endpoints.values(), *passed}))


def links_of(deployment: Deployment) -> dict[str, Pair]:
    """The physical links that a service's routes pass and we build, and what they join, both in order."""
    if _is_routed_by_providers(deployment):
        return {}
    return dict(sorted(_hops((route.physical_links, route.pops) for route in deployment.plan.routes)))


def _is_routed_by_providers(deployment: Deployment) -> bool:
    return not set(CLOUD_KINDS).isdisjoint(deployment.vim_kinds.values())


def _hops(routes: Iterable[tuple[tuple[str, ...], tuple[str, ...]]]) -> set[tuple[str, Pair]]:
    return {
        (link, (min(pair), max(pair)))
        for links, pops in routes
        for link, pair in zip(links, pairwise(pops), strict=True)
    }
