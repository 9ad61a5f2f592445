"""A plan in print: what changes, where, for how much and for how long."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from domain.deployments import Deployment, PlacedInstance
from domain.infrastructure import Resources
from domain.names import OperationKind
from domain.operation_plans import (
    Interruption,
    LinkChange,
    OperationPlan,
    PopChange,
    Step,
    StepAction,
    VimChange,
    Wave,
)
from domain.phases import Phase
from domain.plans import Plan, Route, ServiceGraph
from interfaces.cli.plan_changes import instance_changes, route_changes
from interfaces.cli.plan_views import plan_json, show_plan
from tests.unit.picture_world import shop

SMALL, LARGE, NONE = Resources.of(1, 1024, 0), Resources.of(2, 1024, 0), Resources.of(0, 0, 0)


def instance(name: str, pop: str, resource: str, resources: Resources = SMALL) -> PlacedInstance:
    return PlacedInstance(
        name=name,
        component=name.partition("-")[0],
        endpoint=name == "users",
        pop=pop,
        resource=resource,
        image="web:1",
        resources=resources,
    )


def route(link: str, *pops: str, bandwidth_mbps: float = 2.0) -> Route:
    return Route(
        link=link,
        virtual_link="access",
        pops=pops,
        physical_links=tuple(f"{a}-{b}" for a, b in pairwise(pops)),
        bandwidth_mbps=bandwidth_mbps,
        latency_ms=1,
    )


def deployment(instances: tuple[PlacedInstance, ...], routes: tuple[Route, ...]) -> Deployment:
    placements = {each.name: each.pop for each in instances}
    plan = Plan(
        placements=placements,
        routes=routes,
        cost_per_hour=1,
        currency="EUR",
        solver="by hand",
        gap=0,
        solve_ms=1,
    )
    return Deployment(
        service="shop",
        tenant="default",
        descriptor="tiny",
        version="1",
        graph=ServiceGraph(service="shop", descriptor="tiny", version="1", instances=()),
        plan=plan,
        instances=instances,
        vim_kinds={"north": "modelled"},
    )


BEFORE = deployment(
    (
        instance("users", "north", "shop-users-a"),
        instance("web-1", "north", "shop-web-1-a"),
        instance("web-2", "north", "shop-web-2-a"),
        instance("store-1", "north", "shop-store-1-a"),
        instance("lb-1", "north", "shop-lb-1-a"),
        instance("old-1", "north", "shop-old-1-a"),
    ),
    (
        route("stays", "north"),
        route("moves", "north"),
        route("goes", "north", "south"),
        route("grows", "north"),
    ),
)
AFTER = deployment(
    (
        instance("users", "north", "shop-users-a"),
        instance("web-1", "north", "shop-web-1-b", LARGE),
        instance("web-2", "south", "shop-web-2-b"),
        instance("web-3", "south", "shop-web-3-b"),
        instance("store-1", "north", "shop-store-1-b"),
        instance("lb-1", "north", "shop-lb-1-a"),
    ),
    (
        route("stays", "north"),
        route("moves", "north", "west", "south"),
        route("comes", "north", "south"),
        route("grows", "north", bandwidth_mbps=4),
    ),
)


def step(number: int, action: StepAction, of: str, title: str) -> Step:
    return Step(
        id=f"{number}.{of}",
        action=action,
        title=title,
        vim_kind="modelled",
        pop="north",
        instance=of,
        expected_s=1.25,
    )


PLAN = OperationPlan(
    plan_id="plan-0123456789ab",
    kind=OperationKind.SCALE,
    service="shop",
    tenant="default",
    request={"service": "shop"},
    created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    revision=7,
    before=BEFORE,
    after=AFTER,
    given_up=("shop-store-1-a",),
    infrastructure=None,
    waves=(
        Wave(
            phase=Phase.PROVISIONING,
            steps=(
                step(1, StepAction.CREATE, "web-3", "create web-3 on south"),
                step(1, StepAction.CONFIGURE, "lb-1", "re-configure lb-1"),
            ),
        ),
        Wave(phase=Phase.DELETING, steps=(step(2, StepAction.DELETE, "old-1", "delete old-1 on north"),)),
    ),
    pops=(
        PopChange(pop="north", before=SMALL, peak=LARGE, after=SMALL, capacity=Resources.of(8, 8192, 100)),
        PopChange(pop="south", before=NONE, peak=SMALL, after=SMALL, capacity=Resources.of(4, 4096, 100)),
    ),
    links=(
        LinkChange(physical_link="north-south", before_mbps=2, after_mbps=2),
        LinkChange(physical_link="north-west", before_mbps=0, after_mbps=2.5),
    ),
    cost_before=1.0,
    cost_after=1.25,
    currency="EUR",
    expected_duration_s=12.3,
    interruptions=(Interruption(component="store", seconds=3.5, why="it cannot be doubled"),),
    notes=("store-1 keeps its address", "2 routes are kept"),
)


def test_what_becomes_of_each_instance() -> None:
    assert list(instance_changes(PLAN)) == [
        ("users", "keep", "north", "north", ""),
        ("web-1", "replace", "north", "north", "1 vCPU, 1024 MiB, 0 GiB -> 2 vCPU, 1024 MiB, 0 GiB"),
        ("web-2", "move", "north", "south", ""),
        ("web-3", "build", "-", "south", "web:1, 1 vCPU, 1024 MiB, 0 GiB"),
        ("store-1", "replace", "north", "north", "the old goes first"),
        ("lb-1", "re-configure", "north", "north", ""),
        ("old-1", "remove", "north", "-", ""),
    ]


def test_only_routes_that_change_are_told() -> None:
    assert list(route_changes(PLAN)) == [
        ("moves", "change", "within north", "north > west > south", "2"),
        ("comes", "add", "-", "north > south", "2"),
        ("grows", "change", "within north", "within north", "2 -> 4"),
        ("goes", "remove", "north > south", "-", "2"),
    ]


def test_a_plan_in_print(capsys: pytest.CaptureFixture[str]) -> None:
    show_plan(PLAN)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "plan       plan-0123456789ab: Scale of shop, tenant default",
        "made       2026-01-02 03:04:05Z for revision 7 of the service",
        "cost       1.0000 -> 1.2500 EUR/h (+0.2500)",
        "lasts      about 12 s",
        "interrupts store for about 3.5 s: it cannot be doubled",
    ]
    rows = [line.split() for line in lines]
    assert ["north", "vCPU", "1", "2", "1", "8"] in rows
    assert ["south", "vCPU", "0", "1", "1", "4"] in rows
    assert ["MiB", "memory", "0", "1024", "1024", "4096"] in rows
    assert ["north-west", "0", "2.5"] in rows
    assert not [row for row in rows if "disk" in row]
    assert not [row for row in rows if row[:1] == ["north-south"]]
    assert ["1", "Provisioning", "create", "web-3", "on", "south", "1.2", "s"] in rows
    assert ["re-configure", "lb-1", "1.2", "s"] in rows
    assert ["2", "Deleting", "delete", "old-1", "on", "north", "1.2", "s"] in rows
    assert lines[-2:] == ["note: store-1 keeps its address", "note: 2 routes are kept"]


def test_a_plan_tells_how_long_its_chains_take(capsys: pytest.CaptureFixture[str]) -> None:
    before = shop()
    quicker = [route.model_copy(update={"latency_ms": route.latency_ms / 2}) for route in before.plan.routes]
    plan = before.plan.model_copy(update={"routes": tuple(quicker)})
    faster = PLAN.model_copy(update={"before": before, "after": before.model_copy(update={"plan": plan})})
    show_plan(faster)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["buying", "1", "4.000", "->", "2.000", "20"] in rows
    told = plan_json(faster)["chains"]
    assert [told[when][0]["latency_ms"] for when in ("before", "after")] == [4.0, 2.0]


def test_a_plan_to_end_a_service(capsys: pytest.CaptureFixture[str]) -> None:
    ending = PLAN.model_copy(
        update={"kind": OperationKind.TERMINATE, "after": None, "interruptions": (), "notes": ()}
    )
    assert {change for _, change, *_ in instance_changes(ending)} == {"remove"}
    assert {change for _, change, *_ in route_changes(ending)} == {"remove"}
    unknown = tuple(pop.model_copy(update={"capacity": NONE}) for pop in PLAN.pops)
    show_plan(ending.model_copy(update={"pops": unknown}))
    shown = capsys.readouterr().out
    assert "interrupts" not in shown
    assert ["north", "vCPU", "1", "2", "1", "-"] in [line.split() for line in shown.splitlines()]


def test_a_plan_to_begin_a_service(capsys: pytest.CaptureFixture[str]) -> None:
    begin = {"kind": OperationKind.INSTANTIATE, "before": None, "revision": 0, "interruptions": ()}
    beginning = PLAN.model_copy(update=begin)
    assert {change for _, change, *_ in instance_changes(beginning)} == {"build"}
    assert {change for _, change, *_ in route_changes(beginning)} == {"add"}
    show_plan(beginning)
    assert "interrupts nothing" in capsys.readouterr().out


def test_what_stays_itself_is_told_to_be_resized_or_moved() -> None:
    steps = (
        step(1, StepAction.RESIZE, "web-1", "resize web-1 on north"),
        step(1, StepAction.REHOST, "lb-1", "move lb-1 to another host of north"),
    )
    larger = deployment(
        (instance("web-1", "north", "shop-web-1-a", LARGE), instance("lb-1", "north", "shop-lb-1-a")), ()
    )
    waves = (Wave(phase=Phase.PROVISIONING, steps=steps),)
    assert list(instance_changes(PLAN.model_copy(update={"after": larger, "waves": waves})))[:2] == [
        ("web-1", "resize", "north", "north", "1 vCPU, 1024 MiB, 0 GiB -> 2 vCPU, 1024 MiB, 0 GiB"),
        ("lb-1", "re-host", "north", "north", ""),
    ]


def test_what_a_vim_would_change_is_told_in_its_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    show_plan(PLAN)
    assert "of its own" not in capsys.readouterr().out
    change = VimChange(
        pop="south", component="web", address='aws_instance.it["shop-web-3-b"]', action="create"
    )
    told = PLAN.model_copy(update={"vim_changes": (change,)})
    show_plan(told)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["vim", "component", "change", "of", "its", "own"] in rows
    assert ["south", "web", "create", 'aws_instance.it["shop-web-3-b"]'] in rows
    assert plan_json(told)["vim_changes"] == [change.model_dump()]
