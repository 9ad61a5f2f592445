"""What the catalogue counts for metrics, on each database."""

import pytest

from catalogue.store import Catalogue
from domain.phases import OperationState, ServiceState
from tests.unit.test_catalogue_samples import begin, infrastructure, intend

pytest_plugins = ("tests.postgres",)


def test_what_is_over_is_counted_by_kind_and_outcome(catalogue: Catalogue) -> None:
    assert catalogue.overview.ended((1.0,)) == ()
    one = begin(catalogue, "op-1")
    assert catalogue.overview.under_way() == {"Instantiate": 1}
    catalogue.operations.finish("op-1", one.fence, OperationState.FAILED, "a quota")
    [ended] = catalogue.overview.ended((0.0, 60.0))
    assert (ended.kind, ended.state, ended.number) == ("Instantiate", "FAILED", 1)
    record = next(iter(catalogue.operations.list("shop")))
    assert record.finished_at is not None
    took = (record.finished_at - record.started_at).total_seconds()
    assert ended.seconds == pytest.approx(took, abs=0.01)
    assert ended.within == (0, 1)
    assert catalogue.overview.under_way() == {}


def test_services_and_resources_are_counted(catalogue: Catalogue) -> None:
    catalogue.infrastructure.apply(infrastructure())
    lease = begin(catalogue, "op-1")
    [service] = catalogue.overview.services()
    assert (service.name, service.tenant, service.state) == ("shop", "acme", ServiceState.INSTANTIATING)
    assert service.since == catalogue.services.get("shop").since
    made = intend(catalogue, lease)
    key = ("b", "modelled", "instance", "INTENDED")
    assert catalogue.overview.resources() == {key: 1}
    catalogue.ledger.leave(made, "b", "it will not go")
    assert catalogue.overview.resources() == {(*key[:3], "LEFTOVER"): 1}
