"""Reservations, the ledger and the service records: nothing oversubscribed, nothing lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from catalogue.store import Catalogue
from domain.errors import ReservationConflictError, UnknownError
from domain.infrastructure import Resources
from domain.names import OperationKind
from domain.phases import OperationState, ResourceState, ServiceState
from domain.records import Lease, Usage
from tests.unit.test_catalogue_samples import begin, graph, infrastructure, intend, plan

pytest_plugins = ("tests.postgres",)


def reserve(catalogue: Catalogue, lease: Lease, vcpus: int = 4, mbps: float = 10.0) -> None:
    wanted = graph(lease.service, vcpus, mbps)
    catalogue.reservations.reserve(lease.operation_id, lease.fence, lease.service, wanted, plan(mbps))


def usage(catalogue: Catalogue) -> tuple[int, int, float]:
    """Reserved vcpus in a and in b, and Mbit/s between them."""
    used: Usage = catalogue.infrastructure.usage()
    return used.pops["a"].vcpus, used.pops["b"].vcpus, used.links["a-b"]


@pytest.fixture
def lease(catalogue: Catalogue) -> Lease:
    catalogue.infrastructure.apply(infrastructure())
    return begin(catalogue, "op-1")


@pytest.mark.parametrize(("vcpus", "mbps"), [(100, 10_000), (10_000, 250)], ids=["by PoP", "by link"])
def test_of_forty_at_once_exactly_those_that_fit_get_in(catalogue: Catalogue, vcpus: int, mbps: int) -> None:
    catalogue.infrastructure.apply(infrastructure(vcpus, mbps))

    def attempt(number: int) -> bool:
        mine = begin(catalogue, f"op-{number}", f"shop-{number}")
        try:
            reserve(catalogue, mine)
        except ReservationConflictError:
            return False
        return True

    with ThreadPoolExecutor(40) as threads:
        assert sum(threads.map(attempt, range(40))) == 25
    assert usage(catalogue) == (100, 100, 250.0)


def test_a_conflict_says_where_and_how_much_and_takes_nothing(catalogue: Catalogue, lease: Lease) -> None:
    reserve(catalogue, lease, vcpus=90, mbps=995)
    other = begin(catalogue, "op-2", "cafe")
    with pytest.raises(ReservationConflictError) as refused:
        reserve(catalogue, other, vcpus=20)
    assert "PoP a: 20 vcpus wanted, 10 free of 100" in str(refused.value)
    assert "link a-b: 10 Mbit/s wanted, 5 free of 1000" in str(refused.value)
    assert usage(catalogue) == (90, 90, 995.0)


def test_a_pop_that_is_gone_is_a_conflict(catalogue: Catalogue, lease: Lease) -> None:
    catalogue.infrastructure.apply(infrastructure(pops=("a", "c")))
    with pytest.raises(ReservationConflictError, match="PoP b is not part of the infrastructure any more"):
        reserve(catalogue, lease)


def test_reserving_and_releasing_may_be_repeated(catalogue: Catalogue, lease: Lease) -> None:
    for _ in range(2):
        reserve(catalogue, lease, vcpus=60)
        assert usage(catalogue) == (60, 60, 10.0)
    for _ in range(2):
        catalogue.reservations.release("op-1", lease.fence, "shop")
        assert usage(catalogue) == (0, 0, 0.0)


def test_what_is_still_in_the_ledger_stays_reserved_until_it_is_gone(
    catalogue: Catalogue, lease: Lease
) -> None:
    reserve(catalogue, lease)
    name = intend(catalogue, lease)
    catalogue.ledger.leave(name, "b", "the VIM is down")
    catalogue.reservations.release("op-1", lease.fence, "shop")
    catalogue.services.remove("op-1", lease.fence, "shop")
    assert usage(catalogue) == (0, 4, 0.0)
    assert [(left.resource_name, left.reason) for left in catalogue.ledger.leftovers()] == [
        (name, "the VIM is down")
    ]
    for _ in range(2):
        catalogue.ledger.gone(name, "b")
    assert usage(catalogue) == (0, 0, 0.0)


def test_gone_keeps_the_reservation_of_a_service_that_lives(catalogue: Catalogue, lease: Lease) -> None:
    reserve(catalogue, lease)
    catalogue.ledger.gone(intend(catalogue, lease), "b")
    assert usage(catalogue) == (4, 4, 10.0)


def test_a_leftover_counts_beside_a_new_service_of_the_name_until_it_is_gone(
    catalogue: Catalogue, lease: Lease
) -> None:
    reserve(catalogue, lease, vcpus=60)
    name = intend(catalogue, lease)
    catalogue.ledger.leave(name, "b", "the VIM is down")
    catalogue.services.remove("op-1", lease.fence, "shop")
    catalogue.operations.finish("op-1", lease.fence, OperationState.FAILED, "the VIM is down")
    again = begin(catalogue, "op-2")
    with pytest.raises(ReservationConflictError, match="PoP b: 60 vcpus wanted, 40 free of 100"):
        reserve(catalogue, again, vcpus=60)
    reserve(catalogue, again, vcpus=40)
    intend(catalogue, again)
    assert usage(catalogue) == (40, 100, 10.0)
    catalogue.ledger.gone(name, "b")
    assert usage(catalogue) == (40, 40, 10.0)


def test_an_operation_takes_up_its_own_leftover(catalogue: Catalogue, lease: Lease) -> None:
    reserve(catalogue, lease)
    name = intend(catalogue, lease)
    catalogue.ledger.leave(name, "b", "the VIM is down")
    catalogue.reservations.release("op-1", lease.fence, "shop")
    reserve(catalogue, lease)
    assert intend(catalogue, lease) == name
    (row,) = catalogue.ledger.of_service("shop")
    assert (row.state, row.reason) == (ResourceState.INTENDED, None)
    assert usage(catalogue) == (4, 4, 10.0)


def test_a_crash_between_any_two_writes_is_made_good_by_doing_them_again(
    catalogue: Catalogue, lease: Lease
) -> None:
    for _ in range(2):
        assert begin(catalogue, "op-1") == lease
        reserve(catalogue, lease)
        for instance, pop in plan().placements.items():
            name = intend(catalogue, lease, instance, pop)
            catalogue.ledger.created(name, pop, f"id-{instance}", f"10.0.0.{pop}")
        catalogue.services.commit("op-1", lease.fence, "shop", plan(), graph("shop"))
    catalogue.operations.finish("op-1", lease.fence, OperationState.COMPLETED)
    service = catalogue.services.get("shop")
    assert service.state == ServiceState.ACTIVE and service.plan == plan()
    assert [(i.name, i.pop, i.address, i.external_id) for i in service.instances] == [
        ("firewall-1", "a", "10.0.0.a", "id-firewall-1"),
        ("web-1", "b", "10.0.0.b", "id-web-1"),
    ]
    assert [link.physical_links for link in service.links] == [("a-b",)]
    assert {row.state for row in catalogue.ledger.all()} == {ResourceState.CREATED}
    assert usage(catalogue) == (4, 4, 10.0)


def test_a_service_ends_with_nothing_left(catalogue: Catalogue, lease: Lease) -> None:
    reserve(catalogue, lease)
    name = intend(catalogue, lease)
    catalogue.services.commit("op-1", lease.fence, "shop", plan(), graph("shop"))
    catalogue.operations.finish("op-1", lease.fence, OperationState.COMPLETED)
    end = begin(catalogue, "op-2", kind=OperationKind.TERMINATE)
    catalogue.ledger.gone(name, "b")
    for _ in range(2):
        catalogue.reservations.release("op-2", end.fence, "shop")
        catalogue.services.remove("op-2", end.fence, "shop")
    assert catalogue.services.list() == () and catalogue.ledger.all() == ()
    assert usage(catalogue) == (0, 0, 0.0)
    with pytest.raises(UnknownError, match="there is none yet"):
        catalogue.services.get("shop")


def test_an_undone_termination_restores_the_state(catalogue: Catalogue, lease: Lease) -> None:
    catalogue.services.restore("op-1", lease.fence, "shop", ServiceState.ACTIVE)
    assert [service.state for service in catalogue.services.list("acme")] == [ServiceState.ACTIVE]
    assert catalogue.services.list("somebody-else") == ()


def test_the_ledger_refuses_news_of_what_it_never_intended(catalogue: Catalogue, lease: Lease) -> None:
    with pytest.raises(UnknownError):
        catalogue.ledger.created("stray", "b", "id", None)
    with pytest.raises(UnknownError):
        catalogue.ledger.leave("stray", "b", "why")
    catalogue.ledger.gone("stray", "b")


def test_a_leftover_that_turns_out_created_stays_a_leftover(catalogue: Catalogue, lease: Lease) -> None:
    name = intend(catalogue, lease)
    catalogue.ledger.leave(name, "b", "no answer")
    row = catalogue.ledger.created(name, "b", "id-9", None)
    assert (row.state, row.external_id) == (ResourceState.LEFTOVER, "id-9")


def test_usage_counts_memory_and_disk_too(catalogue: Catalogue, lease: Lease) -> None:
    reserve(catalogue, lease)
    assert catalogue.infrastructure.usage().pops["a"] == Resources.of(4, 1024, 1)


def test_what_others_use_of_a_pop_is_nobodys_to_reserve(catalogue: Catalogue, lease: Lease) -> None:
    catalogue.infrastructure.note_others({"a": Resources.of(97, 0, 0), "b": Resources.of(-3, 0, 0)})
    assert usage(catalogue) == (97, 0, 0.0)
    with pytest.raises(ReservationConflictError, match="PoP a: 4 vcpus wanted, 3 free of 100"):
        reserve(catalogue, lease)
    catalogue.infrastructure.apply(infrastructure())
    assert catalogue.infrastructure.others()["a"].vcpus == 97
    catalogue.infrastructure.note_others({"a": Resources.of(0, 0, 0)})
    reserve(catalogue, lease)
    assert usage(catalogue)[0] == 4
