"""When a cloud can be used: its compute hosts are up, nova found them, and placement knows what they have."""

import time

from keystoneauth1.exceptions import ClientException
from openstack.connection import Connection
from openstack.exceptions import SDKException

from lab.daemons import Daemons
from lab.openstack import identities, services
from lab.openstack.layout import COMPUTES, Site
from lab.port import LabError

_LOOK_EVERY_S = 0.5


def wait(site: Site, pop: int, daemons: Daemons, wait_s: float) -> None:
    """Wait until a cloud could boot a server.

    :raises LabError: if one of its processes ends, or not in time, with what is missing
    """
    deadline = time.monotonic() + wait_s
    with identities.connect(site, pop) as cloud:
        while missing := _missing(cloud):
            daemons.check(services.all_of(site, pop))
            if time.monotonic() > deadline:
                raise LabError(f"pop{pop} is not ready after {wait_s:.0f} s: {missing}")
            time.sleep(_LOOK_EVERY_S)


def _missing(cloud: Connection) -> str:
    """What a cloud lacks, in words; empty when it is ready."""
    try:
        running = [service for service in cloud.compute.services() if service.state == "up"]
        hosts = sum(service.binary == "nova-compute" for service in running)
        if hosts < len(COMPUTES):
            return f"{hosts} of {len(COMPUTES)} compute hosts are up"
        if not {"nova-scheduler", "nova-conductor"} <= {service.binary for service in running}:
            return "nova's scheduler or conductor is not up"
        if len(list(cloud.compute.hypervisors())) < len(COMPUTES):
            return "nova has not found all compute hosts"
        if len(list(cloud.placement.resource_providers())) < len(COMPUTES):
            return "placement does not know all compute hosts"
        list(cloud.network.networks())
        list(cloud.image.images())
    except (SDKException, ClientException) as error:
        return str(error)
    return ""
