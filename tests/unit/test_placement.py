"""The placement against brute force on small random instances, each constraint, and a real topology."""

import itertools
import random
from typing import Any

import pytest
import topohub

from domain.errors import InfeasibleError, TemporaryError
from domain.infrastructure import Infrastructure, Location, Resources
from domain.plans import GraphEndpoint, Plan, ServiceGraph
from placement.check import violations
from placement.solve import place
from placement.solving.outcomes import SolverName
from placement.topology import Usage, build, distance_km, nearest_pop
from tests.unit.placement_world import (
    FREE,
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

SOLVERS: tuple[SolverName, ...] = ("highs", "cbc")


def reason(graph: ServiceGraph, where: Infrastructure, usage: Usage = FREE) -> str:
    found = []
    for solver in SOLVERS:
        with pytest.raises(InfeasibleError) as error:
            place(graph, where, usage, solver=solver)
        found.append(str(error.value))
    assert found[0] == found[1]
    return found[0]


# --- brute force -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_cost_is_that_of_brute_force(seed: int) -> None:
    graph, where, usage = random_case(seed)
    best = optimum(graph, where, usage)
    for solver in SOLVERS:
        if best is None:
            with pytest.raises(InfeasibleError):
                place(graph, where, usage, solver=solver)
        else:
            plan = checked(graph, where, usage, solver=solver)
            assert plan.cost_per_hour == pytest.approx(best)
            assert (plan.gap, plan.solver) == (0.0, solver)


def test_the_random_cases_are_of_both_kinds() -> None:
    feasible = sum(optimum(*random_case(seed)) is not None for seed in range(60))
    assert 10 <= feasible <= 50


# --- each constraint -------------------------------------------------------------------------------

TWO = infra({"cheap": pop(2, 1.0), "dear": pop(8, 3.0)}, {"w": wire("cheap", "dear", 100, 5)})


@pytest.mark.parametrize("taken", [Resources.of(2, 0, 0), Resources.of(0, 8000, 0), Resources.of(0, 0, 100)])
def test_what_is_used_is_not_given_again(taken: Resources) -> None:
    assert checked(service(instance("a-1")), TWO).placements == {"a-1": "cheap"}
    assert checked(service(instance("a-1")), TWO, Usage(pops={"cheap": taken})).placements == {"a-1": "dear"}


def test_memory_and_disk_are_paid_per_gib() -> None:
    prices = {"vcpu_hour": 1, "memory_gib_hour": 2, "disk_gib_hour": 0.5}
    where = infra({"p": {**pop(), "prices": prices}})
    assert checked(service(instance("a-1", 1, 512, 4)), where).cost_per_hour == pytest.approx(1 + 1 + 2)


@pytest.mark.parametrize(
    "rule",
    [
        {"requires": {"dpdk"}},
        {"allowed_pops": {"dear"}},
        {"forbidden_pops": {"cheap"}},
        {"allowed_regions": {"south"}},
        {"forbidden_regions": {"north"}},
    ],
)
def test_rules_and_capabilities(rule: dict[str, Any]) -> None:
    where = infra({"cheap": pop(region="north"), "dear": pop(price=9, region="south", capabilities=["dpdk"])})
    assert checked(service(instance("a-1", **rule)), where).placements == {"a-1": "dear"}


def test_affinity_and_anti_affinity() -> None:
    pair = instance("a-1", 2), instance("b-1", 2)
    links = (link("a-1", "b-1"),)
    assert set(checked(service(*pair, links=links), TWO).placements.values()) == {"cheap", "dear"}
    plan = checked(service(*pair, links=links, affinity=(("a-1", "b-1"),)), TWO)
    assert set(plan.placements.values()) == {"dear"}
    assert plan.routes[0].physical_links == () and plan.routes[0].pops == ("dear",)
    small = instance("a-1"), instance("b-1")
    plan = checked(service(*small, anti_affinity=(("a-1", "b-1"),)), TWO)
    assert set(plan.placements.values()) == {"cheap", "dear"}


def test_latency_of_a_link_and_of_a_chain_move_the_instance() -> None:
    end = (GraphEndpoint(name="e", pop="dear"),)
    one = instance("a-1")
    assert checked(service(one, endpoints=end, links=(link("e", "a-1"),)), TWO).placements["a-1"] == "cheap"
    near = service(one, endpoints=end, links=(link("e", "a-1", ms=4),))
    assert checked(near, TWO).placements["a-1"] == "dear"
    loop = (link("e", "a-1", tag="-in"), link("a-1", "e", tag="-out"))
    both = service(one, endpoints=end, links=loop, chains=(chain("e--a-1-in", "a-1--e-out", ms=9),))
    assert checked(both, TWO).placements["a-1"] == "dear"


def test_a_link_takes_its_bandwidth_each_way() -> None:
    where = infra({"p": pop(), "q": pop()}, {"w": wire("p", "q", 100)})
    ends = (GraphEndpoint(name="e", pop="p"), GraphEndpoint(name="f", pop="q"))
    opposite = service(endpoints=ends, links=(link("e", "f", 60), link("f", "e", 60)))
    assert "not together" in reason(opposite, where)


def test_parallel_links_carry_together_what_one_cannot() -> None:
    wires = {"w": wire("p", "q", 100, 1, 0.1), "x": wire("q", "p", 100, 2, 0.2)}
    where = infra({"p": pop(), "q": pop()}, wires)
    ends = (GraphEndpoint(name="e", pop="p"), GraphEndpoint(name="f", pop="q"))
    graph = service(endpoints=ends, links=(link("e", "f", 60), link("f", "e", 50)))
    plan = checked(graph, where)
    assert [route.physical_links for route in plan.routes] == [("w",), ("x",)]
    assert plan.cost_per_hour == pytest.approx(60 * 0.1 + 50 * 0.2)


def test_free_links_are_taken_without_detours() -> None:
    pops = {f"p{n}": pop() for n in range(6)}
    wires = {f"{a}{b}": wire(a, b, 100, 1) for a, b in itertools.combinations(pops, 2)}
    ends = tuple(GraphEndpoint(name=f"e{n}", pop=f"p{n}") for n in range(6))
    links = tuple(link(a.name, b.name, 0) for a, b in itertools.combinations(ends, 2))
    for solver in SOLVERS:
        plan = checked(service(endpoints=ends, links=links), infra(pops, wires), solver=solver)
        assert {len(route.physical_links) for route in plan.routes} == {1}


def test_an_endpoint_with_a_location_is_at_the_nearest_pop() -> None:
    berlin, munich = Location(latitude=52.52, longitude=13.4), Location(latitude=48.14, longitude=11.58)
    assert distance_km(berlin, munich) == pytest.approx(504, abs=2)
    where = infra({"berlin": pop(location=berlin), "munich": pop(location=munich), "nowhere": pop()})
    end = GraphEndpoint(name="e", location=Location(latitude=49.45, longitude=11.08))
    assert checked(service(instance("a-1"), endpoints=(end,)), where).endpoints == {"e": "munich"}
    assert nearest_pop(TWO, berlin) is None
    assert "no PoP has one" in reason(service(endpoints=(end,)), TWO)
    assert "is no PoP" in reason(service(endpoints=(GraphEndpoint(name="e", pop="gone"),)), TWO)


def test_what_is_overused_is_not_free() -> None:
    free = build(TWO, Usage(pops={"cheap": Resources.of(9, 0, 0)}, links={"w": 250.0}))
    assert free.nodes["cheap"]["free"].vcpus == 0
    assert free.edges["cheap", "dear", "w"]["free_mbps"] == 0


def test_an_empty_service_costs_nothing() -> None:
    for solver in SOLVERS:
        assert checked(service(), TWO, solver=solver).cost_per_hour == 0


# --- reasons ---------------------------------------------------------------------------------------


def test_reason_an_instance_that_fits_nowhere() -> None:
    where = infra({"a": pop(4, capabilities=["dpdk"]), "b": pop(2, capabilities=["dpdk"]), "c": pop()})
    graph = service(instance("fw-1", 3, requires={"dpdk"}))
    text = reason(graph, where, Usage(pops={"a": Resources.of(3, 0, 0)}))
    assert text == (
        "fw-1 fits on no PoP: needs dpdk (only a, b); a has 1 of 4 vcpus free, needs 3;"
        " b has 2 of 2 vcpus free, needs 3"
    )
    assert "needs gpu (no PoP has it)" in reason(service(instance("x-1", requires={"gpu"})), where)
    bound = instance(
        "x-1", allowed_pops={"a"}, forbidden_pops={"a"}, allowed_regions={"r"}, forbidden_regions={"r"}
    )
    text = reason(service(bound), where)
    for part in ("on a only", "not run on a", "in region r only", "not run in region r"):
        assert part in text


def test_reason_a_link_without_a_path() -> None:
    pinned = instance("a-1", allowed_pops={"cheap"}), instance("b-1", allowed_pops={"dear"})
    wide = service(*pinned, links=(link("a-1", "b-1", 101),))
    assert reason(wide, TWO) == ("link a-1--b-1 (a-1 on cheap to b-1 on dear): no path has 101 Mbit/s free")
    quick = service(*pinned, links=(link("a-1", "b-1", 10, 4),))
    assert "the quickest path with 10 Mbit/s free takes 5 ms, allowed are 4 ms" in reason(quick, TWO)


def test_reason_a_chain_that_is_too_slow() -> None:
    ends = (GraphEndpoint(name="e", pop="cheap"),)
    far = service(
        instance("a-1", allowed_pops={"dear"}),
        endpoints=ends,
        links=(link("e", "a-1", tag="-in"), link("e", "a-1", tag="-out")),
        chains=(chain("e--a-1-in", "e--a-1-out", ms=9),),
    )
    assert reason(far, TWO) == "chain chain: the quickest way through it takes 10 ms, allowed are 9 ms"


def test_reason_a_chain_without_a_way() -> None:
    where = infra({"p": pop(), "q": pop()})
    graph = service(
        instance("a-1"),
        endpoints=(GraphEndpoint(name="e", pop="p"), GraphEndpoint(name="f", pop="q")),
        links=(link("e", "a-1"), link("a-1", "f")),
        chains=(chain("e--a-1", "a-1--f", ms=9),),
    )
    assert "no path on from its start has 10 Mbit/s free" in reason(graph, where)


def test_reason_groups() -> None:
    pair = instance("a-1", 5), instance("b-1", 5)
    assert "none of dear has 10 vcpus" in reason(service(*pair, affinity=(("a-1", "b-1"),)), TWO)
    apart = instance("a-1", allowed_pops={"cheap"}), instance("b-1", allowed_pops={"dear"})
    assert "no PoP suits them all" in reason(service(*apart, affinity=(("a-1", "b-1"),)), TWO)
    three = [instance(f"a-{n}") for n in range(3)]
    text = reason(service(*three, anti_affinity=(("a-0", "a-1", "a-2"),)), TWO)
    assert "cheap, dear are too few for all 3" in text


def test_reason_together() -> None:
    pair = instance("a-1", 2), instance("b-1", 2)
    text = reason(service(*pair, instance("c-1", 7)), TWO)
    assert text.startswith("each part fits alone, but not together: 3 instances need 11 vcpus")


def test_reason_the_only_pop_is_too_full() -> None:
    text = reason(service(instance("a-1", 5), instance("b-1", 5)), TWO)
    assert text.startswith("a-1, b-1 can only be on dear: they need 10 vcpus")
    assert "and it has 8 vcpus" in text


def test_reason_budget() -> None:
    graph = service(instance("a-1"), budget_per_hour=0.5)
    assert (
        reason(graph, TWO) == "the budget of 0.5 EUR per hour is below the cheapest placement, 1 EUR per hour"
    )
    assert checked(service(instance("a-1"), budget_per_hour=1.0), TWO).cost_per_hour == 1.0


# --- solvers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_time_out_without_an_incumbent_is_temporary(solver: SolverName) -> None:
    names = [f"c-{number}" for number in range(40)]
    links = tuple(link(one, other) for one, other in itertools.pairwise(names))
    where, graph = germany50(), service(*(instance(name) for name in names), links=links)
    in_time_or_ended = "within 1e-06 s|did not stop at its limit"
    with pytest.raises(TemporaryError, match=in_time_or_ended):
        place(graph, where, FREE, time_limit_s=1e-6, solver=solver)


# --- the checker -----------------------------------------------------------------------------------


def bad_plans() -> dict[str, dict[str, Any]]:
    """Changes to the good plan of `test_the_checker_sees`, each with the words that must be found."""
    route = {"link": "e--a-1", "virtual_link": "v", "bandwidth_mbps": 10.0}
    straight = {**route, "pops": ("dear", "cheap"), "physical_links": ("w",), "latency_ms": 5.0}
    return {
        "instance a-1 is not in the plan": {"placements": {}},
        "instance z-1 is too often": {"placements": {"a-1": "cheap", "z-1": "cheap"}},
        "there is no PoP gone": {"placements": {"a-1": "gone"}},
        "endpoint e is on cheap, not on dear": {"endpoints": {"e": "cheap"}},
        "link e--a-1 is not in the plan": {"routes": ()},
        "link e--a-1 is too often": {"routes": (straight, straight)},
        "there is no physical link gone": {"routes": ({**straight, "physical_links": ("gone",)},)},
        "does not join": {"routes": ({**straight, "pops": ("cheap", "dear")},)},
        "no way through": {"routes": ({**straight, "physical_links": ("w", "w")},)},
        "takes 5 ms, not 1 ms": {"routes": ({**straight, "latency_ms": 1.0},)},
        "not the link's bandwidth": {"routes": ({**straight, "bandwidth_mbps": 1.0},)},
        "not an allowed PoP": {"placements": {"a-1": "dear"}},
        "costs 1 per hour, not 7": {"cost_per_hour": 7.0},
        "the currency is EUR, not USD": {"currency": "USD"},
    }


def altered(plan: Plan, change: dict[str, Any]) -> Plan:
    return Plan.model_validate({**plan.model_dump(), **change})


@pytest.mark.parametrize(("words", "change"), bad_plans().items())
def test_the_checker_sees(words: str, change: dict[str, Any]) -> None:
    graph = service(
        instance("a-1", allowed_pops={"cheap"}),
        endpoints=(GraphEndpoint(name="e", pop="dear"),),
        links=(link("e", "a-1"),),
    )
    found = violations(altered(checked(graph, TWO), change), graph, TWO, FREE)
    assert any(words in text for text in found), found


def test_the_checker_sees_broken_limits() -> None:
    ends, links = (GraphEndpoint(name="e", pop="dear"),), (link("e", "a-1"),)
    easy = service(instance("a-1"), instance("b-1"), endpoints=ends, links=links)
    plan = checked(easy, TWO)
    assert plan.placements == {"a-1": "cheap", "b-1": "cheap"}
    hard = easy.model_copy(
        update={
            "instances": (
                instance("a-1", 3, 9000, 200, requires={"gpu"}, forbidden_pops={"cheap"}),
                instance("b-1", allowed_regions={"x"}),
            ),
            "links": (link("e", "a-1", ms=1),),
            "chains": (chain("e--a-1", ms=2),),
            "anti_affinity": (("a-1", "b-1"),),
            "budget_per_hour": 0.1,
        }
    )
    found = "\n".join(violations(plan, hard, TWO, Usage(links={"w": 95.0})))
    for words in (
        "no gpu",
        "forbidden PoP",
        "not in an allowed region",
        "vcpus 4 of 2",
        "memory 10024 of 8192",
        "disk 201 of 100",
        "w: 105 of 100 Mbit/s",
        "link e--a-1: 5 ms, allowed are 1 ms",
        "chain chain: 5 ms, allowed are 2 ms",
        "a-1, b-1 share a PoP",
        "the budget is 0.1",
    ):
        assert words in found
    apart = altered(plan, {"placements": {"a-1": "cheap", "b-1": "dear"}})
    together = easy.model_copy(update={"affinity": (("a-1", "b-1"),)})
    assert "a-1, b-1 do not share a PoP" in violations(apart, together, TWO, FREE)
    where = infra({"cheap": pop(region="x"), "dear": pop()})
    banned = service(instance("a-1", forbidden_regions={"x"}))
    plan = altered(checked(banned, where), {"placements": {"a-1": "cheap"}})
    assert violations(plan, banned, where, FREE) == ["a-1 on cheap: in a forbidden region"]


# --- a real topology -------------------------------------------------------------------------------


def germany50() -> Infrastructure:
    network = topohub.get("sndlib/germany50")
    names = [node["name"].lower() for node in network["nodes"]]
    dice = random.Random(50)
    pops = {
        name: pop(
            dice.randint(2, 8),
            round(dice.uniform(0.02, 0.06), 4),
            location={"longitude": node["pos"][0], "latitude": node["pos"][1]},
            capabilities=["dpdk"] if dice.random() < 0.3 else [],
        )
        for name, node in zip(names, network["nodes"], strict=True)
    }
    links = {
        f"l{n}": wire(names[e["source"]], names[e["target"]], 1000, round(e["dist"] / 200, 4), 0.0001)
        for n, e in enumerate(network["edges"])
    }
    return infra(pops, links)


def six(start: str, end: str) -> ServiceGraph:
    """An access firewall, a balancer, two web servers, a cache and a database, between two cities."""
    links = (
        link("users", "fw-1", 200, 3),
        link("fw-1", "lb-1", 200),
        link("lb-1", "web-1", 100),
        link("lb-1", "web-2", 100),
        link("web-1", "db-1", 50, 5),
        link("web-2", "db-1", 50, 5),
        link("web-1", "cache-1", 20),
        link("db-1", "backup", 30),
    )
    return service(
        instance("fw-1", 2, requires={"dpdk"}),
        instance("lb-1", 2),
        instance("web-1", 2),
        instance("web-2", 2),
        instance("cache-1", 2),
        instance("db-1", 4),
        endpoints=(
            GraphEndpoint(name="users", pop=start.lower()),
            GraphEndpoint(name="backup", pop=end.lower()),
        ),
        links=links,
        chains=(chain("users--fw-1", "fw-1--lb-1", "lb-1--web-1", "web-1--db-1", ms=8),),
        anti_affinity=(("web-1", "web-2"),),
    )


def test_both_solvers_agree_on_germany50() -> None:
    where, graph = germany50(), six("Berlin", "Muenchen")
    usage = Usage(pops={"berlin": Resources.of(1, 0, 0)}, links={"l3": 900.0})
    plans = [checked(graph, where, usage, solver=solver, time_limit_s=60) for solver in SOLVERS]
    assert plans[0].cost_per_hour == pytest.approx(plans[1].cost_per_hour)
    assert [plan.gap for plan in plans] == [0.0, 0.0]
