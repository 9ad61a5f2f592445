"""Physical links: a namespace between two switches, in which frames are delayed and held to a rate."""

import signal
import sys
import time
from pathlib import Path

from adaptors.machine import namespaces
from adaptors.machine.abilities import Abilities
from adaptors.machine.commands import CommandError, Machine
from adaptors.machine.mtu import WAN_MTU
from adaptors.machine.processes import Process
from adaptors.wan import naming
from adaptors.wan.edges import Edges, no_ipv6
from adaptors.wan.rates import wire_mbps
from adaptors.wan.records import Built, Harm, LinkRecord
from domain.models import Model
from domain.networking import WanLink

_DELAY_LINE = Path(__file__).with_name("delayline.py")
_READY_S = 5.0
_QUEUE_MS = 100.0


class Shape(Model):
    """What a wire does to frames, in the words of the delay line."""

    delay_ms: float
    rate_mbps: float
    loss: float = 0.0


class Wires:
    """Builds and removes the wires of one home."""

    def __init__(self, machine: Machine, abilities: Abilities) -> None:
        self._machine = machine
        self._edges = Edges(machine, abilities)
        self._by_netem = abilities.delay == "netem"
        self._encrypted = abilities.overlay != "vxlan"

    def build(self, record: LinkRecord, directory: Path) -> Process | None:
        """Make the wire anew, without delay; the process that moves its frames, where there is one."""
        self.remove(record)
        namespace = self._machine.place.wan(record.link.name)
        namespaces.create(self._machine, namespace)
        no_ipv6(self._machine, namespace, "{all,default}")
        for end in naming.ENDS:
            self._edges.build(record, end)
        shape = self._shape(record.link, record.link.latency_ms, Harm())
        if self._by_netem:
            self._netem(shape, namespace)
            return None
        return self._delay_line(shape, namespace, directory)

    def reshape(self, record: LinkRecord, directory: Path, built: Built) -> None:
        """Give the wire another delay or rate while it carries frames."""
        shape = self._shape(record.link, built.own_ms, record.harm)
        if built.line is None:
            self._shape_by_netem(shape, self._machine.place.wan(record.link.name))
        else:
            _settings(shape, directory)
            built.line.signal(signal.SIGHUP)

    def remove(self, record: LinkRecord) -> None:
        """Take the wire down; one that is not there is fine."""
        for end in naming.ENDS:
            self._edges.remove(record, end)
        namespaces.remove(self._machine, self._machine.place.wan(record.link.name))

    def _shape(self, link: WanLink, own_ms: float, harm: Harm) -> Shape:
        rate = wire_mbps(link.bandwidth_mbps, self._encrypted)
        delay = max(0.0, link.latency_ms - own_ms) + harm.delay_ms
        return Shape(delay_ms=round(delay, 4), rate_mbps=round(rate, 3), loss=harm.loss)

    def _netem(self, shape: Shape, namespace: str) -> None:
        a, b = naming.WIRE_ENDS
        chains = [
            f"add chain netdev wire {source} {{ type filter hook ingress device {source} priority 0; }}\n"
            f'add rule netdev wire {source} fwd to "{target}"\n'
            for source, target in ((a, b), (b, a))
        ]
        self._machine.nft("add table netdev wire\n" + "".join(chains), namespace)
        self._shape_by_netem(shape, namespace)

    def _shape_by_netem(self, shape: Shape, namespace: str) -> None:
        queued_bits = shape.rate_mbps * 1e3 * (shape.delay_ms + _QUEUE_MS)
        limit = 100 + int(queued_bits / 8 / WAN_MTU)
        netem = f"netem delay {shape.delay_ms}ms rate {shape.rate_mbps * 1e6:.0f}bit limit {limit}"
        netem += f" loss {shape.loss:.4%}" if shape.loss else ""
        self._machine.tc([f"qdisc replace dev {end} root {netem}" for end in naming.WIRE_ENDS], namespace)

    def _delay_line(self, shape: Shape, namespace: str, directory: Path) -> Process:
        settings, log = _settings(shape, directory), directory / "line.log"
        log.unlink(missing_ok=True)
        words = [sys.executable, "-I", "-S", str(_DELAY_LINE), *naming.WIRE_ENDS]
        words += ["--delay-ms", f"{shape.delay_ms:g}", "--rate-mbps", f"{shape.rate_mbps}"]
        words += ["--queue-ms", f"{_QUEUE_MS:g}", "--settings", str(settings)]
        started = self._machine.spawn(words, log, namespace=namespace)
        deadline = time.monotonic() + _READY_S
        while "ready" not in (said := log.read_text()):
            if not started.alive() or time.monotonic() > deadline:
                raise CommandError(words[3:], -1, said)
            time.sleep(0.005)
        return started


def _settings(shape: Shape, directory: Path) -> Path:
    file = directory / "settings.json"
    file.write_text(shape.model_dump_json())
    return file
