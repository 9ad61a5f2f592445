"""What a placement is good at: each objective against brute force, and what licences and energy do."""

import itertools
import random
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from domain.errors import InfeasibleError
from domain.infrastructure import Infrastructure, Resources
from domain.objectives import Objective, Weights, load, weights
from domain.plans import GraphEndpoint, Plan, ServiceGraph, Standing
from domain.pricing import instance_cost, licence_price
from placement import model, topology
from placement.candidates import candidates
from placement.check import violations
from placement.needs import Needs
from placement.objective import Aim, added_load, growth, latency_shares, objective_of
from placement.search.clock import Clock
from placement.search.puzzle import puzzle
from placement.search.setting import Setting
from placement.solve import Choice, place
from placement.topology import Usage
from tests.unit.placement_world import (
    FREE,
    NOTHING,
    chain,
    checked,
    infra,
    instance,
    link,
    optimum,
    pop,
    random_case,
    service,
    wire,
)

# --- brute force -----------------------------------------------------------------------------------


def random_objective(dice: random.Random) -> Objective:
    mixes = [
        Weights(cost=1, latency=0.3),
        Weights(cost=0, latency=1),
        Weights(cost=0, balance=2),
        Weights(cost=0.5, balance=3),
        Weights(cost=1, latency=0.2, balance=1.5),
    ]
    return dice.choice(["latency", "balance", *mixes])


def weighted_case(seed: int) -> tuple[ServiceGraph, Infrastructure, Usage, Standing]:
    """A random case with licences, energy, an objective, a component in two chains and a link to itself."""
    graph, where, usage = random_case(seed)
    dice = random.Random(seed + 500)
    pops = {
        name: place_.model_copy(
            update={
                "capacity": place_.capacity + Resources.of(dice.choice([0, 4]), 0, 2),
                "energy": place_.energy.model_copy(
                    update={
                        "watts_per_vcpu": dice.choice([0.0, 40.0]),
                        "watts_per_instance": dice.choice([0.0, 100.0]),
                        "price_kwh": dice.choice([0.1, 5.0]),
                    }
                ),
                "prices": place_.prices.model_copy(
                    update={"licences": dice.choice([{}, {"acme": dice.choice([0.0, 2.5])}])}
                ),
            }
        )
        for name, place_ in where.pops.items()
    }
    licences = dice.choice([{}, {"acme": 1.0}, {"acme": 4.0}])
    parts = [
        each.model_copy(update={"licences": frozenset(dice.choice([(), (), ("acme",)]))})
        for each in graph.instances
    ]
    itself = link("a-1", "a-1", dice.randint(1, 9))
    both = [
        chain(*(each.name for each in graph.links[:2]), ms=dice.choice([6, 20])),
        chain(graph.links[2].name, itself.name, graph.links[2].name, ms=40),
    ]
    chains = [each.model_copy(update={"chain": f"c{n}"}) for n, each in enumerate(both)]
    chains.append(chains[0].model_copy(update={"name": "other", "links": (graph.links[0].name,)}))
    graph = graph.model_copy(
        update={
            "instances": tuple(parts),
            "links": (*graph.links, itself),
            "chains": tuple(dice.choice([chains, chains, []])),
            "affinity": (),
            "objective": random_objective(dice),
            "budget_per_hour": dice.choice([None, None, 9.0, 20.0]),
        }
    )
    at = {name: dice.choice(list(pops)) for name in ("a-1", "b-1")}
    moves = {name: dice.choice([0.5, 3.0]) for name in at}
    standing = Standing(instances=at, move_cost_per_hour=moves) if seed % 3 == 0 else NOTHING
    for name, stood in standing.instances.items():
        needs = next(each.resources for each in parts if each.name == name)
        used = usage.pops.get(stood, Resources.of(0, 0, 0)) + needs
        usage = Usage(pops={**usage.pops, stood: used}, links=usage.links)
    return graph, where.model_copy(update={"pops": pops, "licences": licences}), usage, standing


CASES: list[tuple[Choice, int]] = [
    *(("auto", seed) for seed in range(140)),
    *(("highs", seed) for seed in range(60)),
    *(("cbc", seed) for seed in range(30)),
]


@pytest.mark.parametrize(("solver", "seed"), CASES)
def test_what_a_plan_counts_is_that_of_brute_force(solver: Choice, seed: int) -> None:
    graph, where, usage, standing = weighted_case(seed)
    best = optimum(graph, where, usage, standing)
    if best is None:
        with pytest.raises(InfeasibleError):
            place(graph, where, usage, solver=solver, standing=standing)
    else:
        plan = checked(graph, where, usage, standing, solver=solver)
        assert plan.objective_per_hour == pytest.approx(best)
        assert plan.gap == pytest.approx(0.0, abs=1e-6)


def test_the_weighted_cases_are_of_all_kinds() -> None:
    cases = [weighted_case(seed) for seed in range(90)]
    feasible = [case for case in cases if optimum(*case) is not None]
    assert 30 <= len(feasible) <= 80
    assert sum(any(part.licences for part in case[0].instances) for case in feasible) >= 8
    assert sum(bool(case[3].instances) for case in feasible) >= 8
    assert sum(case[0].budget_per_hour is not None for case in feasible) >= 8


# --- each objective --------------------------------------------------------------------------------

NEAR_AND_FAR = infra(
    {"near": pop(8, 3.0), "far": pop(8, 1.0)},
    {"quick": wire("near", "far", 100, 2, 0.5), "slow": wire("near", "far", 100, 20, 0.0)},
)
USERS = (GraphEndpoint(name="e", pop="near"),)


def app(**more: Any) -> ServiceGraph:
    return service(instance("a-1"), endpoints=USERS, links=(link("e", "a-1"),), **more)


def test_cost_is_the_objective_where_none_is_given() -> None:
    plan = checked(app(), NEAR_AND_FAR)
    assert (plan.placements["a-1"], plan.routes[0].physical_links) == ("far", ("slow",))
    assert plan.objective_per_hour == plan.cost_per_hour == 1.0


def test_latency_goes_before_cost() -> None:
    plan = checked(app(objective="latency"), NEAR_AND_FAR)
    assert (plan.placements["a-1"], plan.routes[0].latency_ms) == ("near", 0.0)
    bound = service(instance("a-1", allowed_pops={"far"}), endpoints=USERS, links=(link("e", "a-1"),))
    plan = checked(bound.model_copy(update={"objective": "latency"}), NEAR_AND_FAR)
    assert plan.routes[0].physical_links == ("quick",)
    assert plan.objective_per_hour == pytest.approx(1000 * 2.0 + 1.0 + 10 * 0.5)


def test_cost_decides_between_equals() -> None:
    where = infra({"dear": pop(8, 3.0), "cheap": pop(8, 1.0)}, {"w": wire("dear", "cheap", ms=0)})
    for objective in ("latency", "balance"):
        graph = service(instance("a-1"), endpoints=(GraphEndpoint(name="e", pop="dear"),))
        plan = checked(graph.model_copy(update={"objective": objective}), where)
        assert plan.placements == {"a-1": "cheap"}


def test_a_weight_is_what_a_millisecond_is_worth() -> None:
    where = infra({"near": pop(8, 3.0), "far": pop(8, 1.0)}, {"w": wire("near", "far", 100, 10)})
    assert checked(app(objective=Weights(latency=0.19)), where).placements == {"a-1": "far"}
    assert checked(app(objective=Weights(latency=0.21)), where).placements == {"a-1": "near"}


def test_balance_spreads_what_cost_would_pack() -> None:
    where = infra(
        {"a": pop(8, 1.0, memory=8192), "b": pop(8, 1.1, memory=8192), "c": pop(8, 1.2, memory=8192)}
    )
    parts = [instance(f"i-{n}", 2) for n in range(3)]
    assert set(checked(service(*parts), where).placements.values()) == {"a"}
    spread = checked(service(*parts, objective="balance"), where)
    assert set(spread.placements.values()) == {"a", "b", "c"}


def test_many_alike_are_spread_without_a_solver() -> None:
    names = [f"p{number}" for number in range(40)]
    where = infra(
        {name: pop(8, 1.0) for name in names},
        {f"{one}-{other}": wire(one, other) for one, other in itertools.pairwise(names)},
    )
    parts = [instance(f"i-{number}", 3) for number in range(8)]
    links = tuple(link(one.name, other.name) for one, other in itertools.pairwise(parts))
    plan = checked(service(*parts, links=links, objective=Weights(cost=0, balance=1)), where)
    assert len(set(plan.placements.values())) == 8
    assert (plan.solver, plan.gap) == ("search", 0.0)


def test_the_search_counts_load_as_the_model_does() -> None:
    graph = service(instance("i-1", 2, 3000), instance("j-1", 3, 2000), objective=Weights(balance=2))
    where = infra({"p": pop(8, memory=8000), "none": pop(0, memory=0)})
    usage = Usage(pops={"p": Resources.of(1, 2000, 0)})
    free = topology.build(where, usage)
    options = {"i-1": ("p",), "j-1": ("p",)}
    setting = Setting(graph, where, usage, NOTHING, free, options, {})
    numbers = puzzle(setting, Clock(60.0, 60.0))
    demand, left = numbers.blocks[1].demand, numbers.terrain.free - np.array([[2, 3000, 0], [0, 0, 0]])
    extra = numbers.crowding.extra(1, np.array([0]), demand, left)
    alone = sum(growth(1, n, 8) for n in (2, 3)) + sum(growth(2000, n, 8000) for n in (3000, 2000))
    both = added_load(graph, where, usage, NOTHING, {"i-1": "p", "j-1": "p"}, {"i-1", "j-1"})
    assert extra[0] == pytest.approx(2 * (both - alone))
    assert numbers.crowding.extra(1, np.array([1]), demand, left)[0] == 0.0


def test_balance_looks_at_what_is_taken_already() -> None:
    where = infra({"busy": pop(8, 1.0), "idle": pop(8, 2.0)})
    usage = Usage(pops={"busy": Resources.of(5, 5000, 0)})
    assert checked(service(instance("a-1", 1)), where, usage).placements == {"a-1": "busy"}
    balanced = service(instance("a-1", 1), objective=Weights(balance=1))
    assert checked(balanced, where, usage).placements == {"a-1": "idle"}


def test_a_pop_without_one_resource_counts_no_load_of_it() -> None:
    where = infra({"p": pop(4, memory=0, disk=0)})
    plan = checked(service(instance("a-1", 4, 0, 0), objective=Weights(cost=0, balance=1)), where)
    assert plan.objective_per_hour == pytest.approx(load(1.0))


def test_the_operators_objective_holds_where_the_service_has_none() -> None:
    where = NEAR_AND_FAR.model_copy(update={"objective": "latency"})
    assert checked(app(), where).placements == {"a-1": "near"}
    assert checked(app(objective="cost"), where).placements == {"a-1": "far"}


def test_the_budget_bounds_every_objective() -> None:
    assert checked(app(objective="latency", budget_per_hour=1.5), NEAR_AND_FAR).placements == {"a-1": "far"}
    with pytest.raises(InfeasibleError, match="below the cheapest placement, 1 EUR"):
        place(app(objective="latency", budget_per_hour=0.5), NEAR_AND_FAR, FREE)


SOLVERS: tuple[Choice, ...] = ("auto", "highs", "cbc")


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("price", "possible"), [(0.0, True), (1e-9, False)])
def test_a_budget_of_nothing_allows_what_is_free(solver: Choice, price: float, possible: bool) -> None:
    where = infra({"free": pop(8, 0.0), "dear": pop(8, 1e-7)}, {"w": wire("free", "dear", 100, 10, price)})
    ends = (GraphEndpoint(name="e", pop="dear"),)
    graph = service(instance("a-1"), endpoints=ends, links=(link("e", "a-1"),), budget_per_hour=0.0)
    graph = graph.model_copy(update={"objective": "latency"})
    if possible:
        assert checked(graph, where, solver=solver).placements == {"a-1": "free"}
    else:
        with pytest.raises(InfeasibleError, match="below the cheapest placement, 1e-08 EUR"):
            place(graph, where, FREE, solver=solver)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("objective", ["cost", "latency", "balance"])
def test_the_largest_numbers_of_a_document_can_be_placed(solver: Choice, objective: Objective) -> None:
    power = {"watts_per_vcpu": 1e6, "price_kwh": 1e9}
    where = infra(
        {"p": pop(10**12, 1e9, memory=10**15, disk=10**14, energy=power), "q": pop(4, 0.01)},
        {"w": wire("p", "q", 10**12, 10**9, 1e9)},
    )
    graph = service(
        instance("a-1"),
        instance("b-1", 10**11, 10**14, 0),
        endpoints=(GraphEndpoint(name="e", pop="q"),),
        links=(link("e", "a-1"), link("a-1", "b-1", 10**11)),
        objective=objective,
    )
    plan = checked(graph, where, solver=solver)
    assert (plan.placements, plan.gap) == ({"a-1": "p", "b-1": "p"}, 0.0)


def test_weights_that_count_nothing_are_refused() -> None:
    with pytest.raises(ValidationError, match="every placement is as good as another"):
        Weights(cost=0)
    assert weights("latency").cost == weights("cost").cost == 1.0


def test_load_is_that_of_fortz_and_thorup() -> None:
    known = [(0, 0), (1 / 3, 1 / 3), (2 / 3, 4 / 3), (9 / 10, 11 / 3), (1, 32 / 3)]
    assert [load(at) for at, _ in known] == pytest.approx([value for _, value in known])
    dice = random.Random(1)
    for _ in range(200):
        used, one, other = (dice.uniform(0, 0.33) for _ in range(3))
        assert growth(used, one, 1) + growth(used, other, 1) <= growth(used, one + other, 1) + 1e-12


# --- what counts of the latency --------------------------------------------------------------------


def test_of_a_chain_the_mean_of_its_ways_counts() -> None:
    links = tuple(link(one, other) for one, other in (("e", "a-1"), ("e", "a-2"), ("a-1", "b-1")))
    first = chain(links[0].name, links[2].name, links[2].name, ms=9)
    graph = service(links=links, chains=(first, first.model_copy(update={"links": (links[1].name,)})))
    assert latency_shares(graph) == {links[0].name: 0.5, links[1].name: 0.5, links[2].name: 1.0}
    other = first.model_copy(update={"chain": "other", "links": (links[0].name,)})
    more = graph.model_copy(update={"chains": (*graph.chains, other)})
    assert latency_shares(more)[links[0].name] == 1.5


def test_without_chains_the_mean_of_each_virtual_links_parts_counts() -> None:
    links = (link("a-1", "b-1"), link("a-1", "b-2"), link("b-1", "c-1"))
    other = links[2].model_copy(update={"virtual_link": "w"})
    graph = service(links=(*links[:2], other))
    assert list(latency_shares(graph).values()) == [0.5, 0.5, 1.0]


# --- licences and energy ---------------------------------------------------------------------------


def selling(**licences: dict[str, float]) -> Infrastructure:
    return infra(
        {
            name: {**pop(8, 1.0), "prices": {"vcpu_hour": 1.0, "licences": fees}}
            for name, fees in licences.items()
        }
    )


def test_a_licence_is_paid_for_each_instance_where_it_is() -> None:
    where = selling(a={"acme": 5.0}, b={"acme": 2.0}, c={})
    pair = [instance(f"i-{n}", licences={"acme"}) for n in range(2)]
    plan = checked(service(*pair), where)
    assert set(plan.placements.values()) == {"b"}
    assert plan.cost_per_hour == pytest.approx(2 * (1.0 + 2.0))


def test_the_general_price_holds_where_a_pop_has_no_other() -> None:
    where = selling(a={"acme": 5.0}, b={}).model_copy(update={"licences": {"acme": 3.0, "base": 0.5}})
    part = instance("i-1", licences={"acme", "base"})
    assert licence_price("acme", where.pops["a"], where) == 5.0
    plan = checked(service(part), where)
    assert plan.placements == {"i-1": "b"}
    assert plan.cost_per_hour == pytest.approx(4.5)


def test_a_pop_that_does_not_sell_a_licence_is_none_for_it() -> None:
    where, part = selling(a={}, b={"acme": 9.0}), instance("i-1", licences={"acme"})
    assert checked(service(part), where).placements == {"i-1": "b"}
    bad = Plan.model_validate({**checked(service(part), where).model_dump(), "placements": {"i-1": "a"}})
    assert "i-1 on a: the PoP does not sell the licence acme" in violations(bad, service(part), where, FREE)
    with pytest.raises(KeyError, match="acme"):
        instance_cost(part.resources, part.licences, where.pops["a"], where)


def test_a_licence_that_nobody_sells_is_the_reason() -> None:
    part = instance("i-1", licences={"acme"})
    with pytest.raises(InfeasibleError, match="licence acme"):
        place(service(part), selling(a={}, b={}), FREE)


def test_energy_is_a_price() -> None:
    power = {"watts_per_vcpu": 50, "watts_per_instance": 200, "price_kwh": 0.5}
    where = infra({"green": pop(8, 1.05), "coal": pop(8, 1.0, energy=power)})
    plan = checked(service(instance("i-1", 2)), where)
    assert plan.placements == {"i-1": "green"}
    assert plan.cost_per_hour == pytest.approx(2.1)
    coal = checked(service(instance("i-1", 2, allowed_pops={"coal"})), where)
    assert coal.cost_per_hour == pytest.approx(2.0 + 0.3 * 0.5)


def test_all_for_nothing_is_a_valid_price() -> None:
    where = infra({"p": pop(8, 0.0), "q": pop(0, 0.0, memory=0, disk=0)}, {"w": wire("p", "q", mbps=0)})
    for objective in ("cost", "latency", "balance"):
        plan = checked(service(instance("i-1"), objective=objective), where)
        assert (plan.placements, plan.cost_per_hour, plan.gap) == ({"i-1": "p"}, 0.0, 0.0)


# --- the checker and the model ---------------------------------------------------------------------


@pytest.mark.parametrize("objective", ["cost", "latency", "balance", Weights(cost=2, latency=3, balance=4)])
def test_the_checker_sees_a_wrong_objective(objective: Objective) -> None:
    graph = app(objective=objective)
    plan = checked(graph, NEAR_AND_FAR)
    value = objective_of(graph, NEAR_AND_FAR, FREE, NOTHING, plan.placements, plan.routes)
    assert plan.objective_per_hour == pytest.approx(value)
    wrong = plan.model_copy(update={"objective_per_hour": value + 0.5})
    assert any("the plan counts" in text for text in violations(wrong, graph, NEAR_AND_FAR, FREE))


def test_a_link_of_an_instance_to_itself_has_no_variables() -> None:
    graph = service(instance("a-1"), links=(link("a-1", "a-1"),), objective="latency")
    free = topology.build(NEAR_AND_FAR, FREE)
    options = candidates(graph, NEAR_AND_FAR, free, NOTHING)
    program = model.build(graph, free, options, Needs(NOTHING), {}, Aim(graph, NEAR_AND_FAR))
    assert program.y == {"a-1--a-1": {}}
    assert checked(graph, NEAR_AND_FAR).routes[0].pops == ("far",)


def test_a_route_takes_only_the_arcs_that_it_may() -> None:
    graph = app()
    free = topology.build(NEAR_AND_FAR, FREE)
    options = candidates(graph, NEAR_AND_FAR, free, NOTHING)
    arcs = {"e--a-1": [("quick", "near", "far")]}
    program = model.build(graph, free, options, Needs(NOTHING), {}, Aim(graph, NEAR_AND_FAR), arcs)
    assert list(program.y["e--a-1"]) == [("quick", "near", "far")]


def test_parts_of_a_disconnected_infrastructure_serve_what_they_can() -> None:
    where = infra(
        {"a": pop(2, 5.0), "b": pop(2, 5.0), "c": pop(8, 1.0), "alone": pop(8, 0.5)},
        {"ab": wire("a", "b", 100, 1, 0.1), "ba": wire("b", "a", 100, 1, 0.2)},
    )
    ends = (GraphEndpoint(name="e", pop="a"),)
    graph = service(instance("i-1", 2), instance("j-1", 2), endpoints=ends, links=(link("e", "i-1", 150),))
    plan = checked(graph, where)
    assert plan.placements == {"i-1": "a", "j-1": "alone"}
    apart = graph.model_copy(
        update={"links": (link("e", "i-1"), link("i-1", "j-1", 60), link("j-1", "e", 60))}
    )
    plan = checked(apart, where)
    assert set(plan.placements.values()) == {"a", "b"}
