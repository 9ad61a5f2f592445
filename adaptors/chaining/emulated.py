"""What the switches of both datapaths have in common: locks, records, and coming back after a crash."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from adaptors.chaining.emulated_rules import by_name, check, check_interface, mentioned
from adaptors.chaining.failures import told
from adaptors.chaining.records import Built, Programme, Records, Running
from adaptors.machine import namespaces
from adaptors.machine.abilities import Datapath
from adaptors.machine.commands import Machine
from adaptors.machine.processes import end
from domain.errors import VimUnavailableError
from domain.networking import Rule

_CLOSE = (
    "cd /proc/sys/net && echo 0 >ipv4/ip_forward"
    " && if test -d ipv6; then echo 1 >ipv6/conf/all/disable_ipv6; echo 1 >ipv6/conf/default/disable_ipv6; fi"
)


class EmulatedSwitch(ABC):
    """A switch in a network namespace that neither forwards nor speaks by itself.

    What is wanted is written down first and then made so; whatever a crash leaves half done is put right
    by `ensure`, which makes everything as it is written.
    """

    datapath: Datapath

    def __init__(self, machine: Machine, pop: str) -> None:
        self._machine = machine
        self._pop = pop
        self._records = Records(machine.place, pop)
        self._namespace = machine.place.switch(pop)

    def ensure(self) -> None:
        """Make the switch run: found, built, or brought back with all its ports and rules after a crash."""
        with told(self._pop):
            if not self.healthy():
                with self._records.locked():
                    self._bring_up()

    def attach(self, interface: str) -> None:
        """Make an interface of the switch's namespace one of its ports; one that is a port already is fine.

        One that was removed and made anew under the same name has to be attached anew.
        """
        check_interface(self._pop, interface)
        with told(self._pop), self._records.locked():
            self._revive()
            index = self._set_up(interface)
            ports = self._records.ports()
            self._records.keep_ports(ports.with_port(interface, 0))
            try:
                self._plug(interface, anew=ports.attached.get(interface) != index)
            except BaseException:
                self._records.keep_ports(ports)
                raise
            self._records.keep_ports(ports.with_port(interface, index))

    def detach(self, interface: str) -> None:
        """Take a port away; one that is not there is fine."""
        with told(self._pop), self._records.locked():
            ports = self._records.ports()
            if interface in ports.attached:
                rules = [rule for programme in self._records.programmes() for rule in programme.rules]
                self._records.keep_ports(ports.without(interface, mentioned(rules)))
                if self.healthy():
                    self._unplug(interface)

    def program(self, network: str, rules: Sequence[Rule]) -> None:
        """Replace all rules of a network on this switch in one atomic change; none removes it.

        Whatever else the switch has that it should not have, or lacks of the network's, is put right by it.
        """
        check(self._pop, rules)
        with told(self._pop), self._records.locked():
            old = self._records.programme(network)
            if rules:
                self._revive()
                self._replace(network, old, tuple(rules))
            elif old:
                if self.healthy():
                    self._apply(old, old.model_copy(update={"rules": ()}))
                self._records.drop_programme(network)

    def packets(self, network: str) -> dict[str, int]:
        """Rule name -> packets that it took since the network was programmed last."""
        programme = self._records.programme(network)
        if programme is None:
            return {}
        with told(self._pop):
            return by_name(programme.rules, self._taken(programme))

    def networks(self) -> frozenset[str]:
        """The networks that have rules on this switch."""
        return frozenset(programme.network for programme in self._records.programmes())

    def healthy(self) -> bool:
        """Whether all its processes run; costs next to nothing."""
        running = self._records.running()
        return (
            running.ready
            and all(process.alive() for process in running.processes.values())
            and namespaces.exists(self._machine, self._namespace)
        )

    def retire(self) -> None:
        """Take the switch down if it has neither ports nor rules."""
        if self._records.built() is None:
            return
        with told(self._pop), self._records.locked():
            if not self._records.ports().attached and not self._records.programmes():
                self._take_down()

    def remove(self) -> None:
        """Take the switch down: processes, namespace and files. One that is not there is fine."""
        with told(self._pop), self._records.locked():
            self._take_down()

    def _take_down(self) -> None:
        end(self._records.running().processes.values())
        namespaces.remove(self._machine, self._namespace)
        self._forget()
        self._records.drop()

    def _revive(self) -> None:
        if self._records.built() is None:
            raise VimUnavailableError(f"switch of {self._pop}: there is none")
        self._bring_up()

    def _bring_up(self) -> None:
        if self.healthy():
            return
        built = self._records.built()
        if built and built.datapath != self.datapath:
            raise VimUnavailableError(f"switch of {self._pop}: it was built with {built.datapath} meanwhile")
        self._records.build(Built(pop=self._pop, datapath=self.datapath))
        running = self._records.running()
        self._records.keep_running(running.model_copy(update={"ready": False}))
        if not namespaces.exists(self._machine, self._namespace):
            end(running.processes.values())
            namespaces.create(self._machine, self._namespace)
        self._machine.run(["sh", "-c", _CLOSE], namespace=self._namespace)
        self._start()
        self._records.keep_running(Running(processes=self._records.running().processes, ready=True))

    def _set_up(self, interface: str) -> int:
        lines = f"link set dev {interface} up\nlink show dev {interface}\n"
        said = self._machine.run(["ip", "-o", "-batch", "-"], namespace=self._namespace, stdin=lines)
        return int(said.split(":", 1)[0])

    def _replace(self, network: str, old: Programme | None, rules: tuple[Rule, ...]) -> None:
        self._records.keep_ports(self._records.ports().with_numbers(mentioned(rules)))
        self._mend(sorted(self._usable() & mentioned(rules)))
        new = self._records.keep_programme(network, rules)
        try:
            self._apply(old, new)
        except BaseException:
            if old:
                self._records.keep_programme(network, old.rules)
            else:
                self._records.drop_programme(network)
            raise

    def _mend(self, interfaces: Sequence[str]) -> None:
        """Bring back ports that somebody took down, or took out of the switch, by hand."""
        lines = "".join(f"link set dev {interface} up\n" for interface in interfaces)
        self._machine.attempt(["ip", "-force", "-batch", "-"], namespace=self._namespace, stdin=lines)
        self._recover(interfaces)

    def _usable(self) -> set[str]:
        """The ports whose devices are there."""
        listed = self._machine.run(["cat", "/proc/net/dev"], namespace=self._namespace)
        devices = {line.split(":")[0].strip() for line in listed.splitlines() if ":" in line}
        return devices & set(self._records.ports().attached)

    @abstractmethod
    def _start(self) -> None:
        """Make everything run as it is recorded, whatever runs now."""

    @abstractmethod
    def _plug(self, interface: str, *, anew: bool) -> None:
        """Make a recorded port usable; `anew` where its device is not known to be the one it was."""

    @abstractmethod
    def _recover(self, interfaces: Sequence[str]) -> None:
        """Make these ports usable where they are not; their devices are there."""

    @abstractmethod
    def _unplug(self, interface: str) -> None:
        """Take away a port that is recorded no longer."""

    @abstractmethod
    def _apply(self, old: Programme | None, new: Programme) -> None:
        """Put a service's rules in place of its earlier ones, in one atomic change."""

    @abstractmethod
    def _taken(self, programme: Programme) -> dict[int, int]:
        """Packets by the rules' fingerprints."""

    @abstractmethod
    def _forget(self) -> None:
        """Let go of what this process keeps open for the switch."""
