"""The processes of one cloud, and how each is started."""

import os
from collections.abc import Mapping
from pathlib import Path

from lab.daemons import Daemon
from lab.openstack import inside
from lab.openstack.configuration import log_file
from lab.openstack.layout import COMPUTES, Site

_INSIDE = Path(inside.__file__).parent
_MODULES = {
    "keystone": "keystone.wsgi.api",
    "placement": "placement.wsgi.api",
    "glance": "glance.wsgi.api",
    "neutron": "neutron.wsgi.api",
    "nova-api": "nova.wsgi.osapi_compute",
    "cinder": "storage",  # ours: it holds all services of cinder
}
_PROCESSES = {"neutron": 2}
"""Of those that have more than one: half of what a new server takes is Neutron's, too much for one."""
# Neutron finds its drivers by what installed packages declare: this declares ours.
_DECLARED = {
    "METADATA": "Metadata-Version: 2.1\nName: interlace-lab\nVersion: 1\n",
    "entry_points.txt": "[neutron.ml2.mechanism_drivers]\ninterlace = binding:LabMechanism\n",
}


def script(name: str) -> str:
    """The path of one of our programs for OpenStack's environment."""
    return str(_INSIDE / f"{name}.py")


def declare_drivers(site: Site) -> None:
    """Write what makes our drivers known."""
    package = site.layout.settings / "python" / "interlace_lab-1.dist-info"
    package.mkdir(parents=True, exist_ok=True)
    for name, text in _DECLARED.items():
        (package / name).write_text(text)


def environment(site: Site) -> dict[str, str]:
    """What all of OpenStack's programs are started with."""
    return {
        "PYTHONPATH": os.pathsep.join([str(site.layout.settings / "python"), str(_INSIDE / "everywhere")]),
        "PYTHONWARNINGS": "ignore",
        "XDG_CACHE_HOME": str(site.layout.directory / "tmp" / "cache"),
    }


def identity(site: Site, pop: int) -> Daemon:
    """Keystone, which all others ask when they start."""
    files = {"OS_KEYSTONE_CONFIG_FILES": site.layout.settings_of(pop, "keystone") / "keystone.conf"}
    return _api(site, pop, "keystone", files)


def others(site: Site, pop: int) -> list[Daemon]:
    """All but keystone and the computes."""
    nova, neutron = (site.layout.settings_of(pop, name) for name in ("nova", "neutron"))
    return [
        _api(site, pop, "placement", {"OS_PLACEMENT_CONFIG_DIR": site.layout.settings_of(pop, "placement")}),
        _api(site, pop, "glance", {"OS_GLANCE_CONFIG_DIR": site.layout.settings_of(pop, "glance")}),
        _api(
            site,
            pop,
            "neutron",
            {"OS_NEUTRON_CONFIG_DIR": neutron, "OS_NEUTRON_CONFIG_FILES": "neutron.conf"},
        ),
        _api(site, pop, "nova-api", {"OS_NOVA_CONFIG_DIR": nova}),
        _api(
            site,
            pop,
            "cinder",
            {"LAB_CINDER_SETTINGS": site.layout.settings_of(pop, "cinder") / "cinder.conf"},
        ),
        *(_nova(site, pop, part, (str(site.bin / f"nova-{part}"),)) for part in ("conductor", "scheduler")),
    ]


def is_asked_by_computes(daemon: Daemon) -> bool:
    """Whether compute hosts give up when it does not answer yet."""
    return daemon.name.endswith(("/keystone", "/placement"))


def computes(site: Site, pop: int) -> list[Daemon]:
    """The fake hosts, to be started once those answer that they ask at once."""
    return [
        _nova(site, pop, f"compute{number}", (str(site.bin / "python"), script("compute")))
        for number in COMPUTES
    ]


def all_of(site: Site, pop: int) -> list[Daemon]:
    """Every process of one cloud."""
    return [identity(site, pop), *others(site, pop), *computes(site, pop)]


def _api(site: Site, pop: int, name: str, files: Mapping[str, Path | str]) -> Daemon:
    port = site.port(name, pop)
    return Daemon(
        f"pop{pop}/{name}",
        (str(site.bin / "python"), script("serve"), _MODULES[name], str(port), str(_PROCESSES.get(name, 1))),
        {**environment(site), **{variable: str(path) for variable, path in files.items()}},
        port=port,
        logs=(log_file(site, pop, name),),
    )


def _nova(site: Site, pop: int, part: str, command: tuple[str, ...]) -> Daemon:
    settings = site.layout.settings_of(pop, "nova")
    files = [word for name in ("nova", part) for word in ("--config-file", str(settings / f"{name}.conf"))]
    log = log_file(site, pop, f"nova-{part}")
    return Daemon(f"pop{pop}/nova-{part}", (*command, *files), environment(site), logs=(log,))
