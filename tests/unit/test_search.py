"""The parts of the search, each against what brute force or the whole program says."""

import itertools
import random

import numpy as np
import pytest

from domain.errors import InfeasibleError
from domain.infrastructure import Infrastructure
from domain.plans import GraphEndpoint, Plan, ServiceGraph, Standing
from placement import topology
from placement.candidates import candidates
from placement.needs import Needs
from placement.search.ascent import Climb
from placement.search.bearings import Bearings
from placement.search.clock import Clock
from placement.search.cuts import narrow
from placement.search.finding import find
from placement.search.forest import forest, sweep
from placement.search.hurry import hurried, in_time
from placement.search.likeness import classes
from placement.search.puzzle import Puzzle
from placement.search.puzzle import puzzle as puzzle_of
from placement.search.quotient import quick_enough, quotient
from placement.search.reduction import places_within
from placement.search.relaxation import Relaxation
from placement.search.setting import Setting
from placement.search.states import Layers
from placement.solve import place
from placement.topology import Usage
from tests.unit.placement_world import (
    FREE,
    chain,
    infra,
    instance,
    link,
    pop,
    random_case,
    service,
    wire,
)
from tests.unit.test_exact import CROWDED, PARALLEL, case

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")
SEEDS = range(30)
NONE_STANDS = Standing()
PATIENT = Clock(1e9, 1e9)


def setting(graph: ServiceGraph, where: Infrastructure, usage: Usage = FREE) -> Setting:
    free = topology.build(where, usage)
    options = candidates(graph, where, free, NONE_STANDS)
    fixed = Needs(NONE_STANDS).fixed(graph, options, free)
    return Setting(graph, where, usage, NONE_STANDS, free, options, fixed)


def small(seed: int) -> tuple[ServiceGraph, Infrastructure, Plan] | None:
    """A feasible case without a budget and its optimum by the whole program; None where it is infeasible."""
    graph, where = case(seed, 4, "topozoo/Abilene")
    graph = graph.model_copy(update={"budget_per_hour": None})
    try:
        return graph, where, place(graph, where, FREE, solver="highs")
    except InfeasibleError:
        return None


def feasible(seed: int) -> tuple[ServiceGraph, Infrastructure, Plan]:
    """The first case of a seed that has a plan."""
    return next(found for number in itertools.count() if (found := small(seed + 100 * number)))


def puzzle(given: Setting) -> Puzzle:
    return puzzle_of(given, PATIENT)


def never() -> bool:
    return False


def relaxation(given: Puzzle) -> Relaxation:
    whole = quotient(given, classes(given))
    return Relaxation(whole, quick_enough(whole, never), PATIENT)


def places(given: Puzzle, plan: Plan) -> list[int]:
    """Block -> PoP of a plan."""
    where = {**plan.placements, **plan.endpoints}
    return [given.terrain.number[where[block.members[0]]] for block in given.blocks]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sweep_finds_the_least_sum_and_that_with_each_label(seed: int) -> None:
    dice = np.random.default_rng(seed)
    sizes = [int(dice.integers(1, 4)) for _ in range(5)]
    pairs = [(int(dice.integers(0, n)), n) for n in range(1, 5) if dice.random() < 0.8] + [(0, 4), (1, 3)]
    branches, outside = forest(5, pairs)
    unary = [dice.random(size) for size in sizes]
    ties = [dice.random((sizes[one], sizes[other])) for one, other in pairs]
    turned = [ties[n] for n in range(len(pairs))]
    for branch in branches:
        if pairs[branch.tie][0] != branch.child:
            turned[branch.tie] = ties[branch.tie].T
    found = sweep(branches, unary, turned)
    inside = [n for n in range(len(pairs)) if n not in outside]
    sums = {
        labels: sum(unary[n][label] for n, label in enumerate(labels))
        + sum(ties[n][labels[pairs[n][0]], labels[pairs[n][1]]] for n in inside)
        for labels in itertools.product(*map(range, sizes))
    }
    assert found.least == pytest.approx(min(sums.values()))
    assert sums[tuple(found.labels)] == pytest.approx(found.least)
    for node, label in [(n, at) for n, size in enumerate(sizes) for at in range(size)]:
        least = min(total for labels, total in sums.items() if labels[node] == label)
        assert found.rise[node][label] == pytest.approx(least - found.least)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_bound_is_above_the_optimum_and_nothing_of_it_is_left_out(seed: int) -> None:
    graph, where, plan = feasible(seed)
    assert plan.objective_per_hour is not None
    best, given = plan.objective_per_hour, puzzle(setting(graph, where))
    at = places(given, plan)
    climb = Climb.begun(relaxation(given))
    for steps in (0, 5, 25):
        climb.climb(steps, np.inf, never)
        climb.settle(3, never)
        assert climb.best.bound <= best * (1 + 1e-9) + 1e-9
        bearings = Bearings(climb.relaxation)
        masks = places_within(bearings, climb.best, best - climb.best.bound + 1e-6 * (1 + best))
        for block, node in enumerate(bearings.nodes):
            assert at[block] in bearings.pops[block][masks[node]]
        smaller = climb.relaxation.narrowed(masks)
        assert smaller.evaluate(climb.prices).bound <= best * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_all_placements_below_a_limit_are_found(seed: int) -> None:
    graph, where, plan = feasible(seed)
    assert plan.objective_per_hour is not None
    given = puzzle(setting(graph, where))
    climb = Climb.begun(relaxation(given))
    climb.climb(10, np.inf, never)
    climb.settle(2, never)
    layers = Layers(Bearings(climb.relaxation), climb.best, climb.prices)
    limit = plan.objective_per_hour * (1 + 1e-6) + 1e-6
    states = layers.all_below(limit, 1_000_000, never)
    assert states.is_all
    costs = [tuple(sorted(state)) for state in states.at.tolist()]
    assert tuple(sorted(places(given, plan))) in costs


def test_replicas_that_are_alike_are_one_class() -> None:
    where = infra({"p": pop(), "q": pop()}, {"w": wire("p", "q")})
    webs = [instance(f"web-{n}") for n in range(1, 5)]
    links = [link(one, web.name, 5) for web in webs for one in ("lb-1", "db-1")]
    graph = service(instance("lb-1"), instance("db-1", 2), *webs, links=tuple(links))
    given = puzzle(setting(graph, where))
    found = classes(given)
    assert len(set(found.blocks)) == 3
    assert len(set(found.links)) == 2
    apart = graph.model_copy(update={"anti_affinity": (("web-1", "web-2"),)})
    assert len(set(classes(puzzle(setting(apart, where))).blocks)) == 4


def test_an_affinity_group_is_one_block() -> None:
    where = infra({"p": pop(4), "q": pop(3)}, {"w": wire("p", "q")})
    graph = service(instance("a-1", 2), instance("b-1", 2), affinity=(("a-1", "b-1"),))
    given = puzzle(setting(graph, where))
    assert [block.members for block in given.blocks] == [("a-1", "b-1")] or len(given.blocks) == 1
    assert [given.terrain.pops[p] for p in given.blocks[0].pops] == ["p"]


def test_members_of_a_group_that_must_be_apart_have_no_placement() -> None:
    where = infra({"p": pop(), "q": pop()})
    graph = service(
        instance("a-1"), instance("b-1"), affinity=(("a-1", "b-1"),), anti_affinity=(("a-1", "b-1"),)
    )
    found = find(setting(graph, where), 1.0)
    assert found.best is None and found.left is None


def test_what_is_crowded_is_left_with_its_own_plan_in_it() -> None:
    found = find(setting(CROWDED, PARALLEL), 1.0)
    assert found.best is not None and found.left is not None
    assert found.bound < found.best.value
    for way in found.best.ways:
        taken = zip(way.physical_links, way.pops, way.pops[1:], strict=False)
        assert set(taken) <= found.left.arcs[way.link]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_search_proves_is_what_the_whole_program_says(seed: int) -> None:
    dice = random.Random(seed)
    graph, where, usage = random_case(dice.randrange(10_000))
    graph = graph.model_copy(update={"budget_per_hour": None})
    try:
        best: float | None = place(graph, where, usage, solver="highs").objective_per_hour
    except InfeasibleError:
        best = None
    options = candidates(graph, where, topology.build(where, usage), NONE_STANDS)
    if not all(options.values()):
        return
    found = find(setting(graph, where, usage), 1.0)
    if best is None:
        assert found.best is None
    else:
        assert found.bound <= best * (1 + 1e-6) + 1e-9
        assert found.best is None or found.best.value >= best * (1 - 1e-6) - 1e-9
        assert found.left is not None or found.best is not None


def two_coasts(
    dice: random.Random, bridge: float, detour_ms: float, apart: bool
) -> tuple[ServiceGraph, Infrastructure]:
    """Two meshed coasts with a narrow link between them, and one that is wide and slow; two ways through."""
    pops = {name: pop(price=dice.randint(1, 9)) for name in ("a1", "a2", "b1", "b2")}
    wires = {
        "a": wire("a1", "a2"),
        "b": wire("b1", "b2"),
        "bridge": wire("a1", "b1", bridge, 1),
        "detour": wire("a2", "b2", 1000, detour_ms),
    }
    mbps = {name: dice.choice([40, 60, 100]) for name in ("x-1", "y-1")}
    links = [link(*ends, mbps[name]) for name in mbps for ends in (("in", name), (name, "out"))]
    graph = service(
        *(instance(name) for name in mbps),
        endpoints=(GraphEndpoint(name="in", pop="a1"), GraphEndpoint(name="out", pop="b1")),
        links=tuple(links),
        chains=tuple(chain(links[n].name, links[n + 1].name, ms=6.0) for n in (0, 2)),
        anti_affinity=(("x-1", "y-1"),) if apart else (),
    )
    return graph, infra(pops, wires)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_must_cross_a_narrow_cut_is_refused_as_the_whole_program_does(seed: int) -> None:
    dice = random.Random(seed)
    bridge, detour_ms = dice.choice([90, 120, 170, 200]), dice.choice([1, 20])
    graph, where = two_coasts(dice, bridge, detour_ms, dice.random() < 0.5)
    needed = sum(each.bandwidth_mbps for each in graph.links) / 2
    fits = needed <= bridge or detour_ms == 1
    for solver in ("auto", "highs"):
        if fits:
            assert place(graph, where, FREE, solver=solver).gap == 0
        else:
            with pytest.raises(InfeasibleError):
                place(graph, where, FREE, solver=solver)


def test_the_narrow_cut_is_the_reason() -> None:
    graph, where = two_coasts(random.Random(3), 110, 20, False)
    needed = sum(each.bandwidth_mbps for each in graph.links) / 2
    assert needed > 110
    words = f"{needed:g} Mbit/s between in and out, but .* have 110 Mbit/s"
    with pytest.raises(InfeasibleError, match=words):
        place(graph, where, FREE)


@pytest.mark.parametrize("seed", range(100))
def test_no_cut_and_no_hurry_is_in_the_way_of_a_plan(seed: int) -> None:
    graph, where, plan = feasible(seed)
    given = puzzle(setting(graph, where))
    pops = [block.pops for block in given.blocks]
    usable = in_time(given, pops, never)
    assert narrow(given, pops, usable) is None
    ways = {way.link: way.physical_links for way in plan.routes}
    for each, some in zip(given.links, usable, strict=True):
        taken = [given.terrain.names.index(name) for name in ways[each.name]]
        assert some[taken].all()


def test_a_way_that_is_too_slow_does_not_count() -> None:
    wires = {"slow": wire("a", "b", ms=30, price=0.1), "quick": wire("a", "b", ms=5, price=1.0)}
    links = link("in", "x-1", 10), link("x-1", "out", 10)
    graph = service(
        instance("x-1"),
        endpoints=(GraphEndpoint(name="in", pop="a"), GraphEndpoint(name="out", pop="b")),
        links=links,
        chains=(chain(*(each.name for each in links), ms=10.0),),
    )
    where = infra({"a": pop(), "b": pop()}, wires)
    given = puzzle(setting(graph, where))
    blind = relaxation(given)
    seeing = Relaxation(hurried(blind.whole, blind.pops, never), blind.pops, PATIENT)
    assert blind.evaluate(blind.nothing()).bound == pytest.approx(1 + 10 * 0.1)
    assert seeing.evaluate(seeing.nothing()).bound == pytest.approx(1 + 10 * 1.0)
    assert place(graph, where, FREE, solver="highs").cost_per_hour == pytest.approx(1 + 10 * 1.0)


@pytest.mark.parametrize("seed", range(100))
def test_a_hurried_bound_is_not_above_the_optimum(seed: int) -> None:
    graph, where, plan = feasible(seed)
    assert plan.objective_per_hour is not None
    best, given = plan.objective_per_hour, puzzle(setting(graph, where))
    calm = relaxation(given)
    whole = hurried(calm.whole, calm.pops, never)
    climb = Climb.begun(Relaxation(whole, calm.pops, PATIENT))
    assert climb.best.bound >= calm.evaluate(calm.nothing()).bound - 1e-9 * (1 + best)
    climb.climb(10, best, never)
    climb.settle(3, never)
    assert climb.best.bound <= best * (1 + 1e-9) + 1e-9
    limit = best * (1 + 1e-6) + 1e-6
    states = Layers(Bearings(climb.relaxation), climb.best, climb.prices).all_below(limit, 1_000_000, never)
    assert states.is_all and len(states.sums)
