"""The way from one deployment to another: all of it reserved, the way back always free, nothing twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.claims import Claims, claims_between, claims_of
from catalogue.store import Catalogue
from domain.deployments import Deployment
from domain.errors import FencedError, ReservationConflictError
from domain.names import OperationKind
from domain.phases import OperationState
from domain.records import Lease, Usage
from tests.unit.test_catalogue_samples import begin, build, committed, deployment, infrastructure

pytest_plugins = ("tests.postgres",)

Used = tuple[int, int, float]

WEB = {"firewall-1": "op-1", "web-1": "op-2"}
"""The web server built anew by the second operation."""


def usage(catalogue: Catalogue, settled: str | None = None) -> Used:
    """Reserved vcpus in a and in b, and Mbit/s between them."""
    used: Usage = catalogue.infrastructure.usage(settled)
    return used.pops["a"].vcpus, used.pops["b"].vcpus, used.links["a-b"]


def second(catalogue: Catalogue, first: Deployment, vcpus: int = 100) -> Lease:
    """A committed service, and an operation that begins to change it."""
    catalogue.infrastructure.apply(infrastructure(vcpus=vcpus))
    lease = begin(catalogue, "op-1")
    committed(catalogue, lease, first)
    catalogue.operations.finish("op-1", lease.fence, OperationState.COMPLETED)
    return begin(catalogue, "op-2", kind=OperationKind.SCALE)


def go(catalogue: Catalogue, lease: Lease, before: Deployment, after: Deployment, *given_up: str) -> None:
    catalogue.reservations.transition("op-2", lease.fence, "shop", before, after, given_up)


def size(web: int) -> dict[str, int]:
    return {"firewall-1": 4, "web-1": web}


def test_the_old_and_the_new_are_held_side_by_side_and_then_the_new_alone(catalogue: Catalogue) -> None:
    before, after = deployment(), deployment(by=WEB, vcpus=size(7))
    lease = second(catalogue, before)
    for _ in range(2):
        go(catalogue, lease, before, after)
        assert usage(catalogue) == (4, 11, 10.0)
    build(catalogue, lease, after)
    catalogue.ledger.gone("shop-web-1-op-1", "b")
    assert usage(catalogue) == (4, 11, 10.0)
    for _ in range(2):
        catalogue.services.commit_deployment("op-2", lease.fence, after, None)
        assert usage(catalogue) == (4, 7, 10.0)


def test_a_link_that_is_kept_counts_once_and_as_wide_as_it_ever_is(catalogue: Catalogue) -> None:
    before, after = deployment(mbps=10), deployment(by=WEB, mbps=4)
    lease = second(catalogue, before)
    go(catalogue, lease, before, after)
    assert usage(catalogue) == (4, 8, 10.0)
    catalogue.ledger.gone("shop-web-1-op-1", "b")
    catalogue.services.commit_deployment("op-2", lease.fence, after, None)
    assert usage(catalogue) == (4, 4, 4.0)


@pytest.mark.parametrize(("web", "peak"), [(9, 9), (2, 4), (4, 4)])
def test_who_makes_room_for_a_successor_in_its_pop_counts_once(
    catalogue: Catalogue, web: int, peak: int
) -> None:
    before, after = deployment(), deployment(by=WEB, vcpus=size(web))
    lease = second(catalogue, before, vcpus=peak)
    go(catalogue, lease, before, after, "shop-web-1-op-1")
    assert usage(catalogue) == (4, peak, 10.0)
    catalogue.ledger.gone("shop-web-1-op-1", "b")
    build(catalogue, lease, after)
    catalogue.services.commit_deployment("op-2", lease.fence, after, None)
    assert usage(catalogue) == (4, web, 10.0)


def test_coming_back_fits_even_if_all_others_have_taken_the_rest(catalogue: Catalogue) -> None:
    before, after = deployment(), deployment(by=WEB, vcpus=size(1))
    lease = second(catalogue, before, vcpus=20)
    go(catalogue, lease, before, after, "shop-web-1-op-1")
    catalogue.ledger.gone("shop-web-1-op-1", "b")
    other = begin(catalogue, "op-3", "cafe")
    greedy = deployment(by="op-3", vcpus=16, service="cafe")
    catalogue.reservations.transition("op-3", other.fence, "cafe", None, greedy)
    for _ in range(2):
        catalogue.services.restore_committed("op-2", lease.fence, "shop")
        assert usage(catalogue) == (20, 20, 20.0)


def test_a_conflict_says_what_lacks_where_and_changes_nothing(catalogue: Catalogue) -> None:
    before, after = deployment(), deployment(by=WEB, vcpus=size(7), mbps=1200)
    lease = second(catalogue, before, vcpus=10)
    with pytest.raises(ReservationConflictError) as refused:
        go(catalogue, lease, before, after)
    assert "PoP b: 7 vcpus wanted, 6 free of 10" in str(refused.value)
    assert "link a-b: 1190 Mbit/s wanted, 990 free of 1000" in str(refused.value)
    assert usage(catalogue) == (4, 4, 10.0)
    assert not catalogue.services.unsettled("shop")


def test_a_pop_that_is_gone_is_a_conflict(catalogue: Catalogue) -> None:
    before, after = deployment(), deployment(by=WEB, web="c")
    lease = second(catalogue, before)
    with pytest.raises(ReservationConflictError, match=r"PoP c is not part .*; link a-c is not part"):
        go(catalogue, lease, before, after)


def test_another_transition_of_the_operation_replaces_the_first(catalogue: Catalogue) -> None:
    before = deployment()
    lease = second(catalogue, before, vcpus=24)
    go(catalogue, lease, before, deployment(by=WEB, vcpus=size(20)))
    go(catalogue, lease, before, deployment(by=WEB, vcpus=size(19)))
    assert usage(catalogue) == (4, 23, 10.0)


def test_what_was_built_for_a_former_transition_counts_until_it_is_gone(catalogue: Catalogue) -> None:
    before = deployment()
    lease = second(catalogue, before)
    tried = deployment(by=WEB, web="a", vcpus=size(3))
    go(catalogue, lease, before, tried)
    build(catalogue, lease, tried)
    go(catalogue, lease, before, deployment(by=WEB, vcpus=size(5)))
    assert usage(catalogue) == (7, 9, 10.0)
    catalogue.ledger.gone("shop-web-1-op-2", "a")
    assert usage(catalogue) == (4, 9, 10.0)


def test_what_stands_in_a_lost_pop_counts_until_the_ledger_has_forgotten_it(catalogue: Catalogue) -> None:
    before, after = deployment(), deployment(by=WEB, web="a")
    lease = second(catalogue, before)
    go(catalogue, lease, before, after, "shop-web-1-op-1")
    assert usage(catalogue) == (8, 4, 10.0)
    build(catalogue, lease, after)
    catalogue.ledger.leave("shop-web-1-op-1", "b", "PoP b is lost")
    catalogue.services.commit_deployment("op-2", lease.fence, after, None)
    assert usage(catalogue) == (8, 4, 0.0)
    assert not catalogue.services.unsettled("shop")
    catalogue.ledger.gone("shop-web-1-op-1", "b")
    assert usage(catalogue) == (8, 0, 0.0)


@pytest.mark.parametrize("kept", ["predecessor", "successor"])
def test_a_leftover_of_two_in_one_place_counts_in_full(catalogue: Catalogue, kept: str) -> None:
    before, after = deployment(), deployment(by=WEB, vcpus=size(9))
    lease = second(catalogue, before)
    go(catalogue, lease, before, after, "shop-web-1-op-1")
    build(catalogue, lease, after)
    if kept == "predecessor":
        catalogue.ledger.leave("shop-web-1-op-1", "b", "no answer")
        catalogue.services.commit_deployment("op-2", lease.fence, after, None)
    else:
        catalogue.ledger.leave("shop-web-1-op-2", "b", "no answer")
        catalogue.services.restore_committed("op-2", lease.fence, "shop")
    assert usage(catalogue) == (4, 13, 10.0)


def test_a_second_attempt_plans_as_if_the_first_had_reserved_nothing(catalogue: Catalogue) -> None:
    before = deployment()
    lease = second(catalogue, before)
    go(catalogue, lease, before, deployment(by=WEB, vcpus=size(90), mbps=500))
    assert usage(catalogue) == (4, 94, 500.0)
    assert usage(catalogue, settled="shop") == (4, 4, 10.0)
    assert usage(catalogue, settled="nobody") == (4, 94, 500.0)


def test_of_many_transitions_at_once_exactly_those_that_fit_get_in(catalogue: Catalogue) -> None:
    catalogue.infrastructure.apply(infrastructure(vcpus=60))
    leases = [begin(catalogue, f"op-{number}", f"shop-{number}") for number in range(10)]
    for lease in leases:
        committed(catalogue, lease, deployment(by=lease.operation_id, service=lease.service))
        catalogue.operations.finish(lease.operation_id, lease.fence, OperationState.COMPLETED)

    def attempt(lease: Lease) -> bool:
        name = lease.service
        again = begin(catalogue, f"scale-{name}", name, kind=OperationKind.SCALE)
        before = deployment(by=lease.operation_id, service=name)
        by = {"firewall-1": lease.operation_id, "web-1": again.operation_id}
        after = deployment(by=by, vcpus=size(5), service=name)
        try:
            catalogue.reservations.transition(again.operation_id, again.fence, name, before, after)
        except ReservationConflictError:
            return False
        return True

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(attempt, leases)) == 4
    assert usage(catalogue) == (40, 60, 100.0)


def test_who_lost_the_lease_reserves_and_settles_nothing(catalogue: Catalogue) -> None:
    before = deployment()
    lease = second(catalogue, before)
    catalogue.operations.take_over("shop", "op-2")
    writes: list[Callable[[], None]] = [
        lambda: go(catalogue, lease, before, deployment(by=WEB)),
        lambda: catalogue.reservations.settle("op-2", lease.fence, "shop", None),
        lambda: catalogue.services.commit_deployment("op-2", lease.fence, deployment(by=WEB), None),
        lambda: catalogue.services.restore_committed("op-2", lease.fence, "shop"),
    ]
    for write in writes:
        with pytest.raises(FencedError, match="op-2"):
            write()
    assert usage(catalogue) == (4, 4, 10.0)


sizes = st.fixed_dictionaries({"firewall-1": st.integers(0, 9), "web-1": st.integers(0, 9)})
builders = st.fixed_dictionaries({name: st.sampled_from(["op-1", "op-2"]) for name in WEB})
deployments = st.builds(
    deployment,
    by=builders,
    vcpus=sizes,
    web=st.sampled_from(["a", "b", "c"]),
    mbps=st.sampled_from([1.0, 5.0, 9.0]),
)


@given(deployments, deployments, st.sets(st.sampled_from(["firewall-1", "web-1"])))
def test_the_way_holds_at_least_both_ends_everywhere(
    before: Deployment, after: Deployment, leaving: set[str]
) -> None:
    given_up = [each.resource for each in before.instances if each.name in leaving]
    way = claims_between(before, after, given_up)
    for end in (claims_of(before), claims_of(after)):
        assert all(of_pops(way).get(pop, 0) >= vcpus for pop, vcpus in of_pops(end).items())
        assert all(of_links(way).get(link, 0) >= mbps for link, mbps in of_links(end).items())
    ends = [of_pops(claims_of(before)), of_pops(claims_of(after))]
    assert all(vcpus <= sum(end.get(pop, 0) for end in ends) for pop, vcpus in of_pops(way).items())


def of_pops(claims: Claims) -> dict[str, int]:
    found: dict[str, int] = {}
    for (_, pop), claim in claims.instances.items():
        found[pop] = found.get(pop, 0) + claim.resources.vcpus
    return found


def of_links(claims: Claims) -> dict[str, float]:
    found: dict[str, float] = {}
    for (_, link), mbps in claims.links.items():
        found[link] = found.get(link, 0.0) + mbps
    return found
