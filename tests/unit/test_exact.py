"""The search against the whole program: the same optimum, the same verdict, and honest where it stops."""

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import topohub

from domain.descriptor import Classifier
from domain.errors import InfeasibleError, TemporaryError
from domain.infrastructure import Infrastructure
from domain.plans import GraphChain, GraphEndpoint, GraphLink, Plan, ServiceGraph
from placement.check import violations
from placement.solve import place
from placement.solving import cbc as own_cbc
from placement.solving import children
from placement.solving.solvers import Solvers
from tests.unit import solving_world
from tests.unit.placement_world import FREE, infra, instance, link, pop, random_case, service, wire
from tests.unit.test_placement_standing import standing_case

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

CLOSE = 1e-6

SHAPES = ("chain", "fan", "tree", "mesh", "shared")
OBJECTIVES: tuple[Any, ...] = (None, None, "latency", "balance", {"cost": 1, "latency": 0.02, "balance": 0.3})


def network(name: str, dice: random.Random, tight: bool) -> Infrastructure:
    """A real topology with random capacities and prices."""
    found = topohub.get(name)
    smallest, largest = (2, 5) if tight else (4, 16)
    pops = {
        f"n{number}": pop(
            dice.randint(smallest, largest),
            round(dice.uniform(0.02, 0.06), 4),
            capabilities=["dpdk"] if dice.random() < 0.4 else [],
        )
        for number in range(len(found["nodes"]))
    }
    wires = {
        f"l{number}": wire(
            f"n{edge['source']}",
            f"n{edge['target']}",
            200 if tight else 1000,
            max(0.01, round(edge["dist"] / 200, 4)),
            round(dice.uniform(0.00005, 0.0003), 6),
        )
        for number, edge in enumerate(found["edges"])
    }
    return infra(pops, wires)


def pairs_of(shape: str, names: list[str], dice: random.Random) -> list[tuple[str, str]]:
    """Which parts are joined."""
    straight = list(itertools.pairwise(names))
    if shape == "fan":
        return [(names[0], name) for name in names[1:-1]] + [(name, names[-1]) for name in names[1:-1]]
    if shape == "tree":
        return [(names[dice.randrange(n)], names[n]) for n in range(1, len(names))]
    if shape == "mesh":
        return straight + [
            (names[a], names[b]) for a, b in (dice.sample(range(len(names)), 2) for _ in names)
        ]
    if shape == "shared":
        middle = names[len(names) // 2]
        return straight + [(name, middle) for name in names if abs(names.index(name) - len(names) // 2) > 1]
    return straight


def case(seed: int, size: int, topology: str) -> tuple[ServiceGraph, Infrastructure]:
    """A random service on a real topology; nothing is done for it to be feasible."""
    dice = random.Random(seed)
    tight, shape = dice.random() < 0.5, SHAPES[seed % len(SHAPES)]
    where = network(topology, dice, tight)
    alike = dice.randint(1, 3)
    parts = [
        instance(
            f"c{n}-1",
            alike if shape == "fan" else dice.randint(1, 3),
            requires={"dpdk"} if n == 0 and dice.random() < 0.5 else set(),
        )
        for n in range(size)
    ]
    names = [part.name for part in parts]
    width = dice.choice([10, 40]) if shape == "fan" else None
    joined = [("in", names[0]), (names[-1], "out"), *pairs_of(shape, names, dice)]
    bound = dice.choice([None, None, 8.0])
    links = tuple(
        link(one, other, width or dice.randint(5, 120), bound, tag=f"-{n}")
        for n, (one, other) in enumerate(joined)
    )
    ends = dice.sample(list(where.pops), 2)
    budget = dice.choice([None, None, 0.06 * size])
    graph = service(
        *parts,
        endpoints=(GraphEndpoint(name="in", pop=ends[0]), GraphEndpoint(name="out", pop=ends[1])),
        links=links,
        chains=chains(shape, links, names, dice),
        affinity=((names[0], names[1]),) if dice.random() < 0.3 else (),
        anti_affinity=(tuple(names[1:-1]),) if dice.random() < 0.4 and size < 6 else (),
        budget_per_hour=budget,
    )
    aim = OBJECTIVES[dice.randrange(len(OBJECTIVES))]
    return ServiceGraph.model_validate({**graph.model_dump(), "objective": aim}), where


def chains(
    shape: str, links: tuple[GraphLink, ...], names: list[str], dice: random.Random
) -> tuple[GraphChain, ...]:
    """The ways through a chain or a fan, with one bound for all; none through what is no way."""
    limit = dice.choice([None, 6.0, 12.0, 25.0])
    if shape == "chain":
        return (_way("way", [links[0], *links[2:], links[1]], limit),)
    if shape == "fan":
        half = len(names) - 2
        into, out = links[2 : 2 + half], links[2 + half :]
        return tuple(
            _way(f"way-{n}", [links[0], one, other], limit)
            for n, (one, other) in enumerate(zip(into, out, strict=True))
        )
    return ()


def _way(name: str, links: list[GraphLink], limit: float | None) -> GraphChain:
    names = tuple(one.name for one in links)
    return GraphChain(name=name, chain="c", classifier=Classifier(), links=names, latency_ms=limit)


def outcome(graph: ServiceGraph, where: Infrastructure, solver: Any, **more: Any) -> Plan | str:
    """The plan, checked, or how there is none."""
    usage = more.pop("usage", FREE)
    try:
        plan = place(graph, where, usage, solver=solver, **more)
    except InfeasibleError as error:
        return str(error)
    assert violations(plan, graph, where, usage, more.get("standing")) == []
    assert plan.gap == 0
    return plan


def assert_same(graph: ServiceGraph, where: Infrastructure, **more: Any) -> Plan | str:
    """By search and by the whole program."""
    ours, reference = outcome(graph, where, "auto", **more), outcome(graph, where, "highs", **more)
    if isinstance(reference, str) or isinstance(ours, str):
        assert ours == reference
    else:
        assert ours.objective_per_hour == pytest.approx(reference.objective_per_hour, rel=CLOSE, abs=1e-9)
    return ours


# --- the same answers ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_small_cases_have_the_same_answer(seed: int) -> None:
    graph, where, usage = random_case(seed)
    assert_same(graph, where, usage=usage)


@pytest.mark.parametrize("seed", range(60))
def test_cases_with_something_standing_have_the_same_answer(seed: int) -> None:
    graph, where, usage, standing = standing_case(seed)
    assert_same(graph, where, usage=usage, standing=standing)


@pytest.mark.parametrize("seed", range(40))
def test_cases_on_a_real_topology_have_the_same_answer(seed: int) -> None:
    assert_same(*case(seed, 3 + seed % 3, "topozoo/Abilene"), time_limit_s=100.0)


def test_those_cases_are_of_both_kinds() -> None:
    found = [outcome(*case(seed, 3 + seed % 3, "topozoo/Abilene"), "auto") for seed in range(40)]
    assert 5 <= sum(isinstance(one, str) for one in found) <= 30
    assert sum(isinstance(one, Plan) and one.solver == "search" for one in found) >= 5


@pytest.mark.parametrize("seed", range(100, 110))
def test_larger_cases_have_the_same_answer(seed: int) -> None:
    assert_same(*case(seed, 5, "sndlib/polska"), time_limit_s=100.0)


# --- what the search leaves to solvers -------------------------------------------------------------

PARALLEL = infra(
    {"p": pop(), "q": pop()}, {"w": wire("p", "q", 100, 1, 0.1), "x": wire("q", "p", 100, 2, 0.2)}
)
CROWDED = service(
    endpoints=(GraphEndpoint(name="e", pop="p"), GraphEndpoint(name="f", pop="q")),
    links=(link("e", "f", 60), link("f", "e", 50)),
)
"""Both links want the cheaper wire, which carries one only: the bound is below each plan."""
CHEAPEST = 60 * 0.1 + 50 * 0.2
BROKEN = "sys.stderr.write('broken'); sys.exit(3)"


@contextmanager
def behaving(tmp_path: Path, highs: str | None = None, cbc: str | None = None) -> Iterator[Solvers]:
    """Solvers of which some do what is said here."""
    found = Solvers(
        children.OWN if highs is None else solving_world.highs(highs),
        own_cbc.OWN if cbc is None else solving_world.cbc(tmp_path, cbc),
    )
    try:
        yield found
    finally:
        found.close()


def test_the_rest_is_solved(tmp_path: Path) -> None:
    with behaving(tmp_path) as solvers:
        plan = place(CROWDED, PARALLEL, FREE, solvers=solvers)
    assert plan.cost_per_hour == pytest.approx(CHEAPEST)
    assert plan.gap == 0 and plan.solver in ("highs", "cbc")


def test_cbc_takes_over_where_highs_breaks(tmp_path: Path) -> None:
    with behaving(tmp_path, highs=BROKEN) as solvers:
        plan = place(CROWDED, PARALLEL, FREE, solvers=solvers)
    assert plan.cost_per_hour == pytest.approx(CHEAPEST)
    assert (plan.gap, plan.solver) == (0, "cbc")


@pytest.mark.parametrize(
    "lie",
    [
        "say(Answer(State.INFEASIBLE))",
        "say(Answer(State.OPTIMAL, values=zeros, bound=0.0))",
        "say(Answer(State.OPTIMAL, values=zeros + 1, bound=0.0))",
    ],
)
def test_a_solver_that_lies_is_not_believed(tmp_path: Path, lie: str) -> None:
    with behaving(tmp_path, highs=lie) as solvers:
        plan = place(CROWDED, PARALLEL, FREE, solvers=solvers)
    assert plan.cost_per_hour == pytest.approx(CHEAPEST)
    assert (plan.gap, plan.solver) == (0, "cbc")


def test_the_searchs_own_plan_is_the_answer_where_no_solver_works(tmp_path: Path) -> None:
    with behaving(tmp_path, highs=BROKEN, cbc="exit 3") as solvers:
        plan = place(CROWDED, PARALLEL, FREE, solvers=solvers)
    assert violations(plan, CROWDED, PARALLEL, FREE) == []
    assert plan.solver == "search"
    assert plan.cost_per_hour * (1 - plan.gap) <= CHEAPEST


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_no_solver_works(tmp_path: Path, solver: Any) -> None:
    with (
        behaving(tmp_path, highs=BROKEN, cbc="exit 3") as solvers,
        pytest.raises(TemporaryError, match="no placement: "),
    ):
        place(CROWDED, PARALLEL, FREE, solver=solver, solvers=solvers)


def test_a_budget_below_the_bound_is_refused_though_no_solver_works(tmp_path: Path) -> None:
    poor = CROWDED.model_copy(update={"budget_per_hour": 1.0})
    with (
        behaving(tmp_path, highs=BROKEN, cbc="exit 3") as solvers,
        pytest.raises(InfeasibleError, match="the budget of 1 EUR per hour is below any placement"),
    ):
        place(poor, PARALLEL, FREE, solvers=solvers)


def test_a_budget_between_bound_and_plan_is_open_where_no_solver_works(tmp_path: Path) -> None:
    short = CROWDED.model_copy(update={"budget_per_hour": CHEAPEST - 1})
    with (
        behaving(tmp_path, highs=BROKEN, cbc="exit 3") as solvers,
        pytest.raises(TemporaryError, match="no placement within the budget of 15 EUR per hour was found"),
    ):
        place(short, PARALLEL, FREE, solvers=solvers)


# --- little time -----------------------------------------------------------------------------------


def test_the_gap_is_honest_at_a_tiny_time_limit() -> None:
    graph, where = case(3, 6, "sndlib/germany50")
    best = place(graph, where, FREE, time_limit_s=60)
    hasty = place(graph, where, FREE, time_limit_s=0.01)
    assert violations(hasty, graph, where, FREE) == []
    assert best.objective_per_hour is not None and hasty.objective_per_hour is not None
    assert hasty.objective_per_hour * (1 - hasty.gap) <= best.objective_per_hour * (1 + CLOSE)
    assert hasty.objective_per_hour >= best.objective_per_hour * (1 - CLOSE)


def test_five_hundred_components_have_an_answer_with_its_gap() -> None:
    dice = random.Random(5)
    where = network("sndlib/germany50", dice, tight=False)
    roomy = {
        name: pop(64, each.prices.vcpu_hour, memory=1 << 20, disk=9999) for name, each in where.pops.items()
    }
    big = infra(roomy).model_copy(update={"links": where.links})
    parts = [instance(f"c{n}-1", dice.randint(1, 3)) for n in range(500)]
    joined = pairs_of("tree", [part.name for part in parts], dice)
    graph = service(*parts, links=tuple(link(one, other, 1) for one, other in joined))
    plan = place(graph, big, FREE, time_limit_s=10)
    assert violations(plan, graph, big, FREE) == []
    assert 0 <= plan.gap < 1
