"""What a move costs once: the interruption that a Migrate's own plan would tell, and what is transferred."""

from collections.abc import Collection
from typing import Any

import pytest

from domain.lifecycle import MigrateRequest
from domain.names import OperationKind
from domain.reoptimisation import MovePrices, OptimiseRequest, RunningService
from domain.steering import PlanOrder, Survey
from planning.deployed import deployed
from planning.operation_plan import operation_plan
from planning.optimising import running_service
from planning.targets import target
from tests.unit.lifecycle_shops import NOW, POPS, TRAITS, infrastructure, running, shop

PRICES = MovePrices(per_interrupted_s=1.0, per_gib=10.0)
SURVEY = Survey(traits=TRAITS)
SINGLE = shop({"store": {"lifecycle": {"single": True}}})


def shop_as(
    descriptor: Any = None, among: Collection[str] = POPS, prices: MovePrices = PRICES
) -> RunningService:
    described = descriptor or shop()
    before = running({"store-1": "south"}, descriptor=described)
    return running_service(before, described, infrastructure(), among, prices, SURVEY, {})


def interrupted_by_migrate(moves: dict[str, str], descriptor: Any) -> float:
    """As the plan of a Migrate of just that says."""
    before, known = running({"store-1": "south"}, descriptor=descriptor), infrastructure()
    request = MigrateRequest(service="shop", moves=moves)
    order = PlanOrder(
        plan_id="plan-22222222", kind=OperationKind.MIGRATE, request=request.model_dump(), survey=SURVEY
    )
    aim = target(order, request, before, descriptor, known, present=descriptor)
    plan = before.plan.model_copy(update={"placements": {**before.plan.placements, **moves}})
    after = deployed(aim, plan, before, order.plan_id, dict.fromkeys(POPS, "emulator"))
    whole = operation_plan(order, aim, before, after, known, 1, {}, NOW)
    return sum(each.seconds for each in whole.interruptions)


@pytest.mark.parametrize("instance", ["store-1", "balancer-1", "web-1"])
@pytest.mark.parametrize("descriptor", [shop(), SINGLE], ids=["doubled", "single"])
def test_an_interruption_is_that_which_its_migrate_would_tell(descriptor: Any, instance: str) -> None:
    told = shop_as(descriptor).moves[instance].interrupted_s
    to = "east" if instance == "store-1" else "south"
    assert told == pytest.approx(interrupted_by_migrate({instance: to}, descriptor))


def test_what_must_never_run_twice_is_interrupted_longest() -> None:
    assert shop_as(SINGLE).moves["store-1"].interrupted_s > shop_as().moves["store-1"].interrupted_s


def test_a_move_costs_its_interruption_and_its_memory_and_disk() -> None:
    cost = shop_as(SINGLE).moves["store-1"]
    assert cost.transferred_gib == 1.0
    assert cost.once == pytest.approx(cost.interrupted_s + 10.0)


def test_only_what_stands_in_the_scope_may_move() -> None:
    assert shop_as(among={"south"}).moves.keys() == {"store-1"}


def test_it_stands_as_it_runs() -> None:
    found = shop_as()
    assert found.placements == running({"store-1": "south"}).plan.placements
    assert {end.name: end.pop for end in found.graph.endpoints} == {"users": "north"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"evacuate": "north", "new": {"a": {"descriptor": "b"}}}, "evacuate and new"),
        ({"allowance_per_hour": 1}, "goes with defragment"),
        ({"evacuate": "north", "region": "south"}, "leave out pop and region"),
        ({"defragment": True, "pop": "north"}, "evacuate empties one PoP"),
        ({"prices": {"horizon_h": 0}}, "greater than 0"),
        ({"prices": {"per_gib": float("nan")}}, "finite"),
        ({"time_limit_s": 1e9}, "less than or equal"),
        ({"at_once": 0}, "greater than or equal"),
    ],
)
def test_nonsense_is_no_request(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        OptimiseRequest.model_validate(wrong)
