"""Services that run on small infrastructures, to be re-optimised; and the way there, step by step."""

import random
from collections.abc import Mapping
from typing import Any

from domain.errors import InfeasibleError
from domain.infrastructure import Infrastructure
from domain.plans import GraphEndpoint, Plan, ServiceGraph
from domain.reoptimisation import MoveCost, RunningService
from placement.moves.clock import Clock
from placement.moves.layout import Estate, more
from placement.moves.pace import arriving, fits
from placement.moves.reoptimise import Goal, Solution, reoptimised
from placement.solve import place
from placement.topology import Usage
from tests.unit.placement_world import infra, instance, link, pop, service, wire


def named(name: str, graph: ServiceGraph) -> ServiceGraph:
    return graph.model_copy(update={"service": name})


def single(name: str, vcpus: int = 1, **more_: Any) -> ServiceGraph:
    """A service of one instance."""
    return named(name, service(instance("a-1", vcpus, 64, 0, **more_)))


def running(
    graph: ServiceGraph, where: Infrastructure, placements: Mapping[str, str], once: float = 1.0
) -> RunningService:
    """As a service runs whose instances are just there, each of them to be moved for that."""
    pinned = graph.model_copy(
        update={
            "instances": tuple(
                each.model_copy(update={"allowed_pops": frozenset({placements[each.name]})})
                for each in graph.instances
            ),
            "budget_per_hour": None,
        }
    )
    return as_planned(graph, place(pinned, where, Usage()), once)


def as_planned(graph: ServiceGraph, plan: Plan, once: float = 1.0) -> RunningService:
    """As a service runs that was placed so."""
    cost = MoveCost(interrupted_s=1, transferred_gib=1, once=once)
    return RunningService(
        graph=graph.model_copy(
            update={
                "endpoints": tuple(
                    GraphEndpoint(name=end.name, pop=plan.endpoints[end.name]) for end in graph.endpoints
                )
            }
        ),
        placements=plan.placements,
        routes=plan.routes,
        moves={each.name: cost for each in graph.instances},
    )


def estate(
    where: Infrastructure,
    services: list[RunningService],
    new: list[ServiceGraph] | None = None,
    horizon_h: float = 100.0,
    others: Usage | None = None,
) -> Estate:
    """With what the services take, and others beside them."""
    blank = Estate(
        where,
        others or Usage(),
        {each.graph.service: each for each in services},
        "cost",
        horizon_h,
        {each.service: each for each in new or []},
    )
    taken = more(blank.usage, [blank.whole(name, spot) for name, spot in blank.start.items()])
    return Estate(where, taken, blank.services, "cost", horizon_h, blank.newcomers)


def solved(state: Estate, goal: Goal | None = None, seconds: float = 20.0) -> Solution:
    solution = reoptimised(state, goal or Goal(), Clock(seconds))
    never_oversubscribed(state, solution)
    return solution


def never_oversubscribed(state: Estate, solution: Solution) -> None:
    """At each step old and new have room together, and each begins where the last one has ended."""
    layout = dict(state.start)
    assert fits(state.used(layout), state.infrastructure)
    for step in solution.order.steps:
        assert layout[step.service] == step.before
        beside = more(state.used(layout), [arriving(state, step)])
        assert fits(beside, state.infrastructure), step
        for name, pop_ in step.after.placements.items():
            assert pop_ == step.moves.get(name, step.before.placements[name])
        layout[step.service] = step.after
        assert fits(state.used(layout), state.infrastructure)
    assert layout == dict(solution.layout)


def where_is(solution: Solution, name: str, part: str = "a-1") -> str:
    return solution.layout[name].placements[part]


def random_estate(seed: int, services: int = 5, pops: int = 4) -> Estate:
    """Services that came one after the other, on an infrastructure whose prices have changed since."""
    dice = random.Random(seed)
    names = [f"p{n}" for n in range(pops)]
    ring = {
        f"l{n}": wire(names[n], names[(n + 1) % pops], dice.randint(20, 60), 1, dice.choice([0, 0.01]))
        for n in range(pops)
    }
    sizes = {name: dice.randint(4, 9) for name in names}

    def at_prices() -> Infrastructure:
        return infra({name: pop(sizes[name], dice.choice([1, 2, 3, 5])) for name in names}, ring)

    then, now = at_prices(), at_prices()
    found: list[RunningService] = []
    for number in range(services):
        graph = _random_service(f"s{number}", dice, names)
        try:
            plan = place(graph, then, estate(then, found).usage)
        except InfeasibleError:
            continue
        found.append(as_planned(graph, plan, dice.choice([0.0, 5.0, 50.0, 500.0])))
    return estate(now, found)


def _random_service(name: str, dice: random.Random, pops: list[str]) -> ServiceGraph:
    parts = [instance("a-1", dice.randint(1, 3), 64, 0), instance("b-1", dice.randint(1, 2), 64, 0)]
    more_: dict[str, Any] = {
        "links": (link("e", "a-1", dice.randint(1, 10)), link("a-1", "b-1", dice.randint(1, 10))),
        "endpoints": (GraphEndpoint(name="e", pop=dice.choice(pops)),),
    }
    if dice.random() < 0.3:
        more_["affinity" if dice.random() < 0.5 else "anti_affinity"] = (("a-1", "b-1"),)
    return named(name, service(*parts, **more_))
