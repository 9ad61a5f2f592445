"""Placing a service that runs already: what stands takes nothing more, ways are kept, moves count."""

import itertools
import random

import pytest

from domain.errors import InfeasibleError
from domain.infrastructure import Infrastructure, Resources
from domain.plans import GraphEndpoint, GraphLink, Plan, Route, ServiceGraph, Standing
from placement.check import violations
from placement.solve import place
from placement.solving.outcomes import SolverName
from placement.topology import Usage
from tests.unit.placement_world import (
    checked,
    infra,
    instance,
    link,
    optimum,
    pop,
    random_case,
    service,
    suitable,
    ways,
    wire,
)

SOLVERS: tuple[SolverName, ...] = ("highs", "cbc")
SEEDS = range(60)


def way(one: GraphLink, pops: tuple[str, ...], names: tuple[str, ...], where: Infrastructure) -> Route:
    return Route(
        link=one.name,
        virtual_link=one.virtual_link,
        pops=pops,
        physical_links=names,
        bandwidth_mbps=one.bandwidth_mbps,
        latency_ms=sum(where.links[name].latency for name in names),
    )


def along(start: str, names: tuple[str, ...], where: Infrastructure) -> tuple[str, ...]:
    pops = [start]
    for name in names:
        one, other = where.links[name].between
        pops.append(other if pops[-1] == one else one)
    return tuple(pops)


def standing_case(seed: int) -> tuple[ServiceGraph, Infrastructure, Usage, Standing]:
    """A random case of which some stands already, somewhere; some of that is pinned, or costs a move."""
    graph, where, usage = random_case(seed)
    dice = random.Random(seed + 1000)
    at = {
        part.name: dice.choice([p for p in where.pops if suitable(part, p, where)] or list(where.pops))
        for part in graph.instances
    }
    ends = {**at, "e": str(graph.endpoints[0].pop)}
    routes = []
    for one in graph.links:
        choices = ways(where, *(ends[end] for end in one.ends))
        if choices and dice.random() < 0.7:
            names = dice.choice(choices)
            narrower = one.model_copy(update={"bandwidth_mbps": one.bandwidth_mbps * dice.choice([0.5, 1])})
            routes.append(way(narrower, along(ends[one.ends[0]], names, where), names, where))
    stays = {name: p for name, p in at.items() if dice.random() < 0.7}
    moves = {name: dice.choice([0.5, 2.0, 9.0]) for name in stays} if seed % 2 else {}
    parts = tuple(
        part.model_copy(update={"allowed_pops": frozenset({stays[part.name]})})
        if not moves and part.name in stays and suitable(part, stays[part.name], where)
        else part
        for part in graph.instances
    )
    standing = Standing(instances=stays, routes=tuple(routes), move_cost_per_hour=moves)
    return (
        graph.model_copy(update={"instances": parts}),
        where,
        with_what_stands(usage, graph, standing),
        standing,
    )


def with_what_stands(usage: Usage, graph: ServiceGraph, standing: Standing) -> Usage:
    pops, links = dict(usage.pops), dict(usage.links)
    needs = {part.name: part.resources for part in graph.instances}
    for name, at in standing.instances.items():
        pops[at] = pops.get(at, Resources.of(0, 0, 0)) + needs[name]
    for route in standing.routes:
        for name in route.physical_links:
            links[name] = links.get(name, 0.0) + route.bandwidth_mbps
    return Usage(pops=pops, links=links)


def ways_of_what_cannot_move(
    graph: ServiceGraph, where: Infrastructure, usage: Usage, standing: Standing
) -> dict[str, Route]:
    places: dict[str, list[str]] = {end.name: [str(end.pop)] for end in graph.endpoints}
    for part in graph.instances:
        places[part.name] = [
            name
            for name, each in where.pops.items()
            if suitable(part, name, where)
            and (
                standing.instances.get(part.name) == name
                or (part.resources + usage.pops.get(name, Resources.of(0, 0, 0))).fits_in(each.capacity)
            )
        ]
    ends = {one.name: one.ends for one in graph.links}
    return {
        route.link: route
        for route in standing.routes
        if [places[end] for end in ends[route.link]] == [[route.pops[0]], [route.pops[-1]]]
        and not set(ends[route.link]) & standing.move_cost_per_hour.keys()
    }


def best(graph: ServiceGraph, where: Infrastructure, usage: Usage, standing: Standing) -> float | None:
    fixed = ways_of_what_cannot_move(graph, where, usage, standing)
    found = optimum(graph, where, usage, standing, fixed)
    return optimum(graph, where, usage, standing) if found is None else found


def with_moves(plan: Plan, standing: Standing) -> float:
    moved = [name for name, at in standing.instances.items() if plan.placements[name] != at]
    return plan.cost_per_hour + sum(standing.move_cost_per_hour.get(name, 0.0) for name in moved)


@pytest.mark.parametrize("seed", SEEDS)
def test_cost_with_moves_is_that_of_brute_force(seed: int) -> None:
    graph, where, usage, standing = standing_case(seed)
    expected = best(graph, where, usage, standing)
    for solver in SOLVERS:
        if expected is None:
            with pytest.raises(InfeasibleError):
                place(graph, where, usage, solver=solver, standing=standing)
        else:
            plan = checked(graph, where, usage, standing, solver=solver)
            assert with_moves(plan, standing) == pytest.approx(expected)
            assert plan.gap == 0.0


def test_the_random_cases_are_of_all_kinds() -> None:
    cases = [standing_case(seed) for seed in SEEDS]
    feasible = [case for case in cases if best(*case) is not None]
    assert 15 <= len(feasible) <= 50
    assert sum(bool(case[3].move_cost_per_hour) for case in feasible) >= 5
    assert sum(bool(ways_of_what_cannot_move(*case)) for case in feasible) >= 5
    assert sum(optimum(*case[:3]) is None for case in feasible) >= 5, "as good as new otherwise"


TWO = infra({"cheap": pop(2, 1.0), "dear": pop(8, 3.0)}, {"w": wire("cheap", "dear", 100, 5)})
FULL = Usage(pops={"cheap": Resources.of(2, 0, 0), "dear": Resources.of(2, 0, 0)})


@pytest.mark.parametrize("solver", SOLVERS)
def test_what_stands_on_a_full_pop_stays(solver: SolverName) -> None:
    graph = service(instance("a-1", 2))
    assert checked(graph, TWO, FULL, solver=solver).placements == {"a-1": "dear"}
    standing = Standing(instances={"a-1": "cheap"})
    assert checked(graph, TWO, FULL, standing, solver=solver).placements == {"a-1": "cheap"}


def test_where_it_does_not_stand_an_instance_needs_its_room() -> None:
    graph = service(instance("a-1", 7, forbidden_pops={"cheap"}))
    with pytest.raises(InfeasibleError, match="dear has 6 of 8 vcpus free, needs 7"):
        place(graph, TWO, FULL, standing=Standing(instances={"a-1": "cheap"}))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("cost", "at"), [(3.9, "cheap"), (4.1, "dear")])
def test_a_move_must_save_what_it_costs(solver: SolverName, cost: float, at: str) -> None:
    standing = Standing(instances={"a-1": "dear"}, move_cost_per_hour={"a-1": cost})
    plan = checked(service(instance("a-1", 2)), TWO, standing=standing, solver=solver)
    assert plan.placements == {"a-1": at}
    assert plan.cost_per_hour == (2.0 if at == "cheap" else 6.0)
    assert plan.gap == 0.0


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_budget_makes_a_move_that_costs_more_than_it_saves(solver: SolverName) -> None:
    standing = Standing(instances={"a-1": "dear"}, move_cost_per_hour={"a-1": 50})
    graph = service(instance("a-1", 2), budget_per_hour=5.0)
    assert checked(graph, TWO, standing=standing, solver=solver).placements == {"a-1": "cheap"}


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_budget_that_no_move_keeps_is_told_with_the_cheapest_placement(solver: SolverName) -> None:
    standing = Standing(instances={"a-1": "dear"}, move_cost_per_hour={"a-1": 50})
    graph = service(instance("a-1", 2), budget_per_hour=1.0)
    with pytest.raises(
        InfeasibleError, match="budget of 1 EUR per hour is below the cheapest placement, 2 EUR"
    ):
        place(graph, TWO, Usage(), solver=solver, standing=standing)


RING = infra(
    {"p": pop(), "q": pop(), "r": pop()},
    {
        "pq": wire("p", "q", 100, 1, 0.1),
        "pr": wire("p", "r", 100, 1, 0.1),
        "rq": wire("r", "q", 100, 1, 0.1),
    },
)
ENDS = (GraphEndpoint(name="e", pop="p"), GraphEndpoint(name="f", pop="q"))
DETOUR = ("p", "r", "q"), ("pr", "rq")


def detour(mbps: float) -> Standing:
    return Standing(routes=(way(link("e", "f", mbps), *DETOUR, RING),))


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_way_is_kept_though_a_cheaper_one_is_free(solver: SolverName) -> None:
    graph = service(endpoints=ENDS, links=(link("e", "f", 60),))
    usage = Usage(links={"pr": 60.0, "rq": 60.0})
    plan = checked(graph, RING, usage, detour(60), solver=solver)
    assert plan.routes[0].physical_links == ("pr", "rq")
    assert plan.cost_per_hour == pytest.approx(60 * 0.2)


@pytest.mark.parametrize("solver", SOLVERS)
def test_only_more_bandwidth_counts_on_a_kept_way(solver: SolverName) -> None:
    graph = service(endpoints=ENDS, links=(link("e", "f", 80),))
    usage = Usage(links={"pr": 75.0, "rq": 60.0, "pq": 100.0})
    plan = checked(graph, RING, usage, detour(60), solver=solver)
    assert (plan.routes[0].physical_links, plan.routes[0].bandwidth_mbps) == (("pr", "rq"), 80)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    ("wanted", "usage"),
    [
        (link("e", "f", 80), Usage(links={"pr": 95.0, "rq": 60.0})),
        (link("e", "f", 60, ms=1), Usage(links={"pr": 60.0, "rq": 60.0})),
    ],
    ids=["too-narrow", "too-slow"],
)
def test_a_way_gives_way_where_it_cannot_stay(solver: SolverName, wanted: GraphLink, usage: Usage) -> None:
    plan = checked(service(endpoints=ENDS, links=(wanted,)), RING, usage, detour(60), solver=solver)
    assert plan.routes[0].physical_links == ("pq",)


def test_a_way_over_a_link_that_is_gone_is_not_kept() -> None:
    where = RING.model_copy(update={"links": {"pq": RING.links["pq"]}})
    plan = checked(service(endpoints=ENDS, links=(link("e", "f", 60),)), where, standing=detour(60))
    assert plan.routes[0].physical_links == ("pq",)


@pytest.mark.parametrize("solver", SOLVERS)
def test_of_equal_ways_the_present_one_stays(solver: SolverName) -> None:
    wires = {f"{a}{b}": wire(a, b, 100, 1) for a, b in itertools.combinations("abcd", 2) if a + b != "ad"}
    where = infra({name: pop() for name in "abcd"}, wires)
    graph = service(instance("i-1", allowed_pops={"a", "b"}), endpoints=(GraphEndpoint(name="e", pop="d"),))
    wanted = link("i-1", "e", 10)
    for middle in "bc":
        here = way(wanted, ("a", middle, "d"), (f"a{middle}", f"{middle}d"), where)
        moves = {"i-1": 1.0}
        standing = Standing(instances={"i-1": "a"}, routes=(here,), move_cost_per_hour=moves)
        plan = checked(graph.model_copy(update={"links": (wanted,)}), where, Usage(), standing, solver=solver)
        assert plan.routes[0].pops == ("a", middle, "d")


def test_the_reason_counts_only_what_is_new() -> None:
    stays, new = instance("a-1", 2, allowed_pops={"dear"}), instance("a-2", 5, allowed_pops={"dear"})
    usage = Usage(pops={"dear": Resources.of(2, 0, 0)})
    standing = Standing(instances={"a-1": "dear"})
    assert checked(service(stays, new), TWO, usage, standing).placements == {"a-1": "dear", "a-2": "dear"}
    more = instance("a-3", 3, allowed_pops={"dear"})
    with pytest.raises(InfeasibleError) as error:
        place(service(stays, new, more), TWO, usage, standing=standing)
    assert str(error.value).startswith("a-2, a-3 can only be on dear: they need 8 vcpus")
    assert "and it has 6 vcpus" in str(error.value)


def test_the_reason_of_a_group_counts_only_what_is_new() -> None:
    pair = instance("a-1", 3), instance("b-1", 5)
    usage = Usage(pops={"dear": Resources.of(3, 0, 0)})
    group = service(*pair, affinity=(("a-1", "b-1"),))
    assert set(checked(group, TWO, usage, Standing(instances={"a-1": "dear"})).placements.values()) == {
        "dear"
    }
    with pytest.raises(InfeasibleError, match="none of dear has 8 vcpus"):
        place(group, TWO, usage)


def test_the_checker_sees_what_does_not_stand() -> None:
    graph = service(instance("a-1", 2))
    plan = checked(graph, TWO)
    assert plan.placements == {"a-1": "cheap"}
    assert violations(plan, graph, TWO, FULL, Standing(instances={"a-1": "cheap"})) == []
    assert violations(plan, graph, TWO, FULL, Standing(instances={"a-1": "dear"})) == ["cheap: vcpus 4 of 2"]
    assert violations(plan, graph, TWO, FULL) == ["cheap: vcpus 4 of 2"]


def test_the_checker_sees_what_a_way_takes_beyond_what_it_holds() -> None:
    graph = service(endpoints=ENDS, links=(link("e", "f", 80),))
    plan = checked(graph, RING)
    assert plan.routes[0].physical_links == ("pq",)
    held = Standing(routes=(way(link("e", "f", 60), ("p", "q"), ("pq",), RING),))
    assert violations(plan, graph, RING, Usage(links={"pq": 80.0}), held) == []
    assert violations(plan, graph, RING, Usage(links={"pq": 90.0}), held) == ["pq: 110 of 100 Mbit/s"]
    assert violations(plan, graph, RING, Usage(links={"pq": 80.0}), detour(60)) == ["pq: 160 of 100 Mbit/s"]
