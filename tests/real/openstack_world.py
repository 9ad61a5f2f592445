"""What tests of the OpenStack lab share: a client, a server on its own network, and waiting."""

import time
from collections.abc import Callable
from pathlib import Path

from openstack.compute.v2.server import Server
from openstack.config import OpenStackConfig
from openstack.connection import Connection


def connect(file: Path, cloud: str) -> Connection:
    config = OpenStackConfig(config_files=[str(file)], load_envvars=False)
    return Connection(config=config.get_one(cloud))


def eventually(true: Callable[[], bool], wait_s: float = 60.0) -> None:
    deadline = time.monotonic() + wait_s
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.3)


def created(cloud: Connection, name: str, image: str = "firewall:1", **more: str) -> Server:
    """A server on a network of its own name, as nova accepted it."""
    network = cloud.network.create_network(name=name)
    cloud.network.create_subnet(network_id=network.id, ip_version=4, cidr="10.20.0.0/24")
    found = next(cloud.image.images(name=f'in:"{image}"'))
    flavor = cloud.compute.find_flavor("m1.tiny", ignore_missing=False)
    server: Server = cloud.compute.create_server(
        name=name, image_id=found.id, flavor_id=flavor.id, networks=[{"uuid": network.id}], **more
    )
    return server


def booted(cloud: Connection, name: str, **more: str) -> Server:
    """A server on a network of its own name, once it runs."""
    return cloud.compute.wait_for_server(created(cloud, name, **more), interval=0.3, wait=300)


def clear(cloud: Connection, name: str) -> None:
    for server in cloud.compute.servers(name=name):
        cloud.compute.delete_server(server)
        cloud.compute.wait_for_delete(server, interval=0.3)
    for network in cloud.network.networks(name=name):
        cloud.network.delete_network(network)
