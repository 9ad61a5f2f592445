"""Deployments: committed whole, restored after an undo, and known to be unsettled in between."""

from collections.abc import Callable

import pytest

from catalogue.store import Catalogue
from domain.deployments import Adjustment, Deployment
from domain.descriptor import Endpoint
from domain.errors import InputError, UnknownError
from domain.infrastructure import Infrastructure
from domain.names import OperationKind
from domain.networking import (
    MODELLED,
    Connection,
    HostRoute,
    PopNetwork,
    ServiceNetwork,
)
from domain.phases import OperationState, ResourceKind, ResourceState, ServiceState
from domain.records import Lease
from tests.unit.test_catalogue_samples import (
    begin,
    build,
    committed,
    deployment,
    graph,
    infrastructure,
    plan,
    shop,
)

pytest_plugins = ("tests.postgres",)

WEB = {"firewall-1": "op-1", "web-1": "op-2"}
"""The web server built anew by the second operation."""


@pytest.fixture
def first(catalogue: Catalogue) -> Lease:
    catalogue.infrastructure.apply(infrastructure())
    return begin(catalogue, "op-1")


@pytest.fixture
def second(catalogue: Catalogue, first: Lease) -> Lease:
    """An operation that begins to change a committed service."""
    committed(catalogue, first, deployment())
    finish(catalogue, first)
    return begin(catalogue, "op-2", kind=OperationKind.SCALE)


def finish(catalogue: Catalogue, lease: Lease) -> None:
    catalogue.operations.finish(lease.operation_id, lease.fence, OperationState.COMPLETED)


def go(catalogue: Catalogue, lease: Lease, after: Deployment) -> None:
    """Reserves the way and builds what is new."""
    catalogue.reservations.transition("op-2", lease.fence, "shop", deployment(), after)
    build(catalogue, lease, after)


def network() -> ServiceNetwork:
    """With something to do in a, and nothing in b."""
    routes = {"shop-web-1-op-1": (HostRoute(destination="10.0.0.9", connection_point="http"),)}
    parts = {"a": PopNetwork(pop="a", routes=routes), "b": PopNetwork(pop="b")}
    return ServiceNetwork(name="shop-network-op-1", service="shop", pops=parts, segments=())


def intend_network(catalogue: Catalogue, lease: Lease, pop: str) -> None:
    owner = (lease.operation_id, lease.fence, "shop", "network", "network")
    name = "shop-network-op-1"
    catalogue.ledger.intend(*owner, pop, "modelled", name, {}, ResourceKind.NETWORK)


def test_nothing_is_committed_of_what_is_not_there_or_not_yet(catalogue: Catalogue, first: Lease) -> None:
    for name in ("shop", "nobody"):
        assert catalogue.services.deployment(name) is None
        assert catalogue.services.view(name).revision == 0
    assert catalogue.services.find("shop") == catalogue.services.get("shop")
    assert catalogue.services.find("nobody") is None


def test_a_commit_is_the_whole_truth_and_may_be_repeated(catalogue: Catalogue, first: Lease) -> None:
    wanted = deployment().model_copy(update={"adjustments": {"web": Adjustment(instances=1)}})
    measured = Connection(dataplane="ovs", overlay="encrypted")
    catalogue.reservations.transition("op-1", first.fence, "shop", None, wanted)
    build(catalogue, first, wanted)
    for _ in range(2):
        catalogue.services.commit_deployment("op-1", first.fence, wanted, network(), measured)
    view, record = catalogue.services.view("shop"), catalogue.services.get("shop")
    assert view.revision == record.revision == 1
    assert (record.state, record.version, record.connection) == (ServiceState.ACTIVE, "1", measured)
    assert record.adjustments == {"web": Adjustment(instances=1)} and record.plan == wanted.plan
    assert [(each.name, each.address) for each in record.instances] == [
        ("firewall-1", "10.0.0.20"),
        ("web-1", "10.0.0.15"),
    ]
    assert view.deployment is not None and catalogue.services.network("shop") == network()
    assert [each.addresses for each in view.deployment.instances] == [
        {"http": "10.0.0.20"},
        {"http": "10.0.0.15"},
    ]
    assert view.deployment == catalogue.services.deployment("shop")


def test_each_operation_counts_one_revision_over_all_lives_of_a_name(
    catalogue: Catalogue, second: Lease
) -> None:
    go(catalogue, second, deployment(by=WEB))
    catalogue.ledger.gone("shop-web-1-op-1", "b")
    catalogue.services.commit_deployment("op-2", second.fence, deployment(by=WEB), None)
    assert catalogue.services.view("shop").revision == 2
    finish(catalogue, second)
    end = begin(catalogue, "op-3", kind=OperationKind.TERMINATE)
    for row in catalogue.ledger.all():
        catalogue.ledger.gone(row.resource_name, row.pop)
    catalogue.services.remove("op-3", end.fence, "shop")
    finish(catalogue, end)
    anew = begin(catalogue, "op-4")
    assert catalogue.services.get("shop").revision == 0
    committed(catalogue, anew, deployment(by="op-4"))
    assert catalogue.services.get("shop").revision == 3


def test_an_undo_comes_back_to_what_is_committed(catalogue: Catalogue, second: Lease) -> None:
    before = catalogue.services.view("shop")
    go(catalogue, second, deployment(by=WEB, vcpus=9, web="a"))
    catalogue.ledger.gone("shop-web-1-op-2", "a")
    for _ in range(2):
        catalogue.services.restore_committed("op-2", second.fence, "shop")
        assert not catalogue.services.unsettled("shop")
    assert catalogue.services.view("shop") == before
    assert catalogue.services.get("shop").state == ServiceState.ACTIVE
    assert catalogue.infrastructure.usage().pops["a"].vcpus == 4


def test_an_undone_instantiate_leaves_no_record(catalogue: Catalogue, first: Lease) -> None:
    catalogue.reservations.transition("op-1", first.fence, "shop", None, deployment())
    build(catalogue, first, deployment())
    catalogue.ledger.gone("shop-firewall-1-op-1", "a")
    catalogue.ledger.leave("shop-web-1-op-1", "b", "no answer")
    for _ in range(2):
        catalogue.services.restore_committed("op-1", first.fence, "shop")
    with pytest.raises(UnknownError):
        catalogue.services.get("shop")
    used = catalogue.infrastructure.usage()
    assert (used.pops["a"].vcpus, used.pops["b"].vcpus, used.links["a-b"]) == (0, 4, 0.0)


def test_a_commit_that_is_repeated_after_its_answer_was_lost_changes_nothing(
    catalogue: Catalogue, second: Lease
) -> None:
    go(catalogue, second, deployment(by=WEB))
    catalogue.ledger.gone("shop-web-1-op-1", "b")
    for _ in range(2):
        catalogue.services.commit_deployment("op-2", second.fence, deployment(by=WEB), None)
        known = (catalogue.services.view("shop"), catalogue.services.get("shop"))
        assert known[0].revision == 2 and not catalogue.services.unsettled("shop")


Died = Callable[[Catalogue, Lease], None]


def _reserved(catalogue: Catalogue, lease: Lease) -> None:
    catalogue.reservations.transition("op-2", lease.fence, "shop", deployment(), deployment(by=WEB))


def _nothing_new_reserved(catalogue: Catalogue, lease: Lease) -> None:
    catalogue.reservations.transition("op-2", lease.fence, "shop", deployment(), deployment())


def _intended(catalogue: Catalogue, lease: Lease) -> None:
    _reserved(catalogue, lease)
    owner = ("op-2", lease.fence, "shop", "web", "web-1")
    catalogue.ledger.intend(*owner, "b", "modelled", "shop-web-1-op-2", {})


def _created(catalogue: Catalogue, lease: Lease) -> None:
    _reserved(catalogue, lease)
    build(catalogue, lease, deployment(by=WEB))


def _deleted(catalogue: Catalogue, lease: Lease) -> None:
    _created(catalogue, lease)
    catalogue.ledger.gone("shop-web-1-op-1", "b")


def _half_undone(catalogue: Catalogue, lease: Lease) -> None:
    _deleted(catalogue, lease)
    catalogue.ledger.gone("shop-web-1-op-2", "b")


def _left(catalogue: Catalogue, lease: Lease) -> None:
    catalogue.ledger.leave("shop-web-1-op-1", "b", "no answer")


def _settled_too_early(catalogue: Catalogue, lease: Lease) -> None:
    _deleted(catalogue, lease)
    catalogue.reservations.settle("op-2", lease.fence, "shop", deployment(by=WEB))


@pytest.mark.parametrize(
    "died",
    [
        _reserved,
        _nothing_new_reserved,
        _intended,
        _created,
        _deleted,
        _half_undone,
        _left,
        _settled_too_early,
    ],
)
def test_wherever_an_operation_died_the_service_is_unsettled(
    catalogue: Catalogue, second: Lease, died: Died
) -> None:
    assert not catalogue.services.unsettled("shop")
    died(catalogue, second)
    catalogue.operations.take_over("shop", "op-2")
    assert catalogue.services.unsettled("shop")


def test_rows_that_differ_are_seen_without_any_mark(catalogue: Catalogue, second: Lease) -> None:
    build(catalogue, second, deployment(by=WEB))
    assert catalogue.services.unsettled("shop")
    catalogue.ledger.leave("shop-web-1-op-2", "b", "swept later")
    assert not catalogue.services.unsettled("shop")
    catalogue.reservations.settle("op-2", second.fence, "shop", deployment(mbps=11))
    assert catalogue.services.unsettled("shop")
    catalogue.reservations.settle("op-2", second.fence, "shop", deployment(vcpus=3))
    assert catalogue.services.unsettled("shop")
    catalogue.reservations.settle("op-2", second.fence, "shop", deployment())
    assert not catalogue.services.unsettled("shop")


def test_an_instantiate_that_died_is_unsettled_and_what_is_not_there_is_not(
    catalogue: Catalogue, first: Lease
) -> None:
    assert not catalogue.services.unsettled("nobody")
    build(catalogue, first, deployment())
    assert catalogue.services.unsettled("shop")


def test_a_network_is_settled_where_it_has_something_to_do(catalogue: Catalogue, first: Lease) -> None:
    wanted = deployment().model_copy(update={"network": "shop-network-op-1"})
    catalogue.reservations.transition("op-1", first.fence, "shop", None, wanted)
    build(catalogue, first, wanted)
    catalogue.services.commit_deployment("op-1", first.fence, wanted, network(), MODELLED)
    assert catalogue.services.unsettled("shop")
    for pop in ("a", "b"):
        intend_network(catalogue, first, pop)
        assert catalogue.services.unsettled("shop")
        catalogue.ledger.created("shop-network-op-1", pop, None, None)
        assert not catalogue.services.unsettled("shop")
    catalogue.ledger.gone("shop-network-op-1", "a")
    assert catalogue.services.unsettled("shop")


def test_addresses_stay_in_the_ledger(catalogue: Catalogue, first: Lease) -> None:
    build(catalogue, first, deployment())
    row = catalogue.ledger.created(
        "shop-web-1-op-1", "b", "id", "10.1.0.1", {"http": "10.1.0.1", "admin": "10.1.0.2"}
    )
    assert row.state == ResourceState.CREATED
    assert row.addresses == {"http": "10.1.0.1", "admin": "10.1.0.2"}


@pytest.mark.parametrize("kind", [kind for kind in OperationKind if kind is not OperationKind.INSTANTIATE])
def test_another_tenants_service_is_refused_before_anything_else(
    catalogue: Catalogue, second: Lease, kind: OperationKind
) -> None:
    with pytest.raises(InputError, match="service shop belongs to tenant acme, not to emca"):
        begin(catalogue, "op-3", kind=kind, tenant="emca")
    finish(catalogue, second)
    with pytest.raises(InputError, match="nothing was changed"):
        begin(catalogue, "op-3", kind=kind, tenant="emca")
    assert catalogue.services.get("shop").state == ServiceState.ACTIVE
    assert catalogue.operations.holder("shop") is None


def test_a_change_leaves_a_service_active_and_wants_it_so(catalogue: Catalogue, second: Lease) -> None:
    assert catalogue.services.get("shop").state == ServiceState.ACTIVE
    finish(catalogue, second)
    finish(catalogue, begin(catalogue, "op-3", kind=OperationKind.TERMINATE))
    for kind in (OperationKind.SCALE, OperationKind.MIGRATE, OperationKind.HEAL, OperationKind.UPDATE):
        with pytest.raises(InputError, match="shop is TERMINATING: finish that with Terminate first"):
            begin(catalogue, "op-4", kind=kind)
        with pytest.raises(UnknownError, match="did you mean shop"):
            begin(catalogue, "op-5", "shpo", kind=kind)
    begin(catalogue, "op-6", kind=OperationKind.TERMINATE)


def test_an_operation_of_no_known_kind_is_refused(catalogue: Catalogue) -> None:
    run = {"workflow_id": "w", "run_id": "r"}
    with pytest.raises(InputError, match="no operation 'Explode'"):
        catalogue.operations.begin("op-1", "Explode", "shop", "acme", **run)


def test_what_an_instantiate_of_the_former_kind_commits_is_a_deployment_too(
    catalogue: Catalogue, first: Lease
) -> None:
    catalogue.descriptors.onboard(shop())
    catalogue.reservations.reserve("op-1", first.fence, "shop", graph("shop"), plan())
    build(catalogue, first, deployment())
    for _ in range(2):
        catalogue.services.commit("op-1", first.fence, "shop", plan(), graph("shop"))
    view = catalogue.services.view("shop")
    assert view.revision == 1 and view.deployment is not None
    assert view.deployment.resources == deployment().resources
    assert not catalogue.services.unsettled("shop")


def test_what_stands_at_an_endpoint_is_part_of_a_deployment_of_the_former_kind(
    catalogue: Catalogue, first: Lease
) -> None:
    real = infrastructure().model_dump(mode="json")
    for pop in real["pops"].values():
        pop["vim"]["kind"] = "emulator"
    catalogue.infrastructure.apply(Infrastructure.model_validate(real))
    ends = {"users": Endpoint(pop="a")}
    catalogue.descriptors.onboard(shop().model_copy(update={"endpoints": ends}))
    placed = plan().model_copy(update={"endpoints": {"users": "a"}})
    catalogue.reservations.reserve("op-1", first.fence, "shop", graph("shop"), placed)
    build(catalogue, first, deployment())
    catalogue.services.keep_network("op-1", first.fence, "shop", network())
    intend_network(catalogue, first, "a")
    catalogue.ledger.created("shop-network-op-1", "a", None, None)
    catalogue.services.commit("op-1", first.fence, "shop", placed, graph("shop"))
    assert catalogue.services.unsettled("shop")  # nothing stands at the endpoint
    owner = ("op-1", first.fence, "shop", "users", "users")
    catalogue.ledger.intend(*owner, "a", "emulator", "shop-users-op-1", {})
    catalogue.ledger.created("shop-users-op-1", "a", "id", "10.9.9.9")
    assert not catalogue.services.unsettled("shop")
    found = catalogue.services.deployment("shop")
    assert found is not None and found.network == "shop-network-op-1"
    users = found.instance("users")
    assert users is not None and users.endpoint and users.resource == "shop-users-op-1"
    assert users.addresses == {"users": "10.9.9.9"}
