"""The way in: a service that may not fit goes in, what stands against what comes out, with ways out of it."""

from collections.abc import Mapping
from typing import NamedTuple

from domain.explanations import Explanation, Relaxation, Requirement
from domain.infrastructure import Infrastructure
from domain.plans import Plan, ServiceGraph, Standing
from placement.explain.asking import Asker, OutOfTimeError
from placement.explain.conflicts import Found, conflicts
from placement.explain.demands import Demands
from placement.explain.facts import Facts
from placement.explain.relaxing import relaxations
from placement.explain.worlds import World
from placement.topology import Usage

_TOGETHER = 4
"""So many changes are combined at most."""


class Context(NamedTuple):
    """What is known of a service beside its graph."""

    described: ServiceGraph | None = None
    """The graph as its descriptor has it, where an operation pins instances; else None."""
    least: Mapping[str, int] = {}
    """Component -> fewest instances that it may have."""
    reason: str = ""
    """Why the placement refused it already."""


def explain(
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    standing: Standing | None = None,
    time_limit_s: float = 20.0,
    context: Context | None = None,
) -> Explanation:
    """Whether a service fits and, if not, the smallest conflict and the smallest changes that resolve it.

    Never raises because time runs out: it then says what is known.

    :param usage: all that is taken, by this service too
    :param standing: what this service keeps
    """
    known = context or Context()
    world = World(graph, infrastructure, usage, standing or Standing(), known.described, known.least)
    asker = Asker(time_limit_s)
    plan = None if known.reason else _plan(world, asker)
    if plan is not None:
        return Explanation(feasible=True, cost_per_hour=plan.cost_per_hour, currency=plan.currency)
    return _explained(world, asker, known.reason or asker.reason)


def _plan(world: World, asker: Asker) -> Plan | None:
    try:
        return asker.plan(world)
    except OutOfTimeError:
        return None


def _explained(world: World, asker: Asker, reason: str) -> Explanation:
    demands = Demands(world)
    found = conflicts(demands, asker)
    if not found:
        return Explanation(feasible=False, reason=reason or _UNKNOWN, cut_short=True)
    ways, all_looked_at = _ways_out(world, found, asker)
    first, *others = found
    further = [each for each in others if each.minimal]  # of what is not, most is no part of a conflict
    return Explanation(
        feasible=False,
        currency=world.infrastructure.currency,
        conflict=_told(demands, first, world, asker),
        minimal=first.minimal,
        further=tuple(_told(demands, each, world, asker) for each in further),
        relaxations=_sorted(ways),
        cut_short=not (all(each.minimal for each in found) and all_looked_at),
        reason=reason,
    )


_UNKNOWN = "no placement was found within the time, nor a proof that there is none"


def _ways_out(world: World, found: list[Found], asker: Asker) -> tuple[list[Relaxation], bool]:
    """What was found, and whether all was looked at."""
    ways: list[Relaxation] = []
    try:
        for way in relaxations(world, found[0].conflict, _TOGETHER, asker):
            ways.append(way)
    except OutOfTimeError:
        return ways, False
    return ways, True


def _sorted(ways: list[Relaxation]) -> tuple[Relaxation, ...]:
    """The smallest first, without those that change more than another does."""
    needed = [way for way in ways if not any(set(other.changes) < set(way.changes) for other in ways)]
    return tuple(sorted(needed, key=lambda way: (round(way.size, 6), way.cost_per_hour)))


def _told(demands: Demands, found: Found, world: World, asker: Asker) -> tuple[Requirement, ...]:
    cheapest = None
    if any(demand.kind == "budget" for demand in found.conflict):
        plan = _plan(world.asking(budget_per_hour=None, objective="cost"), asker)
        cheapest = plan.cost_per_hour if plan else None
    return Facts(demands, found.conflict, cheapest).requirements()
