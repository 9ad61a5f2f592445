"""Stored plans: applied once, by one operation, and kept for as long as somebody may want to see them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from catalogue.plans import KEPT
from catalogue.store import Catalogue
from domain.errors import FencedError, InputError, UnknownError
from domain.names import OperationKind
from domain.networking import MODELLED, ServiceNetwork
from domain.operation_plans import PlanState
from domain.phases import OperationState
from domain.records import Lease
from domain.requests import StepTime
from tests.unit.test_catalogue_samples import begin, operation_plan

pytest_plugins = ("tests.postgres",)

NETWORK = ServiceNetwork(name="shop-network", service="shop", pops={}, segments=())


@pytest.fixture
def lease(catalogue: Catalogue) -> Lease:
    return begin(catalogue, "op-1")


def amended(notes: str) -> dict[str, tuple[str, ...]]:
    return {"notes": (notes,)}


def test_a_plan_comes_back_as_it_was_kept(catalogue: Catalogue) -> None:
    for _ in range(2):
        catalogue.plans.keep(operation_plan())
    record = catalogue.plans.get("plan-1")
    assert (record.plan, record.state, record.operation_id) == (operation_plan(), PlanState.READY, None)


def test_an_unknown_plan_names_what_is_near(catalogue: Catalogue, lease: Lease) -> None:
    catalogue.plans.keep(operation_plan())
    assert catalogue.plans.find("plam-1") is None
    found = catalogue.plans.find("plan-1")
    assert found is not None and found == catalogue.plans.get("plan-1")
    with pytest.raises(UnknownError, match="did you mean plan-1"):
        catalogue.plans.get("plam-1")
    with pytest.raises(UnknownError):
        catalogue.plans.take("op-1", lease.fence, "plam-1")
    assert catalogue.plans.network("plam-1", 1) is None and catalogue.plans.connection("plam-1") is None


def test_plans_are_listed_newest_first(catalogue: Catalogue) -> None:
    for number, service in enumerate(["shop", "cafe", "shop"]):
        catalogue.plans.keep(operation_plan(f"plan-{number}", service, minute=number))
    assert [each.plan.plan_id for each in catalogue.plans.list()] == ["plan-2", "plan-1", "plan-0"]
    assert [each.plan.plan_id for each in catalogue.plans.list("shop")] == ["plan-2", "plan-0"]
    assert [each.plan.plan_id for each in catalogue.plans.list(limit=1)] == ["plan-2"]


def test_a_plan_is_taken_once(catalogue: Catalogue, lease: Lease) -> None:
    catalogue.plans.keep(operation_plan())
    for _ in range(2):
        taken = catalogue.plans.take("op-1", lease.fence, "plan-1")
        assert (taken.state, taken.operation_id) == (PlanState.TAKEN, "op-1")
    catalogue.operations.take_over("shop", "op-1")
    again = begin(catalogue, "op-2", kind=OperationKind.TERMINATE)
    with pytest.raises(InputError, match=r"plan plan-1 was taken by operation op-1 on 20.*Z"):
        catalogue.plans.take("op-2", again.fence, "plan-1")


def test_of_two_that_take_a_plan_at_once_only_the_holder_of_the_service_gets_it(
    catalogue: Catalogue, lease: Lease
) -> None:
    catalogue.plans.keep(operation_plan())

    def attempt(operation: str) -> bool:
        try:
            catalogue.plans.take(operation, lease.fence, "plan-1")
        except FencedError:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(attempt, ["op-9", "op-1", "op-8", "op-7"])) == 1
    assert catalogue.plans.get("plan-1").operation_id == "op-1"


def test_what_an_operation_works_out_stays_with_its_plan(catalogue: Catalogue, lease: Lease) -> None:
    catalogue.plans.keep(operation_plan())
    catalogue.plans.take("op-1", lease.fence, "plan-1")
    plan = operation_plan().model_copy(update=amended("another image"))
    for _ in range(2):
        catalogue.plans.replace("op-1", lease.fence, plan)
        catalogue.plans.keep_network("op-1", lease.fence, "plan-1", 2, NETWORK)
        catalogue.plans.keep_connection("op-1", lease.fence, "plan-1", MODELLED)
    assert catalogue.plans.get("plan-1").plan == plan
    assert catalogue.plans.network("plan-1", 1) is None
    assert catalogue.plans.network("plan-1", 2) == NETWORK
    assert catalogue.plans.connection("plan-1") == MODELLED


def test_a_plan_that_nobody_took_is_not_amended(catalogue: Catalogue, lease: Lease) -> None:
    catalogue.plans.keep(operation_plan())
    with pytest.raises(InputError, match="not followed by operation op-1"):
        catalogue.plans.replace("op-1", lease.fence, operation_plan())


def test_who_lost_the_lease_writes_into_no_plan(catalogue: Catalogue, lease: Lease) -> None:
    catalogue.plans.keep(operation_plan())
    catalogue.plans.take("op-1", lease.fence, "plan-1")
    catalogue.operations.take_over("shop", "op-1")
    mine = ("op-1", lease.fence)
    plan = operation_plan().model_copy(update=amended("too late"))
    writes: list[Callable[[], object]] = [
        lambda: catalogue.plans.take(*mine, "plan-1"),
        lambda: catalogue.plans.replace(*mine, plan),
        lambda: catalogue.plans.keep_network(*mine, "plan-1", 1, NETWORK),
        lambda: catalogue.plans.keep_connection(*mine, "plan-1", MODELLED),
        lambda: catalogue.plans.keep(plan),
    ]
    for write in writes:
        with pytest.raises(FencedError, match="op-1"):
            write()
    assert catalogue.plans.get("plan-1").plan == operation_plan()


def test_old_plans_are_pruned_but_not_one_that_is_being_followed(catalogue: Catalogue, lease: Lease) -> None:
    for number in range(KEPT):
        catalogue.plans.keep(operation_plan(f"plan-{number}", minute=number))
    catalogue.plans.keep(operation_plan("other", "cafe"))
    catalogue.plans.take("op-1", lease.fence, "plan-0")
    catalogue.plans.keep_network("op-1", lease.fence, "plan-0", 1, NETWORK)
    for number in range(KEPT, KEPT + 3):
        catalogue.plans.keep(operation_plan(f"plan-{number}", minute=number))
    kept = [each.plan.plan_id for each in catalogue.plans.list("shop")]
    assert kept == [*(f"plan-{number}" for number in range(KEPT + 2, 2, -1)), "plan-0"]
    catalogue.operations.finish("op-1", lease.fence, OperationState.COMPLETED)
    catalogue.plans.keep(operation_plan("last", minute=1000))
    assert len(catalogue.plans.list("shop")) == KEPT
    assert catalogue.plans.network("plan-0", 1) is None
    assert catalogue.plans.get("other").plan.service == "cafe"


def test_expected_times_follow_what_steps_take(catalogue: Catalogue) -> None:
    def note(*seconds: float) -> float:
        for each in seconds:
            catalogue.timings.note([StepTime(action="instance.create", vim_kind="modelled", seconds=each)])
        return catalogue.timings.expected()["instance.create", "modelled"]

    assert catalogue.timings.expected() == {}
    assert note(2.0) == 2.0
    assert note(4.0) == pytest.approx(3.0)
    assert 9.0 < note(*[10.0] * 20) < 10.0


def test_times_may_be_noted_at_once(catalogue: Catalogue) -> None:
    kinds = ("modelled", "emulator")
    times = [StepTime(action="instance.create", vim_kind=kind, seconds=3.0) for kind in kinds]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(catalogue.timings.note, [times, times[::-1]] * 8))
    assert catalogue.timings.expected() == {("instance.create", kind): 3.0 for kind in kinds}
