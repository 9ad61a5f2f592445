"""A PoP at a real OpenStack, for the contract suite: a project of its own, taken away afterwards."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import yaml
from openstack.connection import Connection

from adaptors.vim.port import Vim
from adaptors.vim.registry import open_vim
from domain.infrastructure import Resources
from domain.instances import PopAccess

POP = "berlin"
TOTAL = Resources.of(4, 4096, 40)
IMAGE = "web:1"
_FLAVOURS = tuple(Resources.of(vcpus, 128, 1) for vcpus in (1, 2, 3, 5))


@dataclass(frozen=True)
class Tenancy:
    """A project of its own at one cloud of a lab, and how to reach it."""

    admin: Connection
    """Of the whole cloud."""
    tenant: Connection
    project: str
    """Its id."""
    credential: str
    home: Path

    def open(self, capacity: Resources = TOTAL, **settings: Any) -> Vim:
        """A new handle on the PoP, as another worker would have."""
        access = PopAccess(name=POP, capacity=capacity, settings=settings, credential=self.credential)
        return open_vim("openstack", access, self.home)

    def crash(self, name: str) -> None:
        """Let the instance of that name fail by itself."""
        (server,) = [each for each in self.tenant.compute.servers() if each.name == name]
        self.admin.compute.reset_server_state(server.id, "error")

    def leftovers(self) -> list[str]:
        """All that the project has, by its own listing."""
        network, compute, mine = self.tenant.network, self.tenant.compute, self.project
        steering = (
            network.sfc_port_chains,
            network.sfc_port_pair_groups,
            network.sfc_port_pairs,
            network.sfc_flow_classifiers,
        )
        found = [
            *compute.servers(),
            *compute.server_groups(),
            *(each for listed in steering for each in listed(project_id=mine)),
            *network.ips(project_id=mine),
            *network.ports(project_id=mine),
            *network.networks(project_id=mine),
            *network.subnets(project_id=mine),
            *network.routers(project_id=mine),
            *(each for each in network.security_groups(project_id=mine) if each.name != "default"),
        ]
        return [f"{type(each).__name__} {each.name} {each.id}" for each in found]


@contextmanager
def tenancy(
    home: Path, clouds: Path, cloud: str = "pop1", endpoints: dict[str, str] | None = None
) -> Iterator[Tenancy]:
    """A tenancy at a cloud of a lab; what is in it goes with it.

    :param clouds: the lab's clouds.yaml
    :param endpoints: settings of the credential, such as compute_endpoint_override
    """
    entry = yaml.safe_load(clouds.read_text())["clouds"][cloud]
    admin = Connection(**entry)
    name, password = f"test-{token_hex(4)}", token_hex(8)
    project = _project(admin, name, password)
    auth = {**entry["auth"], "username": name, "password": password, "project_name": name}
    mine = home / "clouds.yaml"
    mine.write_text(yaml.safe_dump({"clouds": {name: {**entry, "auth": auth, **(endpoints or {})}}}))
    (home / "secrets").mkdir(exist_ok=True)
    (home / "secrets" / "shop-password").write_text("correct horse")
    with _environment("OS_CLIENT_CONFIG_FILE", str(mine)):
        yield Tenancy(admin, Connection(**{**entry, "auth": auth}), project, name, home)
        _clear(Connection(**{**entry, "auth": auth}), project)
    identity: Any = admin.identity
    identity.delete_user(identity.find_user(name))
    identity.delete_project(project)


def _project(admin: Connection, name: str, password: str) -> str:
    identity: Any = admin.identity  # of whichever version
    project = identity.create_project(name=name, domain_id="default")
    user = identity.create_user(name=name, password=password, domain_id="default")
    identity.assign_project_role_to_user(project, user, identity.find_role("member"))
    admin.compute.update_quota_set(project.id, cores=TOTAL.vcpus, ram=TOTAL.memory, instances=10)
    known = {(each.vcpus, each.ram, each.disk) for each in admin.compute.flavors()}
    for size in _FLAVOURS:
        if (size.vcpus, size.memory, size.disk) not in known:
            asked = {"vcpus": size.vcpus, "ram": size.memory, "disk": size.disk}
            admin.compute.create_flavor(name=f"test.{size.vcpus}c", **asked)
    return str(project.id)


def _clear(tenant: Connection, project: str) -> None:
    for server in tenant.compute.servers():
        tenant.compute.delete_server(server.id)
        tenant.compute.wait_for_delete(server, interval=0.5, wait=60)


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
