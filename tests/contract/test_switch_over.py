"""A firewall moves from one PoP to another under traffic: every packet and every request gets its answer."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from adaptors.chaining.compile import compile_network
from adaptors.chaining.records import Records
from adaptors.chaining.stages import staged
from adaptors.machine.abilities import examine
from adaptors.machine.place import tunnel_interface
from adaptors.network.emulated import EmulatedNetwork, open_emulated
from adaptors.vim.emulator.vim import EmulatorVim
from adaptors.wan.emulated import open_wan
from domain.descriptor import ComponentKind, Descriptor
from domain.expansion import expand
from domain.infrastructure import Resources
from domain.instances import VimInstance
from domain.networking import ServiceNetwork, WanLink
from domain.operation_plans import NetworkStage
from domain.plans import Plan, Route, ServiceGraph
from tests.contract.emulated import eventually, quiet, spec, swept, vim_at

pytestmark = pytest.mark.timeout(240)

LINKS = {"north-south": ("north", "south"), "north-west": ("north", "west"), "south-west": ("south", "west")}
NETWORK = "shop-network"


def described(
    components: Mapping[str, list[str]], links: Mapping[str, list[str]], **chains: list[str]
) -> Descriptor:
    return Descriptor.model_validate(
        {
            "api_version": "interlace/v1",
            "kind": "Service",
            "name": "shop",
            "version": "1",
            "endpoints": {"customers": {"pop": "north"}},
            "components": {
                name: {
                    "kind": "vnf",
                    "image": "any",
                    "resources": {"vcpus": 1, "memory": "128 MiB"},
                    "connection_points": points,
                }
                for name, points in components.items()
            },
            "links": {
                name: {"between": between, "bandwidth": "50 Mbit/s"} for name, between in links.items()
            },
            "chains": {name: {"path": path} for name, path in chains.items()},
        }
    )


GUARDED = described(
    {"firewall": ["outside", "inside"], "web": ["http"]},
    {"access": ["customers", "firewall.outside"], "clean": ["firewall.inside", "web.http"]},
    shopping=["customers", "firewall.outside", "firewall.inside", "web.http"],
)
STORED = described(
    {"web": ["http", "data"], "store": ["sql"]},
    {"access": ["customers", "web.http"], "queries": ["web.data", "store.sql"]},
)

ECHO = """
import socket, threading
def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("", 7000))
        while True:
            own.sendto(*own.recvfrom(2000))
threading.Thread(target=udp, daemon=True).start()
with socket.create_server(("", 7001)) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            while data := connection.recv(65536):
                connection.sendall(data)
"""

TRAFFIC = """
import json, socket, sys, threading, time, urllib.request
web = sys.argv[1]
ended = threading.Event()
sent, seen, answered, asked, failed = 0, set(), [], [], []
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect((web, 7000))
tcp = socket.create_connection((web, 7001))
tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

def hear():
    udp.settimeout(3)
    try:
        while not ended.is_set() or len(seen) < sent:
            seen.add(int(udp.recv(100)))
    except TimeoutError:
        pass

def read():
    tcp.settimeout(10)
    with tcp.makefile() as answers:
        for line in answers:
            answered.append(int(line))

def ask():
    while not ended.is_set():
        try:
            with urllib.request.urlopen(f"http://{web}:8080/whoami", timeout=8) as answer:
                asked.append(answer.read())
        except OSError as error:
            failed.append(str(error))
        time.sleep(0.02)

threads = [threading.Thread(target=each) for each in (hear, read, ask)]
for each in threads:
    each.start()
threading.Thread(target=lambda: (sys.stdin.readline(), ended.set()), daemon=True).start()
print("begun", flush=True)
while not ended.is_set():
    udp.send(str(sent).encode())
    tcp.sendall(b"%d\\n" % sent)
    sent += 1
    time.sleep(0.003)
tcp.shutdown(socket.SHUT_WR)
for each in threads:
    each.join()
print(json.dumps({
    "datagrams lost": sorted(set(range(sent)) - seen), "lines": answered == list(range(sent)),
    "failed": failed, "many": sent > 500 and len(asked) > 20,
}), flush=True)
"""


@dataclass
class Shop:
    """A service on three PoPs, driven by the adaptors alone."""

    home: Path
    datapath: str
    network: EmulatedNetwork

    def vim(self, pop: str) -> EmulatorVim:
        return vim_at(self.home, self.datapath, pop)

    def create(self, name: str, pop: str, image: str, *points: str, **more: Any) -> VimInstance:
        kind = ComponentKind.MICROSERVICE if image == "web" else ComponentKind.VNF
        instance = more.pop("instance", name)
        wanted = spec(
            f"shop-{name}",
            image,
            pop=pop,
            kind=kind,
            connection_points=points,
            tags={"instance": instance},
            **more,
        )
        return self.vim(pop).create(wanted, quiet)

    def firewall(self, name: str, pop: str, addresses: Mapping[str, str] | None = None) -> VimInstance:
        config = {"allow": "tcp/8080, tcp/7001, udp/7000, icmp"}
        return self.create(
            name,
            pop,
            "edge-firewall",
            "outside",
            "inside",
            config=config,
            instance="firewall-1",
            addresses=addresses or {},
        )

    def compiled(
        self, descriptor: Descriptor, places: Mapping[str, str], points: Mapping[str, VimInstance]
    ) -> ServiceNetwork:
        graph = expand("shop", descriptor)
        return compile_network(NETWORK, descriptor, graph, plan(graph, places), points, tunnel_interface)

    def join(self, network: ServiceNetwork) -> None:
        links = {share.physical_link for part in network.pops.values() for share in part.shares}
        for name in sorted(links):
            link = WanLink(name=name, between=LINKS[name], bandwidth_mbps=200, latency_ms=3)
            self.network.join(link, NETWORK, quiet)

    def stage(
        self, old: ServiceNetwork | None, new: ServiceNetwork, stage: NetworkStage, gap_s: float, first: str
    ) -> None:
        """All PoPs at once; or with a gap after the first."""
        parts = staged(old, new, stage)
        if gap_s:
            self.network.apply(NETWORK, parts.pop(first), quiet)
            time.sleep(gap_s)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda part: self.network.apply(NETWORK, part, quiet), parts.values()))

    def copy(self, old: str, from_pop: str, new: str, to_pop: str) -> str:
        directory = self.home / "state" / str(time.monotonic_ns())
        directory.mkdir(parents=True)
        self.vim(from_pop).export_state(old, directory, quiet)
        return self.vim(to_pop).import_state(new, directory, quiet)

    def accepted(self, pop: str, firewall: VimInstance) -> int:
        """Packets that it let through."""
        return int(self.vim(pop).observe(firewall.name).function["accepted"]["packets"])

    def run(self, pop: str, name: str, program: str, *words: str) -> "subprocess.Popen[str]":
        command = self.vim(pop).command(f"shop-{name}", [sys.executable, "-c", program, *words])
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


def plan(graph: ServiceGraph, places: Mapping[str, str]) -> Plan:
    return Plan(
        placements={name: pop for name, pop in places.items() if name != "customers"},
        endpoints={"customers": places["customers"]},
        routes=tuple(
            route(each.name, each.virtual_link, *(places[end] for end in each.ends)) for each in graph.links
        ),
        cost_per_hour=0,
        currency="EUR",
        solver="hand",
        gap=0,
        solve_ms=0,
    )


def route(name: str, virtual_link: str, start: str, end: str) -> Route:
    links = [link for link, between in LINKS.items() if {start, end} == set(between)]
    return Route(
        link=name,
        virtual_link=virtual_link,
        pops=(start, end) if links else (start,),
        physical_links=tuple(links),
        bandwidth_mbps=50,
        latency_ms=3.0 * len(links),
    )


@pytest.fixture(params=["ovs", "nft"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    abilities, machine = examine(tmp_path)
    if machine is None or request.param not in abilities.datapaths:
        pytest.skip(f"datapath {request.param} does not run here: {abilities.why}")
    with swept(tmp_path):
        vims = {pop: vim_at(tmp_path, request.param, pop) for pop in ("north", "south", "west")}
        try:
            yield Shop(tmp_path, request.param, open_emulated(vims.__getitem__, tmp_path))
        finally:
            open_wan(tmp_path).sweep(())


@contextmanager
def traffic(shop: Shop, web: VimInstance) -> Iterator[Callable[[], Any]]:
    """Runs until it is called, and then tells what arrived."""
    with shop.run("west", "web-1", ECHO) as echo:
        time.sleep(0.5)
        try:
            with shop.run("north", "customers", TRAFFIC, web.address) as users:
                assert users.stdout and users.stderr
                assert users.stdout.readline() == "begun\n", users.stderr.read()
                yield lambda: json.loads(users.communicate("end\n", timeout=60)[0])
        finally:
            echo.terminate()


@pytest.mark.parametrize(
    ("shop", "gap_s", "first"),
    [("ovs", 0.0, ""), ("ovs", 0.4, "north"), ("ovs", 0.4, "west"), ("nft", 0.4, "north")],
    indirect=["shop"],
)
def test_a_firewall_moves_and_nothing_is_lost(shop: Shop, gap_s: float, first: str) -> None:
    users = shop.create("customers", "north", "endpoint", "users", resources=Resources.of(0, 0, 0))
    web = shop.create("web-1", "west", "web", "http")
    old = shop.firewall("firewall-1-a", "north")
    places = {"customers": "north", "firewall-1": "north", "web-1": "west"}
    before = shop.compiled(GUARDED, places, {"customers": users, "firewall-1": old, "web-1": web})
    shop.join(before)
    shop.stage(None, before, NetworkStage.SETTLE, 0, "")
    with traffic(shop, web) as arrived:
        time.sleep(0.5)
        kept = {port.connection_point: port.address for port in old.ports}
        new = shop.firewall("firewall-1-b", "south", kept)
        shop.copy(old.name, "north", new.name, "south")
        moved = {**places, "firewall-1": "south"}
        after = shop.compiled(GUARDED, moved, {"customers": users, "firewall-1": new, "web-1": web})
        shop.join(after)
        shop.stage(before, after, NetworkStage.EXTEND, gap_s, first)
        shop.stage(before, after, NetworkStage.SWITCH, gap_s, first)
        told = shop.copy(old.name, "north", new.name, "south")
        drained = shop.vim("north").drain(old.name, quiet, 10)
        shop.stage(before, after, NetworkStage.SETTLE, gap_s, first)
        shop.vim("north").delete(old.name, quiet)
        assert eventually(lambda: shop.accepted("south", new) > 1000), "much comes through the new one"
        whole = {"datagrams lost": [], "lines": True, "failed": [], "many": True}
        assert arrived() == whole, (told, drained)
    assert drained == "no packet for 0.3 s"
    assert "tracked connection" in told
    assert open_wan(shop.home).links() == ["north-south", "south-west"], "the link of the old way is given up"
    for pop in ("north", "south", "west"):
        shop.network.remove(NETWORK, pop, quiet)
    assert open_wan(shop.home).links() == []


VISITS = """
import json, sys, urllib.request
seen, failed = [], []
for number in range(int(sys.argv[2])):
    if number == 20:
        print("begun", flush=True)
    try:
        with urllib.request.urlopen(f"http://{sys.argv[1]}:8080/visits", timeout=10) as answer:
            seen.append(json.loads(answer.read())["visits"])
    except OSError as error:
        failed.append(str(error))
print(json.dumps({"seen": seen, "failed": failed}))
"""


def test_a_store_moves_with_its_data_and_its_address_and_no_visit_is_lost_or_counted_twice(
    shop: Shop,
) -> None:
    users = shop.create("customers", "north", "endpoint", "users", resources=Resources.of(0, 0, 0))
    old = shop.create("store-1-a", "north", "store", "sql", instance="store-1")
    web = shop.create("web-1", "west", "web", "http", "data", environment={"DATABASE_HOST": old.address})
    places = {"customers": "north", "store-1": "north", "web-1": "west"}
    before = shop.compiled(STORED, places, {"customers": users, "store-1": old, "web-1": web})
    shop.join(before)
    shop.stage(None, before, NetworkStage.SETTLE, 0, "")
    with shop.run("north", "customers", VISITS, web.address, "300") as visitors:
        assert visitors.stdout and visitors.stderr
        assert visitors.stdout.readline() == "begun\n", visitors.stderr.read()
        kept = {"sql": old.address}
        new = shop.create("store-1-b", "south", "store", "sql", instance="store-1", addresses=kept)
        moved = {**places, "store-1": "south"}
        after = shop.compiled(STORED, moved, {"customers": users, "store-1": new, "web-1": web})
        shop.join(after)
        shop.stage(before, after, NetworkStage.EXTEND, 0, "")
        shop.copy(old.name, "north", new.name, "south")
        shop.stage(before, after, NetworkStage.SWITCH, 0, "")
        shop.copy(old.name, "north", new.name, "south")
        assert shop.vim("north").drain(old.name, quiet, 10) == "nothing is in flight any more"
        shop.stage(before, after, NetworkStage.SETTLE, 0, "")
        shop.vim("north").delete(old.name, quiet)
        assert visitors.poll() is None, "the visits go on"
        said = json.loads(visitors.communicate(timeout=60)[0])
    assert said == {"seen": list(range(1, 301)), "failed": []}


def test_whoever_waits_for_a_switch_is_told_all_the_time(shop: Shop) -> None:
    users = shop.create("customers", "north", "endpoint", "users", resources=Resources.of(0, 0, 0))
    web = shop.create("web-1", "west", "web", "http")
    places = {"customers": "north", "firewall-1": "north", "web-1": "west"}
    firewall = shop.firewall("firewall-1-a", "north")
    network = shop.compiled(GUARDED, places, {"customers": users, "firewall-1": firewall, "web-1": web})
    shop.join(network)
    machine = examine(shop.home)[1]
    assert machine
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with Records(machine.place, "north").locked():
            begun.set()
            go_on.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    begun.wait(60)
    threading.Timer(1.5, go_on.set).start()
    told: list[float] = []
    shop.network.apply(NETWORK, network.pops["north"], lambda _: told.append(time.monotonic()))
    holder.join()
    assert told[-1] - told[0] > 1.2
    assert max(later - one for one, later in pairwise(told)) < 0.5
