"""`python -m bench.chaining`: both datapaths beside a plain kernel bridge, ratios of one run. Needs root."""

import ctypes
import json
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adaptors.chaining.port import Switch
from adaptors.chaining.switches import open_switch, switch_names
from adaptors.machine import namespaces
from adaptors.machine.abilities import Datapath, examine
from adaptors.machine.commands import Machine
from adaptors.machine.place import port_interface, short
from adaptors.machine.processes import end
from domain.networking import Ingress, Label, Protocol, Rule

MTU = 1370
_GATEWAY, _GATEWAY_MAC = "169.254.0.1", "02:00:00:00:00:fe"
_CLONE_NEWNET = 0x40000000
_QUIET = (
    "cd /proc/sys/net; for all in ipv6/conf/*/disable_ipv6; do echo 1 >$all; done;"
    " echo 1 >ipv4/ip_forward; for all in ipv4/conf/*/rp_filter; do echo 0 >$all; done"
)
_SECONDS = 3


@dataclass(frozen=True)
class Port:
    """One connection point of an instance, joined to its PoP's switch."""

    namespace: str
    interface: str
    """On the switch."""
    mac: str
    address: str


@dataclass(frozen=True)
class Bed:
    """Instances and switches that a test or a benchmark makes."""

    machine: Machine
    datapath: Datapath

    def switch(self, pop: str) -> Switch:
        """A handle on a switch, as any other worker would have."""
        return open_switch(self.machine, pop, self.datapath)

    def port(self, pop: str, name: str, address: str, point: str = "net", attach: bool = True) -> Port:
        """A connection point of an instance that is made where it is missing."""
        inside = self.machine.place.instance(name)
        port = Port(inside, port_interface(name, point), _mac(name, point), address)
        namespaces.create(self.machine, inside)
        outside = self.machine.place.switch(pop)
        ends = f"address {port.mac} mtu {MTU} type veth peer name {port.interface} netns {outside} mtu {MTU}"
        lines = [f"link add {point} {ends}", f"addr add {address}/32 dev {point}", f"link set {point} up"]
        lines.append(f"neigh add {_GATEWAY} lladdr {_GATEWAY_MAC} dev {point}")
        self.machine.ip(lines, inside)
        self.machine.run(["sh", "-c", _QUIET], namespace=inside)
        if attach:
            self.switch(pop).attach(port.interface)
        return port

    def route(self, port: Port, *addresses: str, point: str = "net") -> None:
        """Lead addresses out of a connection point."""
        lines = [f"route replace {address} via {_GATEWAY} dev {point} onlink" for address in addresses]
        self.machine.ip(lines, port.namespace)

    def pair(self, pop: str, service: str) -> tuple[Port, Port]:
        """Two instances that know the way to each other: 10.0.0.1 and 10.0.0.2."""
        left, right = (self.port(pop, f"{service}-{n}", f"10.0.0.{n}") for n in (1, 2))
        self.route(left, right.address)
        self.route(right, left.address)
        return left, right

    def middle(self, pop: str, name: str, left: Port, right: Port) -> tuple[Port, Port]:
        """An instance with two arms that routes between two others, as a firewall does."""
        facing = [self.port(pop, name, f"10.9.0.{n}", point) for n, point in ((1, "in"), (2, "out"))]
        self.route(facing[0], left.address, point="in")
        self.route(facing[1], right.address, point="out")
        return facing[0], facing[1]

    def remove(self) -> None:
        """Everything of this home."""
        for pop in switch_names(self.machine):
            self.switch(pop).remove()
        for name in namespaces.names(self.machine):
            namespaces.remove(self.machine, name)


@contextmanager
def bed(machine: Machine, datapath: Datapath, *pops: str) -> Iterator[Bed]:
    """Switches that run, and nothing of them left afterwards."""
    made = Bed(machine, datapath)
    try:
        for pop in pops:
            made.switch(pop).ensure()
        yield made
    finally:
        made.remove()


def hop(source: Port, target: Port, to: Port, protocol: Protocol = "any", **more: object) -> Rule:
    """The rule that takes what `source` sends to the address of `to`, and gives it to `target`."""
    ingress = Ingress.model_validate({"destination": to.address, "protocol": protocol, **more})
    return Rule(
        name=f"{source.interface} > {target.interface} {protocol} {sorted(more.items())}",
        in_interface=source.interface,
        ingress=ingress,
        label=Label(source_mac=source.mac, destination_mac=target.mac),
        out_interface=target.interface,
        priority=100,
    )


def both_ways(left: Port, right: Port, protocol: Protocol = "any") -> tuple[Rule, ...]:
    """Rules by which two ports reach each other."""
    return hop(left, right, right, protocol), hop(right, left, left, protocol)


def through(left: Port, middle: Sequence[Port], right: Port) -> tuple[Rule, ...]:
    """Rules by which two ports reach each other through an instance with two arms."""
    near, far = middle
    there = hop(left, near, right), hop(far, right, right)
    return *there, hop(right, far, left), hop(near, left, left)


def _mac(name: str, point: str) -> str:
    digits = short(f"{name}/{point}", 10)
    return ":".join(["02", *(digits[n : n + 2] for n in range(0, 10, 2))])


def socket_in(namespace: str, kind: socket.SocketKind) -> socket.socket:
    """A socket in another network namespace: it stays there, the thread that made it does not live on."""
    made: list[socket.socket] = []

    def make() -> None:
        with open(f"/run/netns/{namespace}") as there:
            if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), _CLONE_NEWNET) == 0:
                made.append(socket.socket(socket.AF_INET, kind))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if not made:
        raise OSError(f"cannot enter {namespace}")
    return made[0]


def mbps(machine: Machine, client: Port, server: Port) -> float:
    """TCP throughput as iperf3 finds it."""
    log = machine.place.run / "iperf3.log"
    serving = machine.spawn(["iperf3", "-s"], log, namespace=server.namespace)
    time.sleep(0.5)
    words = ["iperf3", "-c", server.address, "-t", str(_SECONDS), "-O", "1", "-J"]
    try:
        said = machine.run(words, namespace=client.namespace)
    finally:
        end([serving])
        log.unlink(missing_ok=True)
    return float(json.loads(said)["end"]["sum_received"]["bits_per_second"]) / 1e6


def bridged(machine: Machine) -> float:
    """TCP throughput in Mbit/s between two namespaces on a plain kernel bridge."""
    with bed(machine, "nft") as made:
        outside = machine.place.switch("bridge")
        namespaces.create(machine, outside)
        ports = [made.port("bridge", f"bridged-{n}", f"10.0.0.{n}", attach=False) for n in (1, 2)]
        lines = ["link add br0 type bridge", "link set br0 up"]
        lines += [f"link set {port.interface} up master br0" for port in ports]
        machine.ip(lines, outside)
        for port, other in (ports, ports[::-1]):
            machine.ip([f"route add {other.address} dev net"], port.namespace)
        return mbps(machine, *ports)


def chained(machine: Machine, datapath: Datapath) -> float:
    """TCP throughput in Mbit/s of a chain through a routed instance."""
    with bed(machine, datapath, "bench") as made:
        left, right = made.pair("bench", "shop")
        middle = made.middle("bench", "firewall", left, right)
        made.switch("bench").program("shop", through(left, middle, right))
        return mbps(machine, left, right)


def main() -> None:
    """Throughput beside the bridge, and how long changes take."""
    with tempfile.TemporaryDirectory(prefix="interlace-bench-") as home:
        abilities, machine = examine(Path(home))
        if machine is None or abilities.privileges != "root":
            sys.exit(f"needs root and network namespaces: {abilities.why}")
        try:
            bridge = bridged(machine)
            print(f"kernel bridge: {bridge:.0f} Mbit/s at MTU {MTU}")
            for datapath in reversed(abilities.datapaths):
                _measure(machine, datapath, bridge)
        finally:
            os.removedirs(machine.place.run / "pops")


def _measure(machine: Machine, datapath: Datapath, bridge: float) -> None:
    with bed(machine, datapath, "bench") as made:
        left, right = made.pair("bench", "shop")
        started = time.perf_counter()
        middle = made.middle("bench", "firewall", left, right)
        took = time.perf_counter() - started
        switch = made.switch("bench")
        switch.program("shop", both_ways(left, right))
        direct = mbps(machine, left, right)
        switch.program("shop", through(left, middle, right))
        routed = mbps(machine, left, right)
        print(f"{datapath}: an instance of two ports made and attached in {1000 * took:.0f} ms")
        print(f"{datapath}: one hop {direct:.0f} Mbit/s, {direct / bridge:.2f} of the bridge;", end=" ")
        print(f"through a routed instance {routed:.0f} Mbit/s, {routed / bridge:.2f} of it")
        for count in (4, 400):
            print(f"{datapath}: program() of {count} rules {program_ms(switch, left, right, count):.0f} ms")


def program_ms(switch: Switch, left: Port, right: Port, count: int) -> float:
    """Median milliseconds in which a switch takes so many other rules of a service."""
    took = []
    for turn in range(5):
        rules = [
            hop(left, right, right, "tcp", source_port=turn * count + n, destination_port=80)
            for n in range(count)
        ]
        started = time.perf_counter()
        switch.program("shop", rules)
        took.append(time.perf_counter() - started)
    return 1000 * statistics.median(took)


if __name__ == "__main__":
    main()
