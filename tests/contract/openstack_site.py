"""A PoP at a real OpenStack, for the contract suite: a project of its own, taken away afterwards."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import yaml
from openstack.connection import Connection

from adaptors.vim.openstack.vim import OpenstackVim
from adaptors.vim.registry import open_vim
from domain.infrastructure import Resources
from domain.instances import PopAccess
from lab.faults.proxy import FaultProxy
from lab.faults.rules import Fault

POP = "berlin"
TOTAL = Resources.of(4, 4096, 40)
_FLAVOURS = tuple(Resources.of(vcpus, 128, 1) for vcpus in (1, 2, 3, 5))
_LOST = {
    "create": Fault(method="POST", path=r"/servers$"),
    "delete": Fault(method="DELETE", path=r"/servers/"),
}
_APIS = ("compute", "network", "block_storage")


@dataclass(frozen=True)
class Tenancy:
    """A PoP that is a project of its own, of TOTAL capacity, at one cloud of a lab."""

    admin: Connection
    """Of the whole cloud."""
    tenant: Connection
    project: str
    """Its id."""
    credential: str
    home: Path
    proxies: Mapping[str, FaultProxy]
    """By API: compute, network, block_storage and identity."""
    image: str = "web:1"

    def open(self, capacity: Resources = TOTAL, **settings: Any) -> OpenstackVim:
        """A new handle on the PoP, as another worker would have."""
        return self.of_credential(self.credential, capacity, **settings)

    def of_credential(self, credential: str, capacity: Resources = TOTAL, **settings: Any) -> OpenstackVim:
        """A handle that uses another cloud of clouds.yaml."""
        access = PopAccess(name=POP, capacity=capacity, settings=settings, credential=credential)
        opened = open_vim("openstack", access, self.home)
        assert isinstance(opened, OpenstackVim)
        return opened

    def lose_next_answer(self, operation: str) -> None:
        """Let the next call of an operation (create or delete) take effect and its answer be lost."""
        fault = _LOST[operation].model_copy(update={"lose_answer": True, "times": 1})
        self.proxies["compute"].add(fault)

    def crash(self, name: str) -> None:
        """Let the instance of that name fail by itself."""
        self.admin.compute.reset_server_state(self.server(name).id, "error")

    def delete_by_hand(self, name: str) -> None:
        """As an operator would, behind everybody's back."""
        server = self.server(name)
        self.tenant.compute.delete_server(server.id)
        self.tenant.compute.wait_for_delete(server, interval=0.2, wait=60)

    def server(self, name: str) -> Any:
        """As Nova has it."""
        (found,) = [each for each in self.tenant.compute.servers() if each.name == name]
        return found

    def leftovers(self) -> list[str]:
        """All that the project has, by its own listing."""
        network, compute, mine = self.tenant.network, self.tenant.compute, self.project
        of_project = (
            network.sfc_port_chains,
            network.sfc_port_pair_groups,
            network.sfc_port_pairs,
            network.sfc_flow_classifiers,
            network.ips,
            network.ports,
            network.networks,
            network.subnets,
            network.routers,
            network.security_groups,
        )
        found: list[Any] = [each for listed in of_project for each in listed(project_id=mine)]
        found += [*compute.servers(), *compute.server_groups(), *self.tenant.block_storage.volumes()]
        return [f"{type(each).__name__} {each.name}" for each in found if each.name != "default"]


@contextmanager
def tenancy(home: Path, clouds: Path, cloud: str = "pop1", **options: Any) -> Iterator[Tenancy]:
    """A tenancy at a cloud of a lab; what is in it goes with it.

    :param clouds: the lab's clouds.yaml
    :param options: of the credential, such as api_timeout
    """
    entry = yaml.safe_load(clouds.read_text())["clouds"][cloud]
    admin = Connection(**entry)
    name, password = f"test-{token_hex(4)}", token_hex(8)
    project = _project(admin, name, password)
    auth = {**entry["auth"], "username": name, "password": password, "project_name": name}
    tenant = Connection(**{**entry, "auth": auth})
    (home / "secrets").mkdir(exist_ok=True)
    (home / "secrets" / "shop-password").write_text("correct horse")
    with _proxied(admin) as proxies, _environment("OS_CLIENT_CONFIG_FILE", str(home / "clouds.yaml")):
        own = {**entry, **_through(proxies), **options}
        own["auth"] = {**auth, "auth_url": proxies["identity"].url}
        write_clouds(home, {name: own})
        yield Tenancy(admin, tenant, project, name, home, proxies)
        _clear(tenant)
    identity: Any = admin.identity
    identity.delete_user(identity.find_user(name))
    identity.delete_project(project)


def write_clouds(home: Path, clouds: Mapping[str, Any]) -> None:
    """What the worker finds in clouds.yaml, beside what it has found before."""
    path = home / "clouds.yaml"
    before = yaml.safe_load(path.read_text())["clouds"] if path.exists() else {}
    path.write_text(yaml.safe_dump({"clouds": {**before, **clouds}}))


def read_clouds(home: Path) -> dict[str, Any]:
    """What the worker finds in clouds.yaml."""
    found: dict[str, Any] = yaml.safe_load((home / "clouds.yaml").read_text())["clouds"]
    return found


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


@contextmanager
def _proxied(admin: Connection) -> Iterator[dict[str, FaultProxy]]:
    where = {
        "compute": admin.compute.get_endpoint(),
        "network": admin.network.get_endpoint(),
        "block_storage": admin.block_storage.get_endpoint(),
        "identity": admin.config.auth["auth_url"],
    }
    with ExitStack() as stack:
        yield {api: stack.enter_context(FaultProxy(str(url).rstrip("/"))) for api, url in where.items()}


def _through(proxies: Mapping[str, FaultProxy]) -> dict[str, str]:
    return {f"{api}_endpoint_override": proxies[api].url for api in _APIS}


def _clear(tenant: Connection) -> None:
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
