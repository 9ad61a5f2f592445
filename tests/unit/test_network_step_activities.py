"""Steps at networks, and those of instances that have state: what switches and VIMs are told, and when."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from adaptors.vim.modelled.deeds import vanish
from domain.names import OperationKind
from domain.networking import PopNetwork
from domain.operation_plans import NetworkStage, PlanBrief, Step, StepAction
from domain.phases import OperationState, ResourceKind
from domain.requests import Held
from domain.steering import PlanRef, StepOrder
from tests.unit.planned_world import World, infrastructure, steps
from tests.unit.switched_world import Notes, SwitchedPops

INSTANTIATE, SCALE, MIGRATE = OperationKind.INSTANTIATE, OperationKind.SCALE, OperationKind.MIGRATE

PAGES: dict[str, Any] = {
    "api_version": "interlace/v1",
    "kind": "Service",
    "name": "shop",
    "version": "1",
    "components": {
        "client": {
            "kind": "microservice",
            "image": "client:1",
            "resources": {"vcpus": 1, "memory": "1 GiB"},
            "connection_points": ["out"],
        },
        "web": {
            "kind": "microservice",
            "image": "web:1",
            "scaling": {"min": 1, "max": 4},
            "resources": {"vcpus": 1, "memory": "1 GiB"},
            "connection_points": ["http"],
        },
    },
    "links": {"pages": {"between": ["client.out", "web.http"], "bandwidth": "10 Mbit/s"}},
    "placement": {"anti_affinity": [["client", "web"]]},
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path, PAGES, infrastructure(kind="emulator"), SwitchedPops)
    yield found
    found.catalogue.close()


@pytest.fixture
def shop(world: World) -> World:
    world.operate(INSTANTIATE)
    return world


def notes(world: World) -> Notes:
    assert isinstance(world.pops, SwitchedPops)
    return world.pops.notes


def planned(world: World, kind: OperationKind, **request: Any) -> tuple[Held, PlanBrief]:
    held = world.begin(kind)
    return held, world.make(world.survey(world.order(kind, held, **request)))


def the_part(world: World, pop: str) -> PopNetwork:
    """Of the only network that a switch has."""
    (part,) = notes(world).parts[pop].values()
    return part


def addressed(part: PopNetwork) -> set[str]:
    """Names in the VIM of the instances that a PoP's part has routes of."""
    return set(part.routes)


def at_stage(brief: PlanBrief, stage: NetworkStage) -> list[Step]:
    return [step for step in steps(brief.waves, StepAction.PROGRAM) if step.stage is stage]


def failing(world: World, held: Held, brief: PlanBrief, step: Step) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        world.do(held, brief.plan_id, step)
    return caught.value


def test_a_new_service_is_connected_and_proven(shop: World) -> None:
    deployment = shop.catalogue.services.deployment("s1")
    network = shop.catalogue.services.network("s1")
    assert deployment is not None and network is not None
    assert network.name == deployment.network
    assert {pop: the_part(shop, pop) for pop in network.pops} == network.pops
    rows = shop.catalogue.ledger.of_service("s1")
    assert {row.pop for row in rows if row.kind is ResourceKind.NETWORK} == set(network.pops)
    assert [name for _, name in notes(shop).joined] == [network.name] * len(notes(shop).joined)
    assert notes(shop).verified == [{each.resource: each.pop for each in deployment.instances}]
    record = shop.catalogue.services.get("s1")
    assert record.connection is not None and record.connection.dataplane == "noted"
    assert shop.differences() == ()
    assert not shop.catalogue.services.unsettled("s1")


def test_who_moves_is_reachable_both_ways_until_it_is_settled(shop: World) -> None:
    old = shop.catalogue.services.deployment("s1").resources["web-1"]  # type: ignore[union-attr]
    held, brief = planned(shop, MIGRATE, moves={"web-1": "west"})
    new = shop.plan(brief).after.resources["web-1"]  # type: ignore[union-attr]
    for wave in brief.waves:
        for step in wave.steps:
            shop.do(held, brief.plan_id, step)
            if step.action is StepAction.PROGRAM and step.stage is NetworkStage.SWITCH:
                known = {name for parts in notes(shop).parts.values() for name in _routed(parts)}
                assert {old, new} <= known
    shop.run(shop.lifecycle.commit, PlanRef(held=held, plan_id=brief.plan_id))
    shop.finish(held)
    assert old not in {name for parts in notes(shop).parts.values() for name in _routed(parts)}
    network = shop.catalogue.services.network("s1")
    assert network is not None
    assert {pop: the_part(shop, pop) for pop in network.pops} == network.pops
    assert shop.differences() == ()


def _routed(parts: dict[str, PopNetwork]) -> set[str]:
    return {name for part in parts.values() for name in addressed(part)}


def test_an_undo_restores_the_rules(shop: World) -> None:
    before = {pop: dict(parts) for pop, parts in notes(shop).parts.items()}
    held, brief = planned(shop, MIGRATE, moves={"web-1": "west"})
    for wave in brief.waves:
        for step in wave.steps:
            if step.action is not StepAction.DELETE:
                shop.do(held, brief.plan_id, step)
    shop.undo(held, brief.plan_id)
    assert shop.differences() == ()
    shop.run(shop.lifecycle.restore, PlanRef(held=held, plan_id=brief.plan_id))
    shop.finish(held, OperationState.FAILED)
    assert {pop: parts for pop, parts in notes(shop).parts.items() if parts} == before
    assert not shop.catalogue.services.unsettled("s1")


def test_an_instance_that_is_not_there_cannot_be_connected(world: World) -> None:
    held, brief = planned(world, INSTANTIATE)
    error = failing(world, held, brief, steps(brief.waves, StepAction.COMPILE)[0])
    assert error.type == "VimRefusedError"
    assert "is not there, so it cannot be connected" in error.message


def test_what_was_not_worked_out_is_not_programmed(world: World) -> None:
    held, brief = planned(world, INSTANTIATE)
    error = failing(world, held, brief, at_stage(brief, NetworkStage.SETTLE)[0])
    assert error.non_retryable
    assert "the network of round 1 was not worked out" in error.message
    assert world.catalogue.ledger.all() == ()


def test_programming_that_returns_after_its_undo_leaves_nothing(world: World) -> None:
    held, brief = planned(world, INSTANTIATE)
    for action in (StepAction.CREATE, StepAction.COMPILE):
        for each in steps(brief.waves, action):
            world.do(held, brief.plan_id, each)
    step = at_stage(brief, NetworkStage.SETTLE)[0]
    environment = ActivityEnvironment()

    def undo_meanwhile(*_: object) -> None:
        world.catalogue.ledger.gone(step.resource or "", step.pop)

    environment.on_heartbeat = undo_meanwhile
    order = StepOrder(held=held, tenant="default", plan_id=brief.plan_id, step=step)
    with pytest.raises(ApplicationError):
        environment.run(world.networks.program, order)
    assert notes(world).removed == [(step.resource, step.pop)]
    assert not any(notes(world).parts.values())


def test_routes_of_what_is_lost_are_left_out(shop: World) -> None:
    deployment = shop.catalogue.services.deployment("s1")
    assert deployment is not None
    old = deployment.instance("web-1")
    assert old is not None
    held, brief = planned(shop, MIGRATE, moves={"web-1": "west"})
    for action in (StepAction.CREATE, StepAction.COMPILE):
        for each in steps(brief.waves, action):
            shop.do(held, brief.plan_id, each)
    vanish(shop.home, old.pop, old.resource)
    for step in at_stage(brief, NetworkStage.SWITCH):
        shop.do(held, brief.plan_id, step)
    assert old.resource not in addressed(the_part(shop, old.pop))


def test_a_switch_that_forgot_or_kept_is_told(shop: World) -> None:
    network = shop.catalogue.services.network("s1")
    assert network is not None
    forgetful, keeping = sorted(network.pops)
    del notes(shop).parts[forgetful][network.name]
    stale = "s1-network-00000000"
    notes(shop).parts[keeping][stale] = PopNetwork(pop=keeping)
    notes(shop).parts[keeping]["s1-network-network-00000000"] = PopNetwork(pop=keeping)
    assert shop.differences() == (
        f"PoP {forgetful}: there is nothing of {network.name}",
        f"PoP {keeping}: there is still something of {stale}",
    )


def copying(shop: World) -> tuple[Held, PlanBrief, Step]:
    """Of web-1's state, to its successor on another PoP."""
    old = shop.catalogue.services.deployment("s1").instance("web-1")  # type: ignore[union-attr]
    assert old is not None
    held, brief = planned(shop, MIGRATE, moves={"web-1": "west"})
    create = next(s for s in steps(brief.waves, StepAction.CREATE) if s.instance == "web-1")
    shop.do(held, brief.plan_id, create)
    changes = {"action": StepAction.TRANSFER, "source": old.resource, "source_pop": old.pop}
    return held, brief, create.model_copy(update=changes)


def test_state_is_handed_on_and_not_left_lying_about(shop: World) -> None:
    held, brief, step = copying(shop)
    stale = shop.home / "transfers" / (step.resource or "") / (step.source or "") / "1"
    stale.mkdir(parents=True)
    (stale / "state").write_text("of an attempt whose worker died")
    assert shop.do(held, brief.plan_id, step).note == "3 connections copied"
    assert notes(shop).imported == [(step.resource, step.source)]
    assert not list((shop.home / "transfers").rglob("state"))


def test_nor_after_a_failure(shop: World) -> None:
    held, brief, step = copying(shop)
    notes(shop).fails_import = True
    assert "takes no state" in failing(shop, held, brief, step).message
    assert not list((shop.home / "transfers").rglob("state"))


def test_draining_has_its_limit(shop: World) -> None:
    held, brief, copy = copying(shop)
    old = {"action": StepAction.DRAIN, "resource": copy.source, "pop": copy.source_pop}
    drain = copy.model_copy(update={**old, "limit_s": 2.5})
    assert shop.do(held, brief.plan_id, drain).note == "nothing was in flight"
    assert notes(shop).drained == [(copy.source, 2.5)]
    gone = drain.model_copy(update={"resource": "s1-web-1-gone"})
    assert shop.do(held, brief.plan_id, gone).note == "it is not there"
