"""WireGuard between the two ends of a link. Keys are new with each build, and nowhere but in its ends."""

import time
from collections.abc import Callable
from pathlib import Path

from adaptors.machine.abilities import Abilities
from adaptors.machine.commands import CommandError, Machine
from adaptors.machine.mtu import ENCRYPTED_MTU
from adaptors.machine.processes import Process
from adaptors.machine.processes import end as end_processes
from adaptors.wan import naming
from adaptors.wan.records import LinkRecord

SOCKETS = Path("/var/run/wireguard")
"""Where every wireguard-go of the machine has its control socket, named by its interface."""
_READY_S = 5.0
_HANDSHAKE_S = 1.0
_TRIES = 4
"""More often than WireGuard itself, which waits for five seconds."""
_ENV = {"LOG_LEVEL": "error", "WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD": "1"}


class Guards:
    """Builds and removes the encryption of one home's links."""

    def __init__(self, machine: Machine, abilities: Abilities) -> None:
        self._machine = machine
        self._in_kernel = abilities.overlay == "wireguard"

    def build(self, record: LinkRecord, directory: Path) -> dict[str, Process]:
        """Make both ends anew and wait until they have shaken hands; PoP -> process, where there is one."""
        self.remove(record)
        ends = zip(naming.ENDS, record.link.between, strict=True)
        started = {pop: self._start(record, end, directory) for end, pop in ends}
        self._exchange_keys(record)
        self._shake_hands(record, started[record.link.between[0]])
        return {pop: process for pop, process in started.items() if process is not None}

    def remove(self, record: LinkRecord, processes: dict[str, Process] | None = None) -> None:
        """Take both ends down; those that are not there are fine."""
        for end in naming.ENDS:
            name = self._name(record, end)
            self._machine.attempt(["ip", "link", "delete", name], namespace=self._edge(record, end))
            self._machine.attempt(["rm", "-f", str(SOCKETS / f"{name}.sock")])
        end_processes((processes or {}).values())

    def _edge(self, record: LinkRecord, end: naming.End) -> str:
        return naming.edge(self._machine.place, record.link.name, end)

    def _name(self, record: LinkRecord, end: naming.End) -> str:
        return naming.guard(self._machine.place, record.link.name, end)

    def _start(self, record: LinkRecord, end: naming.End, directory: Path) -> Process | None:
        name, edge = self._name(record, end), self._edge(record, end)
        if self._in_kernel:
            self._machine.ip([f"link add {name} type wireguard"], edge)
            return None
        log = directory / f"guard-{end}.log"
        log.unlink(missing_ok=True)
        words = ["wireguard-go", "-f", name]
        process = self._machine.spawn(words, log, namespace=edge, env=_ENV)
        there = ["test", "-S", str(SOCKETS / f"{name}.sock")]
        self._await(lambda: self._machine.attempt(there).code == 0 or not process.alive(), _READY_S)
        if self._machine.attempt(there).code != 0:
            raise CommandError(words, -1, log.read_text())
        return process

    def _exchange_keys(self, record: LinkRecord) -> None:
        """Give each end a new private key and the other's public one, through pipes alone."""
        private = [self._machine.run(["wg", "genkey"]).strip() for _ in naming.ENDS]
        public = [self._machine.run(["wg", "pubkey"], stdin=key).strip() for key in private]
        for end in naming.ENDS:
            name, other = self._name(record, end), naming.ENDS[1 - end]
            words = ["wg", "setconf", name, "/dev/stdin"]
            config = _config(record.number, end, private[end], public[other])
            done = self._machine.attempt(words, namespace=self._edge(record, end), stdin=config)
            if done.code != 0:  # its words could quote the key
                raise CommandError(words, done.code, "WireGuard did not take its configuration")

    def _shake_hands(self, record: LinkRecord, first: Process | None) -> None:
        """Handshakes that cross fail both: the first end has no route until the second spoke to it."""
        first_edge, second_edge = (self._edge(record, end) for end in naming.ENDS)
        first_up, second_up = (
            f"link set {self._name(record, end)} mtu {ENCRYPTED_MTU} up" for end in naming.ENDS
        )
        second_switch, first_switch = (naming.overlay(record.number, end) for end in reversed(naming.ENDS))
        first_route = f"route add {second_switch}/32 dev {self._name(record, naming.ENDS[0])}"
        second_route = f"route add {first_switch}/32 dev {self._name(record, naming.ENDS[1])}"
        self._machine.ip([first_up], first_edge)
        self._await(lambda: first is None or _listens(first, naming.port(record.number)), _READY_S)
        self._machine.ip([second_up, second_route], second_edge)
        second = self._name(record, naming.ENDS[1])
        again = [f"link set {second} down", second_up, second_route]
        for _ in range(_TRIES):
            if self._await(lambda: self._shaken(record), _HANDSHAKE_S + record.link.latency_ms * 4e-3):
                self._machine.ip([first_route], first_edge)
                return
            self._machine.ip(again, second_edge)
        raise CommandError(["wg", "show", second], -1, "no handshake")

    def _shaken(self, record: LinkRecord) -> bool:
        words = ["wg", "show", self._name(record, naming.ENDS[0]), "latest-handshakes"]
        said = self._machine.run(words, namespace=self._edge(record, naming.ENDS[0]))
        return said.split()[-1:] not in ([], ["0"])

    @staticmethod
    def _await(ready: Callable[[], bool], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while not ready():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True


def _listens(process: Process, port: int) -> bool:
    """Whether a UDP port is open in the network namespace of a process."""
    try:
        return f":{port:04X} " in Path(f"/proc/{process.pid}/net/udp").read_text()
    except OSError:
        return False


def _config(number: int, end: naming.End, private: str, public_of_other: str) -> str:
    other = naming.ENDS[1 - end]
    port = naming.port(number)
    # The second end shakes hands as soon as it is up, before there is traffic that would have to wait.
    keepalive = "PersistentKeepalive=25\n" if end else ""
    return (
        f"[Interface]\nPrivateKey={private}\nListenPort={port}\n"
        f"[Peer]\nPublicKey={public_of_other}\nEndpoint={naming.underlay(number, other)}:{port}\n"
        f"AllowedIPs={naming.overlay(number, other)}/32\n{keepalive}"
    )
