"""A service on the emulator, and the eyes and hands of the tests: commands run where its users are."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from temporalio.client import Client

from activities.pops import Pops
from adaptors.chaining.records import Records
from adaptors.machine.abilities import examine
from adaptors.machine.processes import Process
from adaptors.vim.emulator.cleaning import release, strays, sweep
from adaptors.wan.emulated import open_wan
from catalogue.documents import read_descriptor
from domain.deployments import Deployment
from domain.infrastructure import Resources
from domain.records import ResourceRecord
from tests.workflows.lab import Lab

RING = (("north", "south", 4.0), ("south", "west", 2.0), ("west", "north", 3.0))


def emulated(datapath: str = "auto", vcpus: int = 16) -> str:
    """North, south and west in a ring of WAN links; only north has dpdk."""
    pops = [
        f"  {name}: {{vim: {{kind: emulator, settings: {{datapath: {datapath}}}}},"
        f" capacity: {{vcpus: {vcpus}, memory: 64 GiB, disk: 500 GiB}}, region: {name},"
        f" capabilities: [{'dpdk' if name == 'north' else 'plain'}],"
        f" location: {{latitude: 5{number}.0, longitude: 10.0}}, prices: {{vcpu_hour: 0.0{number}}}}}"
        for number, name in enumerate(("west", "south", "north"), start=1)
    ]
    links = [
        f"  {a}-{b}: {{between: [{a}, {b}], bandwidth: 1 Gbit/s, latency: {ms} ms, price_mbps_hour: 0.001}}"
        for a, b, ms in RING
    ]
    head = ["api_version: interlace/v1", "kind: Infrastructure", "pops:"]
    return "\n".join([*head, *pops, "links:", *links])


class PacketLab(Lab):
    """An orchestrator over emulated PoPs."""

    def __init__(self, client: Client, home: Path, document: str) -> None:
        super().__init__(client, home, document)
        self.pops = Pops(self.catalogue, home)
        self.secret("shop-database-password", "correct-horse-battery")

    def existing(self, service: str) -> list[tuple[str, str, str]]:
        return [
            (pop, each.name, each.tags["instance"])
            for pop in self.catalogue.infrastructure.get().pops
            for each in self.pops.vim(pop).list({"service": service})
        ]

    def world_usage(self) -> dict[str, Resources]:
        return {pop: self.pops.vim(pop).capacity()[1] for pop in self.catalogue.infrastructure.get().pops}

    def endpoints(self, deployment: Deployment) -> dict[str, str]:
        return dict(deployment.plan.endpoints)

    def secret(self, name: str, value: str) -> None:
        """Keep a secret where workers look for it."""
        directory = self.home / "secrets"
        directory.mkdir(exist_ok=True)
        (directory / name).write_text(value)

    def onboard(self, text: str) -> None:
        """Onboard a descriptor."""
        self.catalogue.descriptors.onboard(read_descriptor(text.encode(), "test"))

    def entry(self, service: str, place: str) -> ResourceRecord:
        """The ledger's row of an instance or endpoint."""
        [found] = [each for each in self.catalogue.ledger.of_service(service) if each.instance == place]
        return found

    def address(self, service: str, place: str) -> str:
        found = self.entry(service, place).address
        assert found
        return found

    def at(
        self, service: str, place: str, *words: str, timeout_s: float = 30
    ) -> subprocess.CompletedProcess[str]:
        """Run a command where an instance or endpoint is."""
        entry = self.entry(service, place)
        full = self.pops.networked(entry.pop).command(entry.resource_name, list(words))
        return subprocess.run(full, capture_output=True, text=True, timeout=timeout_s, check=False)

    def fetch(self, service: str, url: str, *more: str, place: str = "customers") -> str:
        """What curl gets at an endpoint; empty where it gets nothing within 5 s."""
        return self.at(service, place, "curl", "-s", "--max-time", "5", *more, url).stdout

    def report(self, service: str, instance: str) -> dict[str, object]:
        """What a function reports of itself."""
        entry = self.entry(service, instance)
        return dict(self.pops.networked(entry.pop).observe(entry.resource_name).function)

    def switch_processes(self, pop: str) -> list[Process]:
        """What runs of a PoP's switch."""
        machine = examine(self.home)[1]
        assert machine
        records = Records(machine.place, pop)
        return list(records.running().processes.values())

    def left(self, known: Sequence[str] = ()) -> list[str]:
        """Everything of this home on the machine that nothing explains."""
        return [*strays(self.home, known), *open_wan(self.home).strays(known)]

    def clean(self) -> None:
        """Remove all that this home has on the machine."""
        open_wan(self.home).sweep(())
        sweep(self.home, ())
        release(self.home)
