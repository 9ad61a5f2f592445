"""The emulator's WAN on this machine's own kernel: what services measure is what was reserved and planned."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
import pytest

from adaptors.chaining.port import Switch
from adaptors.chaining.switches import open_switch
from adaptors.machine import namespaces
from adaptors.machine.abilities import Abilities, Datapath, examine
from adaptors.machine.commands import Machine
from adaptors.machine.mtu import TENANT_MTU
from adaptors.machine.place import port_interface, tunnel_interface
from adaptors.machine.processes import Process
from adaptors.wan import naming
from adaptors.wan.emulated import EmulatedWan
from adaptors.wan.guards import SOCKETS
from adaptors.wan.records import Built, Harm, Records
from domain.errors import VimRefusedError
from domain.networking import Ingress, Label, Rule, Share, WanLink
from tests.contract.measuring import best

DATAPATHS: tuple[Datapath, ...] = ("nft", "ovs")
LINK = WanLink(name="athens-berlin", between=("athens", "berlin"), bandwidth_mbps=100, latency_ms=5)
MARKER = b"this-text-is-what-a-service-sends"


@dataclass(frozen=True)
class Client:
    """A namespace with one port on a PoP's switch."""

    name: str
    pop: str
    number: int

    @property
    def address(self) -> str:
        return f"10.9.0.{self.number}"

    @property
    def mac(self) -> str:
        return f"02:00:00:00:09:{self.number:02x}"

    @property
    def port(self) -> str:
        return port_interface(self.name, "eth0")


@dataclass
class World:
    """A home with its switches, its WAN, and clients that speak over it."""

    machine: Machine
    abilities: Abilities
    datapath: Datapath
    clients: list[Client] = field(default_factory=list)
    pops: set[str] = field(default_factory=set)

    @property
    def wan(self) -> EmulatedWan:
        return EmulatedWan(self.machine, self.abilities, self.switch)

    def switch(self, pop: str) -> Switch:
        self.pops.add(pop)
        return open_switch(self.machine, pop, self.datapath)

    def join(self, link: WanLink, service: str) -> None:
        for pop in link.between:
            self.switch(pop).ensure()
        self.wan.join(link, service, lambda _: None)

    def client(self, pop: str) -> Client:
        number = len(self.clients) + 1
        client = Client(f"client-{number}", pop, number)
        self.clients.append(client)
        inside, switch = self.namespace(client), self.machine.place.switch(pop)
        namespaces.create(self.machine, inside)
        wire = f"link add name eth0 netns {inside} type veth peer name {client.port} netns {switch}"
        self.machine.ip([wire])
        lines = [f"link set eth0 address {client.mac} mtu {TENANT_MTU} up"]
        lines += [f"addr add {client.address}/24 dev eth0"]
        lines += [f"neigh add 10.9.0.{n} lladdr 02:00:00:00:09:{n:02x} dev eth0" for n in range(1, 10)]
        self.machine.ip(lines, inside)
        self.machine.ip([f"link set {client.port} mtu {TENANT_MTU} up"], switch)
        self.switch(pop).attach(client.port)
        return client

    def namespace(self, client: Client) -> str:
        return self.machine.place.instance(client.name)

    def connect(self, service: str, link: WanLink, mbps: float) -> tuple[Client, Client]:
        """Two clients of a service, one on each side, with a share in each direction."""
        first, second = (self.client(pop) for pop in link.between)
        for here, there in ((first, second), (second, first)):
            self.switch(here.pop).program(service, _rules(link, here, there))
        self.share(service, link, mbps, first, second)
        return first, second

    def share(self, service: str, link: WanLink, mbps: float, first: Client, second: Client) -> None:
        for here, there in ((first, second), (second, first)):
            label = Label(source_mac=here.mac, destination_mac=there.mac)
            share = Share(
                name="a-b", physical_link=link.name, from_pop=here.pop, label=label, bandwidth_mbps=mbps
            )
            self.wan.share(service, here.pop, [share])

    def built(self, link: str) -> Built:
        built = Records(self.machine.place).built(link)
        assert built is not None
        return built

    def run(self, client: Client, *words: str) -> str:
        return self.machine.run(words, namespace=self.namespace(client))

    def serve(self, client: Client) -> None:
        log = self.machine.place.run / "iperf.log"
        self.machine.spawn(["iperf3", "-s"], log, namespace=self.namespace(client))
        listening = ["sh", "-c", "grep -q ':1451 ' /proc/net/tcp /proc/net/tcp6"]
        wait_until(lambda: self.machine.attempt(listening, namespace=self.namespace(client)).code == 0)

    def tcp_mbps(self, source: Client, target: Client, seconds: float = 3) -> float:
        words = ["iperf3", "-J", "-c", target.address, "-t", str(seconds), "-O", "1"]
        return float(json.loads(self.run(source, *words))["end"]["sum_received"]["bits_per_second"]) / 1e6

    def rtt_ms(self, source: Client, target: Client) -> float:
        """The shortest of 25: a link's delay is in every one, what else the machine does is not."""
        said = self.run(source, "ping", "-c", "25", "-i", "0.02", "-W", "2", target.address)
        return min(map(float, re.findall(r"time=([\d.]+) ms", said)))

    def clear(self) -> None:
        for client in self.clients:
            namespaces.remove(self.machine, self.namespace(client))
        self.wan.sweep(())
        for pop in self.pops:
            self.switch(pop).remove()


def _rules(link: WanLink, here: Client, there: Client) -> list[Rule]:
    tunnel = tunnel_interface(link.name)
    out = Rule(
        name="out",
        in_interface=here.port,
        ingress=Ingress(destination=there.address),
        label=Label(source_mac=here.mac, destination_mac=there.mac),
        out_interface=tunnel,
        priority=10,
    )
    back = Label(source_mac=there.mac, destination_mac=here.mac)
    return [
        out,
        Rule(name="in", in_interface=tunnel, label=back, out_interface=here.port, priority=10),
    ]


def wait_until(true: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def wireguards(machine: Machine) -> list[str]:
    """Control sockets of this home."""
    return [path.name for path in SOCKETS.glob(f"g{machine.place.key}*")]


def processes_of(machine: Machine) -> list[psutil.Process]:
    """Processes that name something of this home."""
    key = machine.place.key
    return [p for p in psutil.process_iter(["cmdline"]) if key in " ".join(p.info["cmdline"] or ())]


def left_behind(machine: Machine) -> list[object]:
    links = list((machine.place.run / "links").glob("*"))
    return [*namespaces.names(machine), *wireguards(machine), *processes_of(machine), *links]


def opened(home: Path, datapath: Datapath) -> Iterator[World]:
    abilities, machine = examine(home)
    if machine is None or os.geteuid() != 0 or datapath not in abilities.datapaths:
        pytest.skip(f"no emulated PoPs with {datapath} here: {abilities.why or 'not root'}")
    world = World(machine, abilities, datapath)
    try:
        yield world
    finally:
        world.clear()
        left = left_behind(machine)
        shutil.rmtree(machine.place.run)
    assert left == []


@pytest.fixture(params=DATAPATHS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    yield from opened(tmp_path, request.param)


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[World]:
    """On the datapath that needs no processes, where the switch does not matter."""
    yield from opened(tmp_path, "nft")


@pytest.mark.alone
def test_delay_and_full_size_throughput_are_those_of_the_link(world: World) -> None:
    world.join(LINK, "shop")
    first, second = world.connect("shop", LINK, 90)
    best(lambda rtt: 9.7 <= rtt <= 16, lambda: world.rtt_ms(first, second))
    full = str(TENANT_MTU - 28)
    assert " 0% packet loss" in world.run(
        first, "ping", "-c", "3", "-i", "0.05", "-M", "do", "-s", full, second.address
    )
    world.serve(second)
    best(lambda rate: 55 <= rate <= 100, lambda: world.tcp_mbps(first, second, 2))


@pytest.mark.alone
def test_a_share_is_enforced_and_a_neighbour_cannot_take_it(world: World) -> None:
    world.join(LINK, "shop")
    world.join(LINK, "flood")
    first, second = world.connect("shop", LINK, 10)
    loud, sink = world.connect("flood", LINK, 20)
    for server in (second, sink):
        world.serve(server)
    flood = ["iperf3", "-u", "-b", "80M", "-l", "1300", "-t", "60", "-J", "-c", sink.address]
    log = world.machine.place.run / "flood.log"
    flooding = world.machine.spawn(flood, log, namespace=world.namespace(loud))
    best(lambda rate: 6 <= rate <= 11, lambda: world.tcp_mbps(first, second))
    best(lambda rtt: rtt <= 80, lambda: world.rtt_ms(first, second))
    assert flooding.alive()
    flooding.signal(signal.SIGINT)
    wait_until(lambda: not flooding.alive())


@pytest.mark.alone
def test_a_flood_gets_its_own_share_and_no_more(plain: World) -> None:
    plain.join(LINK, "flood")
    loud, sink = plain.connect("flood", LINK, 20)
    plain.serve(sink)
    words = ["iperf3", "-u", "-b", "60M", "-l", "1300", "-t", "2", "-J", "-c", sink.address]

    def delivered() -> float:
        return float(json.loads(plain.run(loud, *words))["end"]["sum_received"]["bits_per_second"]) / 1e6

    best(lambda rate: 14 <= rate <= 21.5, delivered)


@pytest.mark.alone
def test_a_share_changes_alone_and_ends_with_its_service(plain: World) -> None:
    plain.join(LINK, "shop")
    plain.join(LINK, "other")
    first, second = plain.connect("shop", LINK, 10)
    plain.connect("other", LINK, 5)
    before = _classes(plain)
    plain.share("shop", LINK, 40, first, second)
    after = _classes(plain)
    assert set(before) == set(after)
    assert sum(before[number] != after[number] for number in before) == 1
    plain.serve(second)
    best(lambda rate: 25 <= rate <= 43, lambda: plain.tcp_mbps(first, second, 2))
    plain.wan.leave("shop", "athens")
    assert len(_classes(plain)) == len(after) - 1
    assert set(_classes(plain).items()) <= set(after.items())


def _classes(world: World) -> dict[str, str]:
    """Class -> its rate, of what leaves the first PoP."""
    edge, interface = _guard(world, 0)
    said = world.machine.run(["tc", "class", "show", "dev", interface], namespace=edge)
    return dict(re.findall(r"class htb (\S+) .*? rate (\S+)", said))


def _guard(world: World, end: naming.End) -> tuple[str, str]:
    """The namespace and interface at which packets of services are encrypted."""
    if world.abilities.overlay == "vxlan":
        pytest.skip(world.abilities.overlay_why)
    place = world.machine.place
    return naming.edge(place, LINK.name, end), naming.guard(place, LINK.name, end)


@pytest.mark.parametrize("world", ["ovs"], indirect=True)
@pytest.mark.alone
def test_shares_outlive_a_crash_of_the_switch(world: World) -> None:
    world.join(LINK, "shop")
    first, second = world.connect("shop", LINK, 10)
    before = _classes(world)
    kill([Process.of(p.pid) for p in processes_of(world.machine) if p.name() == "ovs-vswitchd"])
    for pop in LINK.between:
        world.switch(pop).ensure()
    assert _classes(world) == before
    world.serve(second)
    best(lambda rate: 6 <= rate <= 11, lambda: world.tcp_mbps(first, second, 2))


def _captured(world: World, point: tuple[str, str], send: Callable[[], object]) -> bytes:
    namespace, interface = point
    file = world.machine.place.run / "capture.pcap"
    words = ["nsenter", f"--net=/run/netns/{namespace}", "tcpdump", "-Z", "root", "-U", "--immediate-mode"]
    words += ["-i", interface, "-w", str(file)]
    with subprocess.Popen(words, stderr=subprocess.PIPE) as tcpdump:
        assert tcpdump.stderr is not None
        tcpdump.stderr.readline()
        send()
        time.sleep(0.3)
        tcpdump.terminate()
    return file.read_bytes()


def _send_marker(world: World, source: Client, target: Client) -> None:
    code = "import socket,sys; s=socket.socket(2,2); [s.sendto({!r}*9,(sys.argv[1],9)) for _ in range(20)]"
    world.run(source, sys.executable, "-c", code.format(MARKER), target.address)


def test_nothing_that_services_send_can_be_read_on_the_wan(plain: World) -> None:
    if not plain.wan.encrypted():
        pytest.skip(plain.abilities.overlay_why)
    plain.join(LINK, "shop")
    first, second = plain.connect("shop", LINK, 50)
    tunnel = plain.machine.place.switch("berlin"), tunnel_interface(LINK.name)
    assert MARKER in _captured(plain, tunnel, lambda: _send_marker(plain, first, second))
    raw = _captured(plain, plain.wan.capture_point(LINK.name), lambda: _send_marker(plain, first, second))
    assert len(raw) > 20 * 9 * len(MARKER)
    assert MARKER not in raw


@pytest.mark.alone
def test_without_encryption_it_says_so_and_works_as_well(plain: World) -> None:
    plain.abilities = plain.abilities.model_copy(update={"overlay": "vxlan"})
    plain.join(LINK, "shop")
    first, second = plain.connect("shop", LINK, 40)
    assert not plain.wan.encrypted()
    raw = _captured(plain, plain.wan.capture_point(LINK.name), lambda: _send_marker(plain, first, second))
    assert MARKER in raw
    best(lambda rtt: 9.7 <= rtt <= 16, lambda: plain.rtt_ms(first, second))
    plain.serve(second)
    best(lambda rate: 25 <= rate <= 43, lambda: plain.tcp_mbps(first, second, 2))


def test_private_keys_are_nowhere_to_be_read(plain: World) -> None:
    plain.join(LINK, "shop")
    keys = set()
    for end in naming.ENDS:
        edge, interface = _guard(plain, end)
        said = plain.machine.run(["wg", "show", interface, "private-key"], namespace=edge)
        keys.add(said.strip().encode())
    assert len(keys) == 2
    files = [path for path in plain.machine.place.run.rglob("*") if path.is_file()]
    files += [path for name in ("cmdline", "environ") for path in Path("/proc").glob(f"[0-9]*/{name}")]
    for file in files:
        try:
            content = file.read_bytes()
        except OSError:
            continue
        assert not any(key in content for key in keys), file


@pytest.mark.alone
def test_what_died_is_repaired_and_traffic_goes_on(world: World) -> None:
    world.join(LINK, "shop")
    first, second = world.connect("shop", LINK, 50)
    assert world.wan.look() == []
    victims: list[Callable[[Built], Collection[Process]]] = [
        lambda built: [built.line] if built.line else [],
        lambda built: list(built.guards.values())[1:],
        lambda built: built.guards.values(),
    ]
    for chosen in victims:
        kill(chosen(world.built(LINK.name)))
        assert world.wan.healthy(LINK.name) is False
        assert world.wan.look() == [f"WAN link {LINK.name} was repaired"]
        assert world.wan.healthy(LINK.name)
        best(lambda rtt: 9.7 <= rtt <= 16, lambda: world.rtt_ms(first, second))


def kill(processes: Collection[Process]) -> None:
    if not processes:
        pytest.skip("nothing of this kind runs as a process here")
    for process in processes:
        process.signal(signal.SIGKILL)
    wait_until(lambda: not any(process.alive() for process in processes))


@pytest.mark.parametrize("lost", ["wan-athens-berlin", "wan-athens-berlin.1", "pop-athens"])
def test_a_lost_namespace_is_built_anew(plain: World, lost: str) -> None:
    plain.join(LINK, "shop")
    plain.connect("shop", LINK, 50)
    before = _classes(plain)
    namespaces.remove(plain.machine, plain.machine.place.prefix + lost)
    assert not plain.wan.healthy(LINK.name)
    assert plain.wan.restore(LINK.name)
    assert plain.wan.healthy(LINK.name) and not plain.wan.restore(LINK.name)
    assert _classes(plain) == before
    wan, interface = plain.wan.capture_point(LINK.name)
    assert interface in plain.machine.run(["cat", "/proc/net/dev"], namespace=wan)


@pytest.mark.alone
def test_another_delay_and_rate_come_while_the_link_is_in_use(plain: World) -> None:
    plain.join(LINK, "shop")
    first, second = plain.connect("shop", LINK, 50)
    line = plain.built(LINK.name).line
    far = LINK.model_copy(update={"latency_ms": 20, "bandwidth_mbps": 60})
    plain.join(far, "shop")
    assert plain.built(LINK.name).line == line
    best(lambda rtt: 39 <= rtt <= 60, lambda: plain.rtt_ms(first, second))
    kill([line] if line else [])
    plain.wan.look()
    best(lambda rtt: 39 <= rtt <= 60, lambda: plain.rtt_ms(first, second))


@pytest.mark.alone
def test_a_harmed_link_is_slow_through_changes_and_repairs_until_it_is_well_again(plain: World) -> None:
    plain.join(LINK, "shop")
    first, second = plain.connect("shop", LINK, 50)
    plain.wan.harm(LINK.name, Harm(delay_ms=30))
    best(lambda rtt: 69 <= rtt <= 90, lambda: plain.rtt_ms(first, second))
    plain.join(LINK.model_copy(update={"latency_ms": 10}), "shop")
    line = plain.built(LINK.name).line
    kill([line] if line else [])
    plain.wan.look()
    best(lambda rtt: 79 <= rtt <= 100, lambda: plain.rtt_ms(first, second))
    plain.wan.harm(LINK.name, Harm())
    best(lambda rtt: 19 <= rtt <= 40, lambda: plain.rtt_ms(first, second))


def test_a_link_that_nobody_uses_cannot_be_harmed(plain: World) -> None:
    plain.join(LINK, "shop")
    with pytest.raises(VimRefusedError, match="link oslo-rome: no service uses it; in use: athens-berlin"):
        plain.wan.harm("oslo-rome", Harm(loss=0.5))
    plain.wan.harm(LINK.name, Harm(loss=0.5))
    assert plain.wan.harms() == {LINK.name: Harm(loss=0.5)}


@pytest.mark.alone
def test_three_pops_in_a_ring(world: World) -> None:
    pairs = [("athens", "berlin"), ("berlin", "cork"), ("cork", "athens")]
    ring = [
        WanLink(name="-".join(pair), between=pair, bandwidth_mbps=50, latency_ms=2 + 3 * number)
        for number, pair in enumerate(pairs)
    ]
    clients = []
    for link in ring:
        world.join(link, f"on-{link.name}")
        clients.append(world.connect(f"on-{link.name}", link, 20))
    for link, ends in zip(ring, clients, strict=True):
        least = 2 * link.latency_ms
        best(partial(_between, least, least + 6), partial(world.rtt_ms, *ends))
    assert world.wan.links() == sorted(link.name for link in ring)
    world.wan.leave("on-berlin-cork", "berlin")
    world.wan.leave("on-berlin-cork", "cork")
    assert world.wan.links() == ["athens-berlin", "cork-athens"]
    assert all(map(world.wan.healthy, world.wan.links()))


def _between(least: float, most: float, measured: float) -> bool:
    return 0.97 * least <= measured <= most


def test_many_at_once_build_one_and_the_last_to_leave_removes_all(world: World) -> None:
    services = [f"service-{number}" for number in range(8)]
    for pop in LINK.between:
        world.switch(pop).ensure()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda service: world.wan.join(LINK, service, lambda _: None), services))
    wan = world.machine.place.wan("")
    spaces = [name for name in namespaces.names(world.machine) if name.startswith(wan)]
    assert spaces == [f"{wan}{LINK.name}{part}" for part in ("", ".0", ".1")]
    lines = [p for p in processes_of(world.machine) if any("delayline" in word for word in p.cmdline())]
    assert len(lines) == (world.abilities.delay == "delay line")
    assert len(wireguards(world.machine)) == 2 * (world.abilities.overlay == "wireguard-go")
    leaving = [(service, pop) for service in services for pop in LINK.between]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda who: world.wan.leave(*who), leaving[:-1]))
    assert world.wan.healthy(LINK.name)
    world.wan.leave(*leaving[-1])
    assert world.wan.links() == [] and wireguards(world.machine) == []
    devices = world.machine.run(["cat", "/proc/net/dev"], namespace=world.machine.place.switch("athens"))
    assert not re.search(r"^\s*[gxw][0-9a-f]{12}", devices, re.MULTILINE)
    assert not [name for name in namespaces.names(world.machine) if name.startswith(wan)]


def test_strays_are_found_and_swept(plain: World) -> None:
    plain.join(LINK, "known")
    plain.join(LINK, "gone")
    orphan = plain.machine.place.wan("nowhere")
    namespaces.create(plain.machine, orphan)
    socket = SOCKETS / f"g{plain.machine.place.key}00000000.sock"
    socket.parent.mkdir(exist_ok=True, mode=0o700)
    socket.touch()
    found = plain.wan.strays(["known"])
    assert len(found) == (4 if plain.abilities.overlay == "wireguard-go" else 3)
    assert plain.wan.sweep(["known"]) == found
    assert plain.wan.strays(["known"]) == [] and plain.wan.healthy(LINK.name)
    socket.unlink(missing_ok=True)


def test_a_link_that_makes_no_sense_is_refused(plain: World) -> None:
    with pytest.raises(VimRefusedError):
        plain.join(LINK.model_copy(update={"bandwidth_mbps": 0}), "shop")
    plain.join(LINK, "shop")
    with pytest.raises(VimRefusedError):
        plain.join(LINK.model_copy(update={"between": ("athens", "cork")}), "shop")
    assert plain.wan.links() == [LINK.name]
