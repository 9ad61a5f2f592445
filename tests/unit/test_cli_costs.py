"""The cost by its parts, and what a placement is good at, as people read it."""

import pytest

from domain.costs import CostParts, cost_parts
from domain.infrastructure import Infrastructure
from domain.objectives import Objective, Weights
from domain.plans import GraphEndpoint, Plan, ServiceGraph
from interfaces.cli.costs import aims, counted, divided, objective_of, quality
from interfaces.cli.plan_views import show_plan
from tests.unit.placement_world import checked, infra, instance, link, pop, service, wire
from tests.unit.test_cli_plan_views import PLAN

PRICES = {"vcpu_hour": 0.5, "memory_gib_hour": 0.25, "disk_gib_hour": 0.125, "licences": {"acme": 2.0}}
POWER = {"watts_per_vcpu": 50, "watts_per_instance": 100, "price_kwh": 0.5}
WHERE = infra(
    {"near": pop(), "far": {**pop(), "prices": PRICES, "energy": POWER}},
    {"w": wire("near", "far", 100, 5, 0.01)},
).model_copy(update={"licences": {"base": 0.5}})


def app(objective: Objective | None = None) -> ServiceGraph:
    part = instance("a-1", 2, 1024, 2, allowed_pops={"far"}, licences={"acme", "base"})
    ends = (GraphEndpoint(name="e", pop="near"),)
    return service(part, endpoints=ends, links=(link("e", "a-1", 10),), objective=objective)


def test_the_parts_are_what_the_plan_costs() -> None:
    plan = checked(app(), WHERE)
    parts = cost_parts(app(), plan, WHERE)
    assert parts == CostParts(compute=1.5, energy=0.1, licences=2.5, network=0.1)
    assert parts.total == pytest.approx(plan.cost_per_hour)
    assert divided(parts) == "compute 1.5000, energy 0.1000, licences 2.5000, network 0.1000"


@pytest.mark.parametrize("gone", ["pops", "links", "licences"])
def test_no_parts_where_prices_are_gone(gone: str) -> None:
    plan = checked(app(), WHERE)
    assert cost_parts(app(), plan, WHERE.model_copy(update={gone: {}})) is None
    assert divided(None) == ""


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        ("cost", "cost"),
        ("latency", "latency first, then cost"),
        ("balance", "balance first, then cost"),
        (Weights(latency=0.02), "cost x 1, latency per ms x 0.02"),
        (Weights(cost=0, balance=3), "balance x 3"),
    ],
)
def test_aims_in_words(objective: Objective, words: str) -> None:
    assert aims(objective) == words
    assert objective_of(app(objective), WHERE) == objective
    assert objective_of(app(), WHERE.model_copy(update={"objective": objective})) == objective


def show(plan: Plan, graph: ServiceGraph, infrastructure: Infrastructure) -> None:
    assert PLAN.after is not None
    after = PLAN.after.model_copy(update={"plan": plan, "graph": graph})
    show_plan(PLAN.model_copy(update={"after": after, "infrastructure": infrastructure}))


def test_a_plan_tells_what_its_cost_is_made_of(capsys: pytest.CaptureFixture[str]) -> None:
    graph = app(Weights(latency=0.02))
    show(checked(graph, WHERE, solver="highs"), graph, WHERE)
    lines = capsys.readouterr().out.splitlines()
    assert lines[3:5] == [
        "  of it    compute 1.5000, energy 0.1000, licences 2.5000, network 0.1000",
        "placed     for cost x 1, latency per ms x 0.02: proven optimal (highs), 4.3000 EUR/h counted",
    ]


def test_a_service_for_nothing_is_not_divided(capsys: pytest.CaptureFixture[str]) -> None:
    where = infra({"free": pop(price=0.0)})
    graph = service(instance("a-1"))
    show(checked(graph, where, solver="highs"), graph, where)
    lines = capsys.readouterr().out.splitlines()
    assert lines[3] == "placed     for cost: proven optimal (highs)"


def test_a_gap_is_told() -> None:
    plan = checked(app(), WHERE)
    assert (quality(plan), counted(plan)) == ("proven optimal", "")
    assert quality(plan.model_copy(update={"gap": 0.034})) == "proven within 3.4% of the optimum"
    old = plan.model_copy(update={"objective_per_hour": None})
    assert counted(old) == ""
