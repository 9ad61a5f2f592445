"""What of a service is no longer as its descriptor says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue.store import Catalogue
from domain.deployments import Adjustment
from domain.infrastructure import Resources
from interfaces.cli.adjusting import adjusted
from tests.unit.cli_world import active, catalogue_at


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Catalogue]:
    found = catalogue_at(tmp_path)
    active(found)
    yield found
    found.close()


def test_an_untouched_service_has_nothing_to_tell(store: Catalogue) -> None:
    assert adjusted(store, store.services.get("shop")) == ()


def test_each_change_is_told_with_what_the_descriptor_says(store: Catalogue) -> None:
    large = Adjustment(instances=3, resources=Resources.of(2, 2048, 0), image="web:2")
    record = store.services.get("shop").model_copy(update={"adjustments": {"web": large}})
    assert adjusted(store, record) == (
        "web: 3 instances (descriptor: 1), "
        "2 vCPU, 2048 MiB, 0 GiB each (descriptor: 1 vCPU, 1024 MiB, 0 GiB), "
        "web:2 (descriptor: web:1)",
    )


def test_a_component_that_the_descriptor_has_no_more(store: Catalogue) -> None:
    record = store.services.get("shop").model_copy(update={"adjustments": {"gone": Adjustment(instances=3)}})
    assert adjusted(store, record) == ("gone: 3 instances",)
