"""What a new cloud has in it: flavours, images, an external network, availability zones, quotas."""

from openstack.connection import Connection

from lab.openstack.clouds import TENANT
from lab.openstack.configuration import host_name
from lab.openstack.identities import administration, connect
from lab.openstack.layout import COMPUTES, Site

FLAVOURS = {
    "m1.tiny": (1, 512, 1),
    "m1.small": (1, 2048, 20),
    "m1.medium": (2, 4096, 40),
    "m1.large": (4, 8192, 80),
    "m1.xlarge": (8, 16384, 160),
}
"""vcpus, memory in MiB, disk in GB."""

IMAGES: dict[str, dict[str, str]] = {
    "cirros": {},
    "firewall:1": {"interlace_routed": "true"},
    "web:1": {},
}
"""Their properties. A few bytes each: no server here ever reads its disk."""

EXTERNAL = "public"
_EXTERNAL_SUBNETS = {1: "203.0.113.0/24", 2: "198.51.100.0/24"}

_NETWORK_QUOTA = {
    "networks": 40,
    "subnets": 40,
    "ports": 200,
    "routers": 10,
    "floating_ips": 20,
    "security_groups": 80,
    "security_group_rules": 800,
}


def furnish(site: Site, pop: int) -> None:
    """All of it, once, when every service of the cloud answers."""
    with connect(site, pop) as cloud:
        for name, (vcpus, ram, disk) in FLAVOURS.items():
            cloud.compute.create_flavor(name=name, vcpus=vcpus, ram=ram, disk=disk)
        _images(cloud)
        for compute in COMPUTES:
            zone = cloud.compute.create_aggregate(name=f"az{compute}", availability_zone=f"az{compute}")
            cloud.compute.add_host_to_aggregate(zone, host_name(pop, compute))
        _external_network(cloud, _EXTERNAL_SUBNETS[pop])
        _quotas(cloud)


def _images(cloud: Connection) -> None:
    for name, properties in IMAGES.items():
        cloud.image.create_image(
            name=name,
            data=f"{name}\n".encode(),
            disk_format="raw",
            container_format="bare",
            visibility="public",
            # Or the client would look for the name first: glance takes one with a colon for an operator.
            allow_duplicates=True,
            wait=True,
            meta=properties,
        )


def _external_network(cloud: Connection, cidr: str) -> None:
    network = cloud.network.create_network(
        name=EXTERNAL,
        is_router_external=True,
        provider_network_type="flat",
        provider_physical_network=EXTERNAL,
    )
    cloud.network.create_subnet(
        name=EXTERNAL, network_id=network.id, ip_version=4, cidr=cidr, is_dhcp_enabled=False
    )


def _quotas(cloud: Connection) -> None:
    project = administration(cloud).find_project(TENANT, ignore_missing=False)
    cloud.compute.update_quota_set(project.id, instances=40, cores=80, ram=163840, server_groups=20)
    cloud.network.update_quota(project.id, **_NETWORK_QUOTA)
    cloud.block_storage.update_quota_set(project.id, volumes=40, gigabytes=1000)
