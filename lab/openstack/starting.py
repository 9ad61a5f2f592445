"""Starting the clouds in the order in which they need each other; what runs is left alone."""

import shutil
from collections.abc import Sequence

from lab.daemons import Daemons
from lab.openstack import configuration, databases, readiness, services, shared
from lab.openstack.layout import POPS, Site
from lab.port import Say

_SHARED_S = 90.0
_SERVICES_S = 300.0


def write_settings(site: Site) -> None:
    """All configuration, for the ports and passwords of now."""
    shared.write_settings(site)
    services.declare_drivers(site)
    for pop in POPS:
        configuration.write(site, pop)


def start_shared(site: Site, daemons: Daemons) -> None:
    """Database server, broker and cache.

    :raises LabError: if one does not answer
    """
    if not daemons.process("rabbitmq"):  # nothing in a queue of before is waited for by anybody
        daemons.end(["rabbitmq"])
        shutil.rmtree(site.layout.directory / "rabbit", ignore_errors=True)
    started = shared.daemons(site)
    for daemon in started:
        daemons.start(daemon)
    daemons.wait(started, _SHARED_S)


def start_identity(site: Site, daemons: Daemons, pops: Sequence[int]) -> None:
    """Keystone alone.

    :raises LabError: if it does not answer
    """
    started = [services.identity(site, pop) for pop in pops]
    for daemon in started:
        daemons.start(daemon)
    daemons.wait(started, _SERVICES_S)


def start_services(site: Site, daemons: Daemons, pops: Sequence[int], say: Say) -> None:
    """All services of some clouds, until each cloud could boot a server.

    :raises LabError: if one ends or does not answer
    """
    first = [daemon for pop in pops for daemon in (services.identity(site, pop), *services.others(site, pop))]
    for daemon in first:
        daemons.start(daemon)
    daemons.wait([daemon for daemon in first if services.is_asked_by_computes(daemon)], _SERVICES_S)
    hosts = [daemon for pop in pops for daemon in services.computes(site, pop)]
    for daemon in hosts:
        daemons.start(daemon)
    daemons.wait(first, _SERVICES_S)
    say("the APIs answer, waiting for the compute hosts")
    for pop in pops:
        readiness.wait(site, pop, daemons, _SERVICES_S)


def start(site: Site, daemons: Daemons, pops: Sequence[int], say: Say) -> None:
    """Everything, on data that are there.

    :raises LabError: if something ends or does not answer
    """
    write_settings(site)
    say("starting the database server and the message broker")
    start_shared(site, daemons)
    databases.relocate(site)
    say(f"starting {len(pops) * 10} services of {len(pops)} cloud{'s' if len(pops) > 1 else ''}")
    start_services(site, daemons, pops, say)
