"""What steering costs: throughput beside a kernel bridge, time of a change, packets that a change loses."""

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adaptors.machine.abilities import Datapath, examine
from adaptors.machine.commands import Machine
from adaptors.vim.emulator.cleaning import release
from bench.chaining import Bed, Port, bed, bridged, chained, hop, program_ms, socket_in, through
from domain.networking import Rule

PACKETS = 5000
MANY_RULES = 400
_PORT = 7001
_SO_RCVBUFFORCE = 33
_PACE_S = 0.0004


@dataclass(frozen=True)
class Change:
    """A stream of packets while the chain changed again and again."""

    lost: int
    took_s: list[float]
    """Each change."""


@contextmanager
def machine_of_its_own() -> Iterator[Machine]:
    """A place for switches that nobody else uses; nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="interlace-bench-") as directory:
        machine = examine(Path(directory))[1]
        assert machine is not None
        try:
            yield machine
        finally:
            release(Path(directory))


def throughput(
    datapaths: tuple[Datapath, ...], rounds: int
) -> tuple[list[float], dict[Datapath, list[float]]]:
    """Mbit/s of the bridge and of a chain on each datapath, once each a round, one after the other."""
    bridge: list[float] = []
    chains: dict[Datapath, list[float]] = {datapath: [] for datapath in datapaths}
    with machine_of_its_own() as machine:
        for _ in range(rounds):
            bridge.append(bridged(machine))
            for datapath, found in chains.items():
                found.append(chained(machine, datapath))
    return bridge, chains


def changes(datapath: Datapath, runs: int) -> list[Change]:
    """So many streams of `PACKETS` packets, each while a chain is led through one firewall and the other."""
    with machine_of_its_own() as machine:
        return [_change(machine, datapath) for _ in range(runs)]


def many_rules_s(datapath: Datapath) -> float:
    """Seconds in which a switch takes `MANY_RULES` other rules; the median of five."""
    with machine_of_its_own() as machine, bed(machine, datapath, "bench") as made:
        left, right = made.pair("bench", "shop")
        return program_ms(made.switch("bench"), left, right, MANY_RULES) / 1000


def _change(machine: Machine, datapath: Datapath) -> Change:
    with bed(machine, datapath, "bench") as made:
        left, right = made.pair("bench", "shop")
        ways = _two_ways(made, left, right)
        switch = made.switch("bench")
        switch.program("shop", ways[0])
        with socket_in(right.namespace, socket.SOCK_DGRAM) as receiver:
            receiver.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 24)
            receiver.bind(("", _PORT))
            sending = threading.Thread(target=_send, args=(left, right))
            sending.start()
            took: list[float] = []
            while sending.is_alive():
                started = time.perf_counter()
                switch.program("shop", ways[(len(took) + 1) % 2])
                took.append(time.perf_counter() - started)
            return Change(PACKETS - _arrived(receiver), took)


def _two_ways(made: Bed, left: Port, right: Port) -> list[tuple[Rule, ...]]:
    """Through one firewall or another; what is within the other when the chain changes still gets out."""
    middles = [made.middle("bench", f"firewall-{n}", left, right) for n in range(2)]
    out = [hop(far, right, right) for _, far in middles]
    return [(*through(left, middles[n], right), out[1 - n]) for n in range(2)]


def _send(left: Port, right: Port) -> None:
    with socket_in(left.namespace, socket.SOCK_DGRAM) as sender:
        for _ in range(PACKETS):
            sender.sendto(bytes(200), (right.address, _PORT))
            time.sleep(_PACE_S)


def _arrived(receiver: socket.socket) -> int:
    receiver.settimeout(1.0)
    count = 0
    while True:
        try:
            receiver.recv(1000)
        except TimeoutError:
            return count
        count += 1
