"""Creating an instance: the ledger knows all that the VIM holds, even when an attempt comes back too late."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.pops import Pops
from activities.vims import VimActivities
from adaptors.vim.port import Vim
from adaptors.vim.registry import open_vim
from catalogue.store import Catalogue
from domain.descriptor import Descriptor
from domain.infrastructure import Infrastructure
from domain.instances import PopAccess
from domain.requests import CreateInstance, Held
from tests.catalogues import new_catalogue

INFRASTRUCTURE: dict[str, Any] = {
    "api_version": "interlace/v1",
    "kind": "Infrastructure",
    "pops": {
        "north": {
            "vim": {"kind": "modelled", "settings": {"create_delay": "400 ms"}},
            "capacity": {"vcpus": 4, "memory": "4 GiB", "disk": "10 GiB"},
        }
    },
}
DESCRIPTOR: dict[str, Any] = {
    "api_version": "interlace/v1",
    "kind": "Service",
    "name": "tiny",
    "version": "1",
    "components": {
        "web": {
            "kind": "microservice",
            "image": "web:1",
            "resources": {"vcpus": 1, "memory": "1 GiB"},
            "connection_points": ["http"],
        }
    },
}


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    store = new_catalogue(tmp_path / "catalogue.db")
    store.infrastructure.apply(Infrastructure.model_validate(INFRASTRUCTURE))
    store.descriptors.onboard(Descriptor.model_validate(DESCRIPTOR))
    yield store
    store.close()


def begin(catalogue: Catalogue) -> CreateInstance:
    lease = catalogue.operations.begin(
        operation_id="instantiate-12345678",
        kind="Instantiate",
        service="s1",
        tenant="default",
        workflow_id="service/s1",
        run_id="r1",
        descriptor="tiny",
        version="1",
    )
    return CreateInstance(
        held=Held(operation_id=lease.operation_id, fence=lease.fence, service="s1"),
        tenant="default",
        descriptor="tiny",
        version="1",
        component="web",
        instance="web-1",
        pop="north",
    )


def vim(catalogue: Catalogue, home: Path) -> Vim:
    pop = catalogue.infrastructure.get().pops["north"]
    return open_vim("modelled", PopAccess(name="north", capacity=pop.capacity), home)


def test_ledger_and_vim_agree_after_a_create(catalogue: Catalogue, tmp_path: Path) -> None:
    ActivityEnvironment().run(VimActivities(catalogue, Pops(catalogue, tmp_path)).create, begin(catalogue))
    (row,) = catalogue.ledger.of_service("s1")
    (instance,) = vim(catalogue, tmp_path).list({"service": "s1"})
    assert (row.resource_name, row.address) == (instance.name, instance.address)


def test_an_attempt_that_returns_after_its_undo_leaves_nothing(catalogue: Catalogue, tmp_path: Path) -> None:
    environment = ActivityEnvironment()
    order = begin(catalogue)

    def undo_meanwhile(*_: object) -> None:
        for row in catalogue.ledger.of_service("s1"):
            catalogue.ledger.gone(row.resource_name, row.pop)

    environment.on_heartbeat = undo_meanwhile
    with pytest.raises(ApplicationError):
        environment.run(VimActivities(catalogue, Pops(catalogue, tmp_path)).create, order)
    assert vim(catalogue, tmp_path).list({}) == ()
    assert catalogue.ledger.all() == ()
