"""A switch of Open vSwitch with the userspace datapath, in a namespace and with processes of its own."""

from collections.abc import Sequence

from adaptors.chaining import ovs_flows
from adaptors.chaining.emulated import EmulatedSwitch
from adaptors.chaining.ovs_daemons import Daemons
from adaptors.chaining.ovs_database import Database, forget
from adaptors.chaining.records import Programme
from adaptors.machine.abilities import Datapath
from adaptors.machine.commands import Machine
from domain.errors import VimUnavailableError

_OFCTL = ("ovs-ofctl", "-O", "OpenFlow14", "--timeout=20")


class OvsSwitch(EmulatedSwitch):
    """Ports by OVSDB, rules by OpenFlow, each change of a service one bundle.

    Counters of packets follow what has passed by up to a second.
    """

    datapath: Datapath = "ovs"

    def __init__(self, machine: Machine, pop: str) -> None:
        super().__init__(machine, pop)
        self._daemons = Daemons(machine, self._namespace, self._records)

    def _start(self) -> None:
        ports = self._records.ports()
        self._daemons.serve()
        self._database().configure({name: ports.numbers[name] for name in ports.attached})
        self._daemons.switch()
        self._database().settle()
        wanted: dict[int, str] = {}
        for programme in self._records.programmes():
            wanted |= ovs_flows.flows(programme, ports.numbers)
        self._bundle(ovs_flows.change(self._there("cookie=0/0"), wanted))

    def _plug(self, interface: str, *, anew: bool) -> None:
        number = self._records.ports().numbers[interface]
        database = self._database()
        found = database.interface(interface)
        if found and found.number == number and not anew:
            return
        if found:  # it still listens to a device that was there before under this name, and does not say so
            database.delete(interface)
        database.add(interface, number)
        found = database.interface(interface)
        if found is None or found.number != number:
            database.delete(interface)
            why = found.error if found and found.error else "Open vSwitch gave it no port number"
            raise VimUnavailableError(f"switch of {self._pop}: port {interface}: {why}")

    def _recover(self, interfaces: Sequence[str]) -> None:
        for interface in interfaces:
            self._plug(interface, anew=False)

    def _unplug(self, interface: str) -> None:
        self._database().delete(interface)

    def _apply(self, old: Programme | None, new: Programme) -> None:
        self._daemons.cap_logs()
        wanted = ovs_flows.flows(new, self._records.ports().numbers)
        others = {each.number for each in self._records.programmes()} - {new.number}
        there = ovs_flows.not_of(self._there("cookie=0/0"), others)
        self._bundle(ovs_flows.change(there, wanted))

    def _taken(self, programme: Programme) -> dict[int, int]:
        return ovs_flows.fingerprints(self._there(ovs_flows.of_service(programme)))

    def _forget(self) -> None:
        forget(self._daemons.socket)

    def _database(self) -> Database:
        server = self._daemons.server
        if server is None:
            raise VimUnavailableError(f"switch of {self._pop}: its database does not run")
        return Database(self._pop, self._daemons.socket, server)

    def _there(self, which: str) -> dict[int, int]:
        words = [*_OFCTL, "dump-flows", f"unix:{self._daemons.control}", which]
        return ovs_flows.counted(self._machine.run(words))

    def _bundle(self, lines: list[str]) -> None:
        if lines:
            words = [*_OFCTL, "--bundle", "add-flows", f"unix:{self._daemons.control}", "-"]
            self._machine.run(words, stdin="\n".join(lines) + "\n")
