"""Operations, their leases and fences."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from catalogue.store import Catalogue
from domain.errors import BusyError, ExistsError, FencedError, UnknownError
from domain.names import OperationKind
from domain.phases import OperationState, ServiceState
from domain.records import Lease
from tests.unit.test_catalogue_samples import begin, graph, infrastructure, intend, plan

pytest_plugins = ("tests.postgres",)

DONE = OperationState.COMPLETED
TERMINATE = OperationKind.TERMINATE


def test_begin_creates_the_service_and_may_be_repeated(catalogue: Catalogue) -> None:
    lease = begin(catalogue, "op-1")
    assert begin(catalogue, "op-1") == lease
    service = catalogue.services.get("shop")
    assert (service.state, service.tenant, service.plan) == (ServiceState.INSTANTIATING, "acme", None)
    assert service.since.utcoffset() is not None
    holder = catalogue.operations.holder("shop")
    assert holder is not None and holder.state == OperationState.PROCESSING


def test_a_second_operation_is_told_who_holds_the_service(catalogue: Catalogue) -> None:
    begin(catalogue, "op-1")
    with pytest.raises(BusyError, match=r"op-1 \(Instantiate, workflow service/shop, .* since 20"):
        begin(catalogue, "op-2", kind=TERMINATE)


def test_of_two_begins_at_once_one_wins(catalogue: Catalogue) -> None:
    def attempt(number: int) -> Lease | BusyError:
        try:
            return begin(catalogue, f"op-{number}")
        except BusyError as error:
            return error

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(attempt, range(8)))
    assert len([outcome for outcome in outcomes if isinstance(outcome, Lease)]) == 1


def test_a_name_is_created_once_and_only_what_exists_ends(catalogue: Catalogue) -> None:
    lease = begin(catalogue, "op-1")
    catalogue.operations.finish("op-1", lease.fence, DONE)
    with pytest.raises(ExistsError, match="it is INSTANTIATING"):
        begin(catalogue, "op-2")
    with pytest.raises(UnknownError, match="did you mean shop"):
        begin(catalogue, "op-3", service="shap", kind=TERMINATE)
    assert begin(catalogue, "op-4", kind=TERMINATE).fence == lease.fence + 1
    assert catalogue.services.get("shop").state == ServiceState.TERMINATING
    assert {operation.operation_id for operation in catalogue.operations.list("shop")} == {"op-1", "op-4"}


def test_finish_may_be_repeated_but_not_changed(catalogue: Catalogue) -> None:
    fence = begin(catalogue, "op-1").fence
    for _ in range(2):
        catalogue.operations.finish("op-1", fence, OperationState.FAILED, "no room")
    with pytest.raises(FencedError):
        catalogue.operations.finish("op-1", fence, DONE)
    record = catalogue.operations.get("op-1")
    assert (record.state, record.failure) == (OperationState.FAILED, "no room")
    assert record.finished_at is not None and catalogue.operations.holder("shop") is None


def test_who_was_taken_over_writes_nothing_more(catalogue: Catalogue) -> None:
    catalogue.infrastructure.apply(infrastructure())
    old = begin(catalogue, "op-1")
    for _ in range(2):
        catalogue.operations.take_over("shop", "op-1")
    assert catalogue.operations.get("op-1").state == OperationState.ABANDONED
    begin(catalogue, "op-2", kind=TERMINATE)
    id_ = (old.operation_id, old.fence, "shop")
    for write in (
        lambda: catalogue.reservations.reserve(*id_, graph("shop"), plan()),
        lambda: catalogue.reservations.release(*id_),
        lambda: catalogue.services.commit(*id_, plan(), graph("shop")),
        lambda: catalogue.services.remove(*id_),
        lambda: catalogue.services.restore(*id_, ServiceState.ACTIVE),
        lambda: intend(catalogue, old),
        lambda: catalogue.operations.finish(old.operation_id, old.fence, DONE),
        lambda: begin(catalogue, "op-1"),
    ):
        with pytest.raises(FencedError, match="op-1"):
            write()
    assert catalogue.ledger.all() == ()
    assert catalogue.infrastructure.usage().links["a-b"] == 0


def test_only_the_holder_can_be_taken_over(catalogue: Catalogue) -> None:
    lease = begin(catalogue, "op-1")
    catalogue.operations.finish("op-1", lease.fence, DONE)
    begin(catalogue, "op-2", kind=TERMINATE)
    with pytest.raises(BusyError, match="op-2"):
        catalogue.operations.take_over("shop", "op-1")
    with pytest.raises(UnknownError):
        catalogue.operations.take_over("shop", "nobody")


def test_a_fence_is_never_given_out_twice(catalogue: Catalogue) -> None:
    first = begin(catalogue, "op-1")
    catalogue.services.remove("op-1", first.fence, "shop")
    catalogue.operations.finish("op-1", first.fence, DONE)
    second = begin(catalogue, "op-2")
    assert second.fence > first.fence
    with pytest.raises(FencedError):
        catalogue.services.remove("op-2", first.fence, "shop")
