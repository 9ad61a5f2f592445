"""The stage at an OpenStack: the adaptor, and openstacksdk by hand."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openstack.connection import Connection

from adaptors.vim.port import Vim
from adaptors.vim.registry import open_vim
from bench.vim.contenders import CAPACITY, LOOK_S, POP, SIZE, SLOW_S, ByAdaptor, Contender, Stage
from bench.vim.grounds import cpu_of, environment
from bench.vim.traffic import Asked, listening
from domain.instances import PopAccess
from lab.openstack.clouds import entry, write_entries
from lab.openstack.hypervisor import HypervisorFaults, failing
from lab.port import LabStatus

_IMAGE = "web:1"
_CLOUD = "pop1-tenant"
_FRESH = "bench-fresh"
"""The same cloud as a credential that nobody in this process has used yet."""
_CALLS, _THREADS = 20, 8
_PATIENCE_S = 300.0


@contextmanager
def stage(lab: LabStatus, home: Path) -> Iterator[Stage]:
    """One project of the lab's first cloud."""
    known = Path(lab.environment["OS_CLIENT_CONFIG_FILE"])
    mine = home / "clouds.yaml"
    write_entries(mine, {name: entry(known, _CLOUD) for name in (_CLOUD, _FRESH)})

    @contextmanager
    def slow() -> Iterator[Contender]:
        with failing(lab.directory, 1, HypervisorFaults(spawn_takes_s=SLOW_S)):
            yield adaptor

    with environment({"OS_CLIENT_CONFIG_FILE": str(mine)}):
        adaptor = ByAdaptor(lambda: _vim(_CLOUD, home), _IMAGE)
        script = ByHand(Connection(**entry(known, _CLOUD)))
        yield Stage("openstack", adaptor, script, cpu_of(lab), slow, _is_look)


def tokens(home: Path) -> int:
    """How many tokens were asked for by calls of all kinds from several threads; no call came before."""
    together = threading.Barrier(_THREADS)
    calls: tuple[Callable[[Vim], object], ...] = (
        lambda vim: vim.read("nobody"),
        lambda vim: vim.list({}),
        lambda vim: vim.capacity(),
        lambda vim: vim.traits(_IMAGE),
    )

    def call(number: int) -> None:
        if number < _THREADS:
            together.wait()
        calls[number % len(calls)](_vim(_FRESH, home))

    with listening() as heard, ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(call, range(_CALLS)))
    return sum(each.method == "POST" and each.path.endswith("/auth/tokens") for each in heard)


def _vim(credential: str, home: Path) -> Vim:
    return open_vim("openstack", PopAccess(name=POP, capacity=CAPACITY, credential=credential), home)


def _is_look(asked: Asked) -> bool:
    """Those who look for one by its name are not waiting."""
    path, _, query = asked.path.partition("?")
    return asked.method == "GET" and path.endswith("/servers/detail") and "name=" not in query


class ByHand:
    """The same network, subnet, groups, ports and servers with the same tags, each asked for in its turn."""

    _NAME = "bench-by-hand"
    _TAGS = ["bench", "bench.service=shop", "bench.operation=bench", "bench.tenant=bench"]

    def __init__(self, connection: Connection) -> None:
        self._network: Any = connection.network
        self._compute: Any = connection.compute
        self._image = next(iter(connection.image.images(name=f'in:"{_IMAGE}"'))).id
        size = (SIZE.vcpus, SIZE.memory, SIZE.disk)
        flavors = self._compute.flavors()
        self._flavor = next(each.id for each in flavors if (each.vcpus, each.ram, each.disk) == size)

    def create(self, numbers: Sequence[int]) -> None:
        network, subnet, group = self._ground()
        together = self._together()
        with ThreadPoolExecutor(len(numbers)) as pool:
            list(pool.map(lambda each: self._server(each, network, subnet, group, together), numbers))
        self._until(lambda there: len(there) == len(numbers) and {s.status for s in there} == {"ACTIVE"})

    def delete(self, numbers: Sequence[int]) -> None:
        with ThreadPoolExecutor(len(numbers)) as pool:
            list(pool.map(self._compute.delete_server, [each.id for each in self._servers()]))
            self._until(lambda there: not there)
            for network in self._network.networks(name=self._NAME):
                ports = self._network.ports(network_id=network.id)
                list(pool.map(self._network.delete_port, [each.id for each in ports]))
                self._network.delete_network(network.id)
        for group in self._network.security_groups(name=self._NAME):
            self._network.delete_security_group(group.id)
        for group in self._named(self._compute.server_groups()):
            self._compute.delete_server_group(group.id)

    def _ground(self) -> tuple[str, str, str]:
        """What the service stands on: network, subnet and security group, found or made."""
        group = next(iter(self._network.security_groups(name=self._NAME)), None)
        if group is None:
            group = self._tagged(self._network.create_security_group(name=self._NAME))
        network = next(iter(self._network.networks(name=self._NAME)), None)
        if network is not None:
            return network.id, network.subnet_ids[0], group.id
        network = self._tagged(self._network.create_network(name=self._NAME))
        asked = {"name": self._NAME, "network_id": network.id, "ip_version": 4, "cidr": "10.99.0.0/24"}
        return network.id, self._tagged(self._network.create_subnet(**asked)).id, group.id

    def _together(self) -> str:
        """The server group, found or made."""
        found = self._named(self._compute.server_groups())
        asked = {"name": self._NAME, "policy": "soft-anti-affinity"}
        made = found[0] if found else self._compute.create_server_group(**asked)
        return str(made.id)

    def _server(self, number: int, network: str, subnet: str, group: str, together: str) -> None:
        port = self._tagged(
            self._network.create_port(
                name=f"{self._NAME}-{number}.http",
                network_id=network,
                fixed_ips=[{"subnet_id": subnet}],
                security_groups=[group],
            )
        )
        self._compute.create_server(
            name=f"{self._NAME}-{number}",
            image_id=self._image,
            flavor_id=self._flavor,
            networks=[{"port": port.id}],
            metadata={f"bench.config.{key}": "2" for key in ("workers", "service", "component", "tenant")},
            tags=self._TAGS,
            user_data=base64.b64encode(f"#cloud-config\n{json.dumps({'write_files': []})}".encode()).decode(),
            scheduler_hints={"group": together},
        )

    def _until(self, holds: Callable[[list[Any]], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not holds(there := self._servers()):
            if time.monotonic() > deadline:
                raise TimeoutError(", ".join(f"{each.name} is {each.status}" for each in there))
            time.sleep(LOOK_S)

    def _servers(self) -> list[Any]:
        return list(self._compute.servers(details=True, name=f"^{self._NAME}-"))

    def _tagged(self, made: Any) -> Any:
        self._network.set_tags(made, self._TAGS)
        return made

    def _named(self, groups: Any) -> list[Any]:
        return [each for each in groups if each.name == self._NAME]
