"""Large networks: what the solver sees of them, and that its answer is that on the whole."""

import itertools
import random
from typing import Any

import pytest

from domain.errors import InfeasibleError, TemporaryError
from domain.infrastructure import Infrastructure
from domain.objectives import Weights
from domain.plans import GraphEndpoint, Plan, ServiceGraph, Standing
from lab.topologies import generate
from placement import topology
from placement.abstraction import abstracting
from placement.abstraction.bounds import Bounds, bounds
from placement.abstraction.reductions import Reduced, reduced
from placement.candidates import candidates
from placement.check import violations
from placement.solve import place
from placement.topology import Usage
from tests.unit.placement_world import FREE, NOTHING, chain, infra, instance, link, pop, service, wire

CLOSE = 1e-6


def whole(
    graph: ServiceGraph, where: Infrastructure, usage: Usage, time_limit_s: float, standing: Standing
) -> Plan:
    return place(graph, where, usage, time_limit_s, "highs", standing)


def abstract(graph: ServiceGraph, where: Infrastructure, usage: Usage = FREE, first: int = 3) -> Plan:
    plan = abstracting.placed(graph, where, usage, NOTHING, 30.0, whole, first)
    assert violations(plan, graph, where, usage) == []
    return plan


def counted(plan: Plan) -> float:
    return plan.cost_per_hour if plan.objective_per_hour is None else plan.objective_per_hour


def bounded(graph: ServiceGraph, where: Infrastructure, usage: Usage = FREE) -> Bounds:
    free = topology.build(where, usage)
    return bounds(graph, where, usage, NOTHING, free, candidates(graph, where, free, NOTHING))


def shrunk(graph: ServiceGraph, where: Infrastructure, usage: Usage = FREE) -> Reduced:
    options = candidates(graph, where, topology.build(where, usage), NOTHING)
    return reduced(graph, where, usage, NOTHING, options)


def wide_case(seed: int) -> tuple[ServiceGraph, Infrastructure, Usage]:
    """Fourteen PoPs, half of which hold nothing, thin links, some of them side by side."""
    dice = random.Random(seed)
    names = [f"p{n}" for n in range(14)]
    pops = {name: pop(dice.choice([0, 0, 2, 3]), dice.choice([1, 2, 3.5])) for name in names}
    pairs = [(names[dice.randrange(n)], names[n]) for n in range(1, 14)]
    pairs += [(dice.choice(names[:7]), dice.choice(names[7:])) for _ in range(6)]
    pairs += dice.sample(pairs, 2)
    wires = {
        f"l{n}": wire(*pair, dice.randint(10, 40), dice.randint(1, 5), dice.choice([0, 0.05, 0.1]))
        for n, pair in enumerate(pairs)
    }
    ends = [GraphEndpoint(name=name, pop=dice.choice(names)) for name in ("e", "f")]
    parts = [instance(name, dice.randint(1, 2)) for name in ("a-1", "b-1", "b-2")]
    links = (
        link("e", "a-1", dice.randint(1, 15)),
        link("a-1", "b-1", dice.randint(1, 15), dice.choice([None, 6])),
        link("a-1", "b-2", dice.randint(1, 15)),
        link("b-1", "f", 5),
        link("b-2", "f", 5),
    )
    graph = service(
        *parts,
        endpoints=tuple(ends),
        links=links,
        chains=(chain(links[0].name, links[1].name, links[3].name, ms=dice.choice([9, 30])),),
        affinity=dice.choice([(), (("a-1", "b-1"),)]),
        anti_affinity=dice.choice([(), (("b-1", "b-2"),)]),
        objective=dice.choice([None, None, Weights(latency=0.2), Weights(balance=1.0)]),
    )
    return graph, infra(pops, wires), Usage(links={"l0": 3.0})


def answer(solve: Any, *case: Any) -> float | None:
    try:
        plan = solve(*case)
    except InfeasibleError:
        return None
    assert plan.gap == 0
    return counted(plan)


@pytest.mark.parametrize("seed", range(40))
def test_on_the_abstraction_as_on_the_whole(seed: int) -> None:
    case = wide_case(seed)
    best = answer(whole, *case, 30.0, NOTHING)
    assert answer(abstract, *case) == (None if best is None else pytest.approx(best, rel=CLOSE))


@pytest.mark.parametrize("seed", range(40))
def test_no_bound_is_above_what_touches_the_pop(seed: int) -> None:
    graph, where, usage = wide_case(seed)
    lower = bounded(graph, where, usage)
    try:
        plan = whole(graph, where, usage, 30.0, NOTHING)
    except InfeasibleError:
        return
    touched = {*plan.placements.values(), *(name for route in plan.routes for name in route.pops)}
    assert max(lower.least, *(lower.touching[name] for name in touched)) <= counted(plan) + CLOSE


def test_of_a_tree_alone_the_bound_is_what_it_costs() -> None:
    pops = {"a": pop(price=5.0), "b": pop(price=1.0), "c": pop(price=3.0)}
    wires = {"ab": wire("a", "b", price=0.1), "bc": wire("b", "c", price=0.1)}
    graph = service(
        instance("x-1"), endpoints=(GraphEndpoint(name="e", pop="a"),), links=(link("e", "x-1", 10),)
    )
    lower = bounded(graph, infra(pops, wires))
    assert lower.least == pytest.approx(2.0)
    assert lower.touching == pytest.approx({"a": 2.0, "b": 2.0, "c": 4.0})  # c: there and back, or there


def test_a_latency_limit_raises_the_bound() -> None:
    pops = {"near": pop(price=3.0), "far": pop(price=1.0), "home": pop(0)}
    wires = {"n": wire("home", "near", ms=1), "f": wire("home", "far", ms=9)}
    links = (link("e", "x-1", 10),)
    graph = service(instance("x-1"), endpoints=(GraphEndpoint(name="e", pop="home"),), links=links)
    limited = graph.model_copy(update={"chains": (chain(links[0].name, ms=5),)})
    assert bounded(graph, infra(pops, wires)).least == pytest.approx(1.0)
    assert bounded(limited, infra(pops, wires)).least > 1.5


def test_what_hangs_on_one_pop_and_holds_nothing_is_cut() -> None:
    """A tree at b; at c a ring, of which d alone could hold something, but is too small."""
    pops = {name: pop(0) for name in "bcdefgh"} | {"a": pop(), "z": pop()}
    ends = ["ab", "bz", "be", "ef", "bc", "cd", "dg", "gc"]
    where = infra(pops, {each: wire(*each) for each in ends})
    seen = shrunk(service(instance("x-1")), where)
    assert set(seen.infrastructure.pops) == {"a", "z"}
    assert list(seen.joined.values()) == [(("ab", "a", "b"), ("bz", "b", "z"))]


def test_links_in_series_become_one_and_are_told_apart_again() -> None:
    pops = {"a": pop(1), "b": pop(0), "c": pop(0), "d": pop(1)}
    wires = {
        "cb": wire("c", "b", 30, 2, 0.01),
        "ab": wire("a", "b", 50, 1, 0.02),
        "dc": wire("d", "c", 90, 4, 0.04),
    }
    graph = service(instance("x-1"), instance("y-1"), links=(link("x-1", "y-1", 20),))
    usage = Usage(links={"dc": 65.0})
    seen = shrunk(graph, infra(pops, wires), usage)
    ((name, joined),) = seen.infrastructure.links.items()
    assert (joined.bandwidth, joined.latency, joined.price_mbps_hour) == pytest.approx((25, 7, 0.07))
    assert len(seen.joined[name]) == 3
    plan = abstract(graph, infra(pops, wires), usage)
    (route,) = plan.routes
    assert (route.latency_ms, len(route.pops)) == (7, 4)


def test_a_part_of_two_links_in_series_is_counted_for_both() -> None:
    """Two graph links over the same thin way: together they do not fit, on the abstraction either."""
    pops = {"a": pop(2), "b": pop(0), "c": pop(0), "d": pop(2)}
    wires = {"ab": wire("a", "b", 100), "bc": wire("b", "c", 25), "cd": wire("c", "d", 100)}
    parts = [instance(name, 2) for name in ("x-1", "y-1")]
    twice = (link("x-1", "y-1", 20), link("y-1", "x-1", 20))
    with pytest.raises(InfeasibleError):
        abstract(service(*parts, links=twice), infra(pops, wires))
    assert abstract(service(*parts, links=twice[:1]), infra(pops, wires)).gap == 0


@pytest.mark.parametrize(("wide", "left"), [(100, {"good"}), (29, {"good", "bad"})])
def test_a_link_beside_a_better_one_is_dropped_if_that_is_wide_enough(wide: float, left: set[str]) -> None:
    wires = {"good": wire("a", "b", wide, 1, 0.1), "bad": wire("b", "a", 500, 1, 0.2)}
    links = (link("x-1", "y-1", 20), link("y-1", "x-1", 10))
    graph = service(instance("x-1"), instance("y-1"), links=links)
    assert shrunk(graph, infra({"a": pop(), "b": pop()}, wires)).infrastructure.links.keys() == left


def test_what_stands_keeps_its_links() -> None:
    pops = {"a": pop(), "b": pop(0), "c": pop()}
    where = infra(pops, {"ab": wire("a", "b"), "bc": wire("b", "c")})
    graph = service(instance("x-1"), instance("y-1"), links=(link("x-1", "y-1", 20),))
    plan = place(graph, where, FREE, solver="highs")
    way = plan.routes[0].model_copy(update={"pops": ("a", "b", "c"), "physical_links": ("ab", "bc")})
    standing = Standing(instances={"x-1": "a", "y-1": "c"}, routes=(way,))
    options = candidates(graph, where, topology.build(where, FREE), standing)
    assert reduced(graph, where, FREE, standing, options).infrastructure.links.keys() == {"ab", "bc"}


def test_the_gap_counts_what_was_left_out() -> None:
    """A solver that proves nothing: the bounds prove what they can."""

    def modest(*case: Any) -> Plan:
        return whole(*case).model_copy(update={"gap": 0.9})

    pops = {f"p{n}": pop(price=1 + n) for n in range(6)}
    where = infra(pops, {f"l{n}": wire(f"p{n}", f"p{n + 1}") for n in range(5)})
    graph = service(instance("x-1"), endpoints=(GraphEndpoint(name="e", pop="p0"),))
    assert abstracting.placed(graph, where, FREE, NOTHING, 30.0, modest, 2).gap == 0
    crowd = service(*(instance(f"x-{n}", 5) for n in range(3)))  # one a PoP: 5 + 10 + 15; bound: 3 * 5
    plan = abstracting.placed(crowd, where, FREE, NOTHING, 30.0, modest, 4)
    assert [plan.cost_per_hour, plan.gap] == pytest.approx([30, 0.5])


def test_where_nothing_is_found_in_time_more_is_seen() -> None:
    seen = []

    def slow(graph: ServiceGraph, where: Infrastructure, *rest: Any) -> Plan:
        seen.append(len(where.pops))
        if len(where.pops) < 6:
            raise TemporaryError("no placement within the time, nor proof of none")
        return whole(graph, where, *rest)

    pops = {f"p{n}": pop(price=1 + n) for n in range(6)}
    graph = service(instance("x-1"), instance("y-1"))
    assert abstracting.placed(graph, infra(pops), FREE, NOTHING, 30.0, slow, 2).cost_per_hour == 2
    assert seen == [2, 6]


def test_the_sea_cables_of_the_world() -> None:
    document = generate("backbone/world")
    where = Infrastructure.model_validate(document)
    names = [name for name in where.pops if not name.startswith("waypoint")]
    ends = (GraphEndpoint(name="e", pop=names[10]), GraphEndpoint(name="f", pop=names[-10]))
    parts = [instance(f"x{n}-1", requires={"dpdk"}) for n in range(4)]
    order = ["e", *(part.name for part in parts), "f"]
    links = tuple(link(*pair, 100) for pair in itertools.pairwise(order))
    graph = service(*parts, endpoints=ends, links=links)
    plan = abstracting.placed(graph, where, FREE, NOTHING, 60.0, whole)
    assert violations(plan, graph, where, FREE) == []
    assert plan.gap == 0
    assert len(shrunk(graph, where).infrastructure.links) < 0.6 * len(where.links)


def test_a_service_without_links_or_without_anything_is_bounded() -> None:
    where = infra({"p": pop(price=1), "q": pop(price=2)})
    assert bounded(service(instance("a-1"), instance("b-1")), where).touching == {"p": 2, "q": 3}
    assert bounded(service(instance("a-1")), where).touching == {"p": 1, "q": 2}
    assert bounded(service(), where) == Bounds(0.0, {"p": 0, "q": 0})
