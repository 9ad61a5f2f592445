"""Services of different objectives, placed together: each counts by its own. Held against brute force."""

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace

import networkx as nx
import pytest

from domain.infrastructure import Infrastructure
from domain.objectives import Objective, Weights, load, weights
from domain.plans import GraphEndpoint
from domain.reoptimisation import RunningService
from placement.moves.clock import Clock
from placement.moves.layout import Estate
from placement.moves.report import report
from placement.moves.search import improved
from placement.solve import Choice, place
from placement.topology import Usage
from tests.unit.placement_world import infra, instance, link, pop, service, wire
from tests.unit.reopt_world import estate, named, running, single, solved, where_is

MIXES: tuple[Objective, ...] = (
    "cost",
    "latency",
    "balance",
    Weights(cost=0, balance=2),
    Weights(cost=3),
    Weights(cost=0.5, latency=0.4, balance=5),
    Weights(cost=0, latency=1),
)
HORIZON_H, ONCE = 100.0, 30.0
SEEDS = range(30)


def world(seed: int) -> tuple[Infrastructure, list[RunningService]]:
    """A ring of four PoPs, wide enough for all, and three services of one or two instances."""
    dice = random.Random(seed)
    names = ["p0", "p1", "p2", "p3"]
    ring = {
        f"l{n}": wire(names[n], names[(n + 1) % 4], 10_000, dice.randint(1, 9), dice.choice([0, 0.01, 0.05]))
        for n in range(4)
    }
    where = infra({name: pop(dice.randint(5, 9), dice.choice([1, 2, 3])) for name in names}, ring)
    services = []
    for number in range(3):
        parts = [instance(f"a-{n}", dice.randint(1, 2), 64, 0) for n in range(1, dice.choice([2, 3]))]
        links = [link("e", "a-1", dice.randint(1, 9))]
        links += [link("a-1", each.name, dice.randint(1, 9)) for each in parts[1:]]
        ends = (GraphEndpoint(name="e", pop=dice.choice(names)),)
        graph = service(*parts, links=tuple(links), endpoints=ends, objective=dice.choice(MIXES))
        at = {each.name: names[number] for each in parts}
        services.append(running(named(f"s{number}", graph), where, at, once=ONCE))
    return where, services


def own(where: Infrastructure, services: list[RunningService]) -> Estate:
    return replace(estate(where, services, horizon_h=HORIZON_H), objective=None)


def least_way(where: Infrastructure, one: str, other: str, price: float, ms: float) -> float:
    """What a way counts, for each unit of price and for each millisecond."""
    net: nx.Graph = nx.Graph()
    for each in where.links.values():
        net.add_edge(*each.between, weight=price * each.price_mbps_hour + ms * each.latency)
    return float(nx.dijkstra_path_length(net, one, other))


def added(amounts: list[tuple[float, float]]) -> float:
    """What load counts that arrives at an empty place, given (weight, share of the place) of each."""
    total = held = 0.0
    for weight, share in sorted(amounts, reverse=True):
        total += weight * (load(held + share) - load(held))
        held += share
    return total


def counted(
    where: Infrastructure, services: list[RunningService], at: Mapping[tuple[str, str], str]
) -> float:
    """The sum over the services of what each counts by itself; infinite where PoPs are too small."""
    total, loads = 0.0, dict[tuple[str, str], list[tuple[float, float]]]()
    for each in services:
        aim, name = weights(each.graph.objective or "cost"), each.graph.service
        ends = {end.name: str(end.pop) for end in each.graph.endpoints}
        for part in each.graph.instances:
            there = at[name, part.name]
            ends[part.name] = there
            offer = where.pops[there]
            total += aim.cost * part.resources.vcpus * offer.prices.vcpu_hour
            total += aim.cost * part.resources.memory / 1024 * offer.prices.memory_gib_hour
            total += ONCE / HORIZON_H if there != each.placements[part.name] else 0.0
            vcpus = part.resources.vcpus / offer.capacity.vcpus
            loads.setdefault((there, "vcpus"), []).append((aim.balance, vcpus))
            memory = part.resources.memory / offer.capacity.memory
            loads.setdefault((there, "memory"), []).append((aim.balance, memory))
        for wanted in each.graph.links:
            one, other = (ends[end] for end in wanted.ends)
            total += least_way(
                where, one, other, aim.cost * wanted.bandwidth_mbps, aim.latency / len(each.graph.links)
            )
    full = any(sum(share for _, share in some) > 1 + 1e-9 for some in loads.values())
    return float("inf") if full else total + sum(map(added, loads.values()))


def everywhere(services: list[RunningService], pops: list[str]) -> Iterator[dict[tuple[str, str], str]]:
    parts = [(each.graph.service, part.name) for each in services for part in each.graph.instances]
    for choice in itertools.product(pops, repeat=len(parts)):
        yield dict(zip(parts, choice, strict=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_batch_is_the_best_for_the_sum_of_all_objectives(seed: int) -> None:
    where, services = world(seed)
    best = min(counted(where, services, at) for at in everywhere(services, [*where.pops]))
    state = own(where, services)
    layout, excess = improved(state, state.start, Clock(20))
    assert state.value(layout) == pytest.approx(best, rel=1e-6)
    assert excess == pytest.approx(0.0, abs=1e-6 * max(1.0, abs(best)))
    there = {(name, part): at for name, spot in layout.items() for part, at in spot.placements.items()}
    assert counted(where, services, there) == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("solver", ["highs", "cbc"])
@pytest.mark.parametrize("seed", range(6))
def test_the_whole_program_counts_the_same(seed: int, solver: Choice) -> None:
    """Without the search, and checked by code that shares nothing with it."""
    from placement.moves.together import Together

    where, services = world(seed)
    graph = Together([each.graph for each in services]).graph
    found, searched = place(graph, where, Usage(), solver=solver), place(graph, where, Usage())
    assert found.objective_per_hour == pytest.approx(searched.objective_per_hour, rel=1e-6)


def test_the_worlds_are_mixed() -> None:
    kinds = [{weights(each.graph.objective or "cost") for each in world(seed)[1]} for seed in SEEDS]
    assert sum(len(some) == 3 for some in kinds) > 8
    assert sum(len({each.balance for each in some} - {0.0}) == 2 for some in kinds) > 3


@pytest.mark.parametrize("seed", SEEDS)
def test_what_moves_gain_is_said_in_the_same_terms(seed: int) -> None:
    where, services = world(seed)
    state = own(where, services)
    solution = solved(state)
    told = report(state, solution, 1, 0.0)
    there = {(n, part): at for n, spot in solution.layout.items() for part, at in spot.placements.items()}
    before = {(each.graph.service, part): at for each in services for part, at in each.placements.items()}
    once = sum(there[key] != before[key] for key in there) * ONCE / HORIZON_H
    gain = counted(where, services, before) - (counted(where, services, there) - once)
    assert told.gain_per_hour == pytest.approx(gain, abs=1e-5)
    assert sum(move.gain_per_hour for move in told.moves) == pytest.approx(gain, abs=1e-5)
    assert told.objectives == {each.graph.service: each.graph.objective for each in services}


def rivals(quick: Objective, cheap: Objective) -> Estate:
    """Room for one where it is near and cheap: who counts the difference more has it."""
    where = infra({"near": pop(1, 1.0), "far": pop(2, 3.0)}, {"l": wire("near", "far", ms=5)})
    ends = (GraphEndpoint(name="e", pop="near"),)
    parts = {"links": (link("e", "a-1", 1),), "endpoints": ends}
    one = named("quick", service(instance("a-1", 1, 64, 0), objective=quick, **parts))
    other = named("cheap", service(instance("a-1", 1, 64, 0), objective=cheap, **parts))
    services = [running(one, where, {"a-1": "far"}, 0.1), running(other, where, {"a-1": "near"}, 0.1)]
    return replace(estate(where, services), objective=None)


@pytest.mark.parametrize(("latency", "goes"), [(0.1, "far"), (1.0, "near")])
def test_who_counts_more_for_a_place_has_it(latency: float, goes: str) -> None:
    """The quick one gains 2 and `5 * latency` there; the cheap one loses twice 2."""
    layout, _ = improved(state := rivals(Weights(latency=latency), Weights(cost=2)), state.start, Clock(20))
    assert (layout["quick"].placements["a-1"] == "near") == (goes == "near")


def test_one_objective_of_the_operator_holds_for_all() -> None:
    state = replace(rivals("latency", "cost"), objective="cost")
    assert {graph.objective for graph in state.graphs.values()} == {"cost"}
    layout, _ = improved(state, state.start, Clock(20))
    assert layout["cheap"].placements["a-1"] == "near"  # what both gain is the same: nobody moves


@pytest.mark.parametrize("seed", range(2))
def test_many_of_different_minds_never_end_worse(seed: int) -> None:
    """In batches: what a batch gains is held against what the others lose by it."""
    dice = random.Random(seed)
    where = infra({f"p{n}": pop(12, dice.choice([1.0, 2.0, 3.0])) for n in range(4)})

    def one(number: int) -> RunningService:
        graph = single(f"s{number}", dice.randint(1, 3)).model_copy(update={"objective": dice.choice(MIXES)})
        return running(graph, where, {"a-1": f"p{number % 4}"}, once=dice.choice([0.1, 20.0]))

    state = own(where, [one(number) for number in range(14)])
    solution = solved(state, seconds=4.0)
    assert state.value(solution.layout) <= state.value(state.start) + 1e-6
    assert solution.order.steps and solution.excess is not None


def test_where_is_what_is_asked_of_each() -> None:
    """Alone, each goes where its own objective has it."""
    where = infra({"cheap": pop(4, 1.0), "idle": pop(40, 1.1)})
    packed = running(single("packed", 3), where, {"a-1": "idle"}, once=0.01)
    even = single("even", 3).model_copy(update={"objective": "balance"})
    state = own(where, [packed, running(even, where, {"a-1": "cheap"}, once=0.01)])
    solution = solved(state)
    assert (where_is(solution, "packed"), where_is(solution, "even")) == ("cheap", "idle")
