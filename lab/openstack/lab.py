"""The lab itself: two clouds up, down, looked at."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from adaptors.machine.locks import locked
from lab import packages
from lab.daemons import Daemon, Daemons, answers
from lab.environments import environment
from lab.openstack import baked, clouds, databases, furniture, identities, services, shared, starting
from lab.openstack.commands import run, together
from lab.openstack.layout import POPS, Layout, Ports, Secrets, Site, port_names
from lab.port import LabStatus, Say, ServiceStatus

REQUIREMENTS = Path(__file__).with_name("requirements.lock")
_PORT_OF_ANOTHER = {"rabbitmq-peers": "rabbitmq"}


def _software(say: Say) -> Path:
    """The environment with OpenStack; it is installed at the same time as what Debian has.

    :raises LabError: if something cannot be installed
    """
    with ThreadPoolExecutor(1) as pool:
        installing = pool.submit(environment, "openstack", REQUIREMENTS, say)
        if shared.missing():
            packages.install(shared.PACKAGES, say)
        return installing.result()


class OpenstackLab:
    """One or two OpenStack clouds with their state below one directory."""

    needs = (
        "OpenStack takes about 4 minutes and 1.5 GB of disk the first time (Debian packages, a Python "
        "environment, databases), then 40 s; 3.3 GB of memory for two clouds, 1.7 GB for one"
    )

    def __init__(self, directory: Path, pops: int = len(POPS)) -> None:
        self._layout = Layout(directory.absolute())
        self._daemons = Daemons(self._layout.directory)
        self._pops = POPS[:pops]

    def up(self, say: Say) -> LabStatus:
        """From what is there: what runs, the state kept by `down`, the cache, or nothing."""
        began = time.monotonic()
        with locked(self._layout.directory / "lock"):
            site = self._with_data(_software(say), say)
            pops = sorted({*self._pops, *self._started()})
            starting.start(site, self._daemons, pops, say)
            clouds.write(site, pops)
        say(f"up after {time.monotonic() - began:.0f} s")
        return self.status()

    def down(self, say: Say, purge: bool = False) -> LabStatus:
        """End the clouds, then what they share."""
        if not self._layout.directory.exists():
            return self.status()
        with locked(self._layout.directory / "lock"):
            self._layout.clouds_yaml.unlink(missing_ok=True)
            self._end(say)
            if purge:
                shutil.rmtree(self._layout.directory, ignore_errors=True)
        return self.status()

    def status(self) -> LabStatus:
        """By process and port; whether it is usable is said by clouds.yaml, written when it was."""
        site = self._known()
        expected = self._expected(site) if site else []
        found = tuple(self._status_of(daemon) for daemon in expected)
        usable = self._layout.clouds_yaml.exists() and all(service.state == "up" for service in found)
        return LabStatus(
            lab="openstack",
            up=bool(found) and usable,
            directory=self._layout.directory,
            services=found,
            environment={"OS_CLIENT_CONFIG_FILE": str(self._layout.clouds_yaml)} if usable and found else {},
            hints=self._hints() if usable and found else (),
        )

    def _with_data(self, software: Path, say: Say) -> Site:
        """The site, with whole data in its directory."""
        wanted = baked.key(REQUIREMENTS)
        whole = baked.are_whole(self._layout, wanted)
        if not whole and self._layout.data.exists():
            say("the data here are unfinished, or of another version of the lab: they are replaced")
        if not whole:
            self._end(say)
        ports = self._ports(say)
        if not whole and baked.restore(self._layout, wanted):
            say("brought the clouds' data from the cache")
        elif not whole:
            say("making the clouds' data, once: 2 minutes")
            self._bake(Site(self._layout, software, ports, baked.begin(self._layout)), wanted, say)
        return Site(self._layout, software, ports, self._secrets())

    def _bake(self, site: Site, wanted: str, say: Say) -> None:
        starting.write_settings(site)
        run(site, shared.install_databases(site))
        starting.start_shared(site, self._daemons)
        say("migrating the databases")
        databases.make(site)
        starting.start_identity(site, self._daemons, POPS)
        together(*(partial(identities.make, site, pop) for pop in POPS))
        starting.start_services(site, self._daemons, POPS, say)
        together(*(partial(furniture.furnish, site, pop) for pop in POPS))
        baked.finish(self._layout, wanted, partial(self._daemons.end, ["mariadb"], 30.0))
        for pop in set(POPS) - set(self._pops):
            self._daemons.end([daemon.name for daemon in services.all_of(site, pop)])

    def _ports(self, say: Say) -> Ports:
        """Those of before, as far as nobody else took them meanwhile."""
        before = self._kept_ports()
        running = {name for name in self._daemons.names() if self._daemons.process(name)}
        mine = [name for name in port_names() if _PORT_OF_ANOTHER.get(name, name) in running]
        ports = Ports.chosen(port_names(), before, mine)
        if before and ports.of != before:
            self._end(say)  # all know each other's ports
        self._layout.ports_file.write_text(ports.model_dump_json())
        return ports

    def _end(self, say: Say) -> None:
        """End whatever runs here, the database server last."""
        names = self._daemons.names()
        if names:
            say(f"ending {len(names)} processes")
        below = {daemon for daemon in names if "/" not in daemon}
        self._daemons.end(sorted(set(names) - below), 10.0)
        self._daemons.end(sorted(below), 30.0)

    def _kept_ports(self) -> dict[str, int]:
        try:
            return Ports.model_validate_json(self._layout.ports_file.read_text()).of
        except (FileNotFoundError, ValueError):
            return {}

    def _secrets(self) -> Secrets:
        return Secrets.model_validate_json(self._layout.secrets_file.read_text())

    def _known(self) -> Site | None:
        """The site as it was when something was started last."""
        ports = self._kept_ports()
        known = ports.keys() >= set(port_names())  # or another version of the lab wrote them
        if not known or not self._layout.secrets_file.exists():
            return None
        return Site(self._layout, Path(), Ports(of=ports), self._secrets())

    def _expected(self, site: Site) -> list[Daemon]:
        """What is to run: of each cloud that anything was started of, everything."""
        if not self._daemons.names():
            return []
        parts = [daemon for pop in self._started() for daemon in services.all_of(site, pop)]
        return [*shared.daemons(site), *parts]

    def _started(self) -> list[int]:
        """The clouds that anything was started of, and that were not ended."""
        started = {name.partition("/")[0] for name in self._daemons.names()}
        return [pop for pop in POPS if f"pop{pop}" in started]

    def _status_of(self, daemon: Daemon) -> ServiceStatus:
        process = self._daemons.process(daemon.name)
        reachable = daemon.port is None or answers(daemon.port)
        log = next((path for path in daemon.logs if path.exists()), self._daemons.output(daemon.name))
        web = "http://" if "/" in daemon.name else ""
        return ServiceStatus(
            name=daemon.name,
            state=("up" if reachable else "starting") if process else "down",
            pid=process.pid if process else None,
            address=f"{web}127.0.0.1:{daemon.port}" if daemon.port else "",
            log=log,
        )

    def _hints(self) -> tuple[str, ...]:
        file = self._layout.clouds_yaml
        return (
            f"export OS_CLIENT_CONFIG_FILE={file}",
            "clouds: pop1, pop2 (administrator), pop1-tenant, pop2-tenant (project interlace, role member)",
            f"flavours: {', '.join(furniture.FLAVOURS)}; images: {', '.join(furniture.IMAGES)}",
            f"external network: {furniture.EXTERNAL}; availability zones: az1, az2",
        )
