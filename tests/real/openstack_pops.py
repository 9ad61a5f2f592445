"""What tests of the OpenStack adaptor share: a PoP in a project of its own, and instances to put there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.descriptor import ComponentKind
from domain.infrastructure import Resources
from domain.instances import InstanceSpec
from tests.contract.openstack_site import POP, Tenancy, read_clouds, tenancy, write_clouds


def quiet(_: str) -> None:
    """A progress that nobody looks at."""


@pytest.fixture
def pop(request: pytest.FixtureRequest, tmp_path: Path, clouds_yaml: Path) -> Iterator[Tenancy]:
    """A PoP of which nothing may be left over but what the test leaves on purpose; at the module's CLOUD."""
    with tenancy(tmp_path, clouds_yaml, getattr(request.module, "CLOUD", "pop1")) as made:
        yield made
        for proxy in made.proxies.values():
            proxy.clear()
        vim = made.open(external_network="public")
        for network in vim.networks():
            vim.disconnect(network, quiet)
        for instance in vim.list({}):
            vim.delete(instance.name, quiet)
        assert made.leftovers() == []


def administrator(pop: Tenancy) -> str:
    """A credential of the PoP that may do what its own may not; its token is its own."""
    identity: Any = pop.admin.identity
    identity.assign_project_role_to_user(
        pop.project, identity.find_user(pop.credential), identity.find_role("admin")
    )
    write_clouds(pop.home, {"boss": read_clouds(pop.home)[pop.credential]})
    return "boss"


def spec(name: str = "shop-web-1", component: str = "web", **changes: Any) -> InstanceSpec:
    fields: dict[str, Any] = {
        "name": name,
        "pop": POP,
        "image": "web:1",
        "resources": Resources.of(1, 128, 1),
        "kind": ComponentKind.MICROSERVICE,
        "connection_points": ("http",),
        "secrets": {"PASSWORD": "shop-password"},
        "tags": {
            "service": "shop",
            "component": component,
            "instance": name.removeprefix("shop-"),
            "operation": "op-1",
            "tenant": "t",
        },
    }
    return InstanceSpec.model_validate({**fields, **changes})
