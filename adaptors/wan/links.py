"""A link as a whole: the wire, the encryption over it, the tunnel over that, and the shares of the tunnel."""

from collections.abc import Sequence
from pathlib import Path

from adaptors.machine import namespaces
from adaptors.machine.abilities import Abilities
from adaptors.machine.asking import Question, ask
from adaptors.machine.commands import CommandError, Machine
from adaptors.machine.processes import Process
from adaptors.wan import naming
from adaptors.wan.guards import Guards
from adaptors.wan.port import Progress
from adaptors.wan.records import Built, LinkRecord, Records, Slot
from adaptors.wan.shares import Shares
from adaptors.wan.tunnels import SwitchOf, Tunnels
from adaptors.wan.wires import Wires

_TRIES = 20
_MOST_OWN_MS = 0.5
_SWITCH_MS = {"ovs": 0.05, "nft": 0.0}
"""What a switch in userspace takes for a packet (bench/dataplane.py); the kernel's takes next to nothing."""


class Links:
    """Builds, repairs and removes the links of one home; the caller holds the lock of the link."""

    def __init__(self, machine: Machine, abilities: Abilities, records: Records, switch_of: SwitchOf) -> None:
        self._machine = machine
        self._records = records
        self._switch_of = switch_of
        self._encrypted = abilities.overlay != "vxlan"
        self._guarded_by_processes = abilities.overlay == "wireguard-go"
        self._line_is_a_process = abilities.delay == "delay line"
        self._guards = Guards(machine, abilities)
        self._wires = Wires(machine, abilities)
        self._tunnels = Tunnels(machine, switch_of)
        self._shares = Shares(machine, self._encrypted)

    def healthy(self, record: LinkRecord) -> bool:
        """Whether everything that was built is there; runs no command."""
        built = self._records.built(record.link.name)
        return built is not None and self._wire_stands(record, built) and self._guards_stand(record, built)

    def ensure(self, record: LinkRecord, progress: Progress) -> None:
        """Build what is not there, from the wire up; what is there stays."""
        name, directory = record.link.name, self._records.directory(record.link.name)
        found = self._records.built(name)
        wired = found is not None and self._wire_stands(record, found)
        guarded = found is not None and self._guards_stand(record, found)
        self._ensure_switches(record)
        line, guards = (found.line, found.guards) if found else (None, {})
        if not wired:
            progress(f"wire of {name}")
            self._guards.remove(record, guards)
            line = self._wires.build(record, directory)
        if self._encrypted and not (wired and guarded):
            progress(f"encryption of {name}")
            self._guards.remove(record, guards)
            guards = self._guards.build(record, directory)
        if not (wired and guarded):
            for pop in record.link.between:
                self._shares.lay(*self._carrier(record, pop), record.at(pop))
        progress(f"tunnel over {name}")
        self._tunnels.ensure(record)
        own_ms = found.own_ms if found and wired else self._own_ms(record)
        built = Built(namespaces=self._inodes(record), line=line, guards=guards, own_ms=own_ms)
        self._records.keep_built(name, built)
        if not wired:
            self._wires.reshape(record, directory, built)

    def reshape(self, record: LinkRecord) -> None:
        """Give a link that is built the delay and rate that are wanted of it now."""
        built = self._records.built(record.link.name)
        if built:
            self._wires.reshape(record, self._records.directory(record.link.name), built)

    def reserve(self, record: LinkRecord, pop: str, old: Sequence[Slot]) -> None:
        """Make the shares of what leaves a PoP those of the record; `old` are those that it had."""
        namespace, carrier = self._carrier(record, pop)
        try:
            self._shares.change(namespace, carrier, old, record.at(pop))
        except CommandError:  # not as recorded, after a crash
            self._shares.lay(namespace, carrier, record.at(pop))

    def take_down(self, record: LinkRecord) -> None:
        """Remove everything that there is of a link, its files last."""
        built = self._records.built(record.link.name)
        self._tunnels.remove(record)
        self._guards.remove(record, built.guards if built else None)
        self._wires.remove(record)
        self._records.drop(record.link.name)

    def _own_ms(self, record: LinkRecord) -> float:
        """One-way delay of the new link before its wire is given any; what is above the limit is noise."""
        here, there = (naming.overlay(record.number, end) for end in naming.ENDS)
        question = Question(source=here, target=there, protocol="icmp", tries=_TRIES, timeout_s=1.0)
        answer = ask(self._machine, self._machine.place.switch(record.link.between[0]), question)
        switch_ms = _SWITCH_MS[self._switch_of(record.link.between[1]).datapath]
        return 0.0 if answer.rtt_ms is None else min(answer.rtt_ms / 2 + switch_ms, _MOST_OWN_MS)

    def _carrier(self, record: LinkRecord, pop: str) -> tuple[str, str]:
        """The namespace and interface by which the tunnel's packets leave a PoP."""
        place, name = self._machine.place, record.link.name
        end = naming.ENDS[record.link.between.index(pop)]
        return naming.edge(place, name, end), naming.guard(
            place, name, end
        ) if self._encrypted else naming.WIRE

    def _ensure_switches(self, record: LinkRecord) -> None:
        for pop in record.link.between:
            if not namespaces.exists(self._machine, self._machine.place.switch(pop)):
                self._switch_of(pop).ensure()

    def _wire_stands(self, record: LinkRecord, built: Built) -> bool:
        """The delay line ends by itself when either of its interfaces, or what they lead to, goes."""
        moved = built.line.alive() if built.line else not self._line_is_a_process
        return moved and built.namespaces == self._inodes(record)

    def _guards_stand(self, record: LinkRecord, built: Built) -> bool:
        return not self._guarded_by_processes or all(
            {naming.guard(self._machine.place, record.link.name, end), naming.INSIDE}
            <= _interfaces_beside(built.guards.get(pop))
            for end, pop in zip(naming.ENDS, record.link.between, strict=True)
        )

    def _inodes(self, record: LinkRecord) -> dict[str, int]:
        place, name = self._machine.place, record.link.name
        names = [place.wan(name), *map(place.switch, record.link.between)]
        names += [naming.edge(place, name, end) for end in naming.ENDS]
        found = {name: namespaces.inode(self._machine, name) for name in names}
        return {name: inode for name, inode in found.items() if inode is not None}


def _interfaces_beside(process: Process | None) -> set[str]:
    """The interfaces of the network namespace that a process is in; none where it is gone."""
    if process is None or not process.alive():
        return set()
    try:
        lines = Path(f"/proc/{process.pid}/net/dev").read_text().splitlines()
    except OSError:
        return set()
    return {line.split(":")[0].strip() for line in lines if ":" in line}
