"""The emulated VIM of one PoP: each instance is a network namespace with real processes on this machine."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from adaptors.chaining.port import Switch
from adaptors.machine import namespaces
from adaptors.machine.abilities import examine
from adaptors.machine.usernamespace import gone
from adaptors.vim.capacity import exhausted
from adaptors.vim.emulator import building, draining, hooks, records, state
from adaptors.vim.emulator.calls import Call, Trouble, answering
from adaptors.vim.emulator.changes import await_ready, reconfigure
from adaptors.vim.emulator.host import Host, lock_of
from adaptors.vim.emulator.images import function_named
from adaptors.vim.emulator.ledger import Ledger
from adaptors.vim.emulator.network import set_routes
from adaptors.vim.emulator.observing import ailment, observed, standing
from adaptors.vim.emulator.plans import Plan, planned
from adaptors.vim.emulator.records import Record
from adaptors.vim.emulator.settings import MODELLED, EmulatorSettings, datapath_of, settings_of
from adaptors.vim.emulator.turns import patiently, turn
from adaptors.vim.emulator.workspace import Workspace
from adaptors.vim.port import Observation, Progress
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, InstanceStatus, PopAccess, VimInstance
from domain.networking import HostRoute
from domain.steering import ImageTraits


class EmulatorVim:
    """Serves the port `NetworkedVim`; keeps nothing in memory, so any number of these may share a home."""

    def __init__(self, access: PopAccess, settings: EmulatorSettings, home: Path) -> None:
        self._pop = access.name
        self._total = access.capacity
        self._settings = settings
        self._home = home

    def create(self, spec: InstanceSpec, progress: Progress) -> VimInstance:
        with self._asked("create", f"instance {spec.name}") as host:
            progress(f"creating instance {spec.name}")
            if spec.pop != self._pop:
                raise Trouble(f"the instance is meant for PoP {spec.pop}")
            with self._turn(host, spec.name, progress):
                return self._found_or_built(host, spec, progress)

    def read(self, name: str) -> VimInstance | None:
        with self._asked("read", f"instance {name}") as host:
            record = self._here(host, name)
            return None if record is None else record.instance(standing(host, record)[0])

    def list(self, tags: Mapping[str, str]) -> tuple[VimInstance, ...]:
        with self._asked("list", "the instances") as host:
            with host.ledger.reading() as connection:
                found = records.everywhere(connection, self._pop)
            wanted = [each for each in found if tags.items() <= each.spec.tags.items()]
            there = set(namespaces.names(host.machine)) if wanted else set()
            places = {each.name: host.machine.place.instance(each.name) for each in wanted}
            return tuple(
                each.instance(standing(host, each, places[each.name] in there)[0]) for each in wanted
            )

    def delete(self, name: str, progress: Progress) -> None:
        with self._asked("delete", f"instance {name}") as host:
            progress(f"deleting instance {name}")
            if self._here(host, name) is None:
                return
            with self._turn(host, name, progress):
                record = self._here(host, name)
                if record is not None:
                    building.delete(host, record, progress)

    def capacity(self) -> tuple[Resources, Resources]:
        with self._asked("capacity", "the PoP") as host, host.ledger.reading() as connection:
            return self._total, records.usage(connection, self._pop)

    def switch(self) -> Switch:
        with self._asked("switch", "the PoP") as host:
            return host.switch

    def routes(self, name: str, routes: Sequence[HostRoute]) -> None:
        with self._asked("routes", f"instance {name}") as host:
            set_routes(host.machine, self._running(host, name), routes)

    def ready(self, name: str, progress: Progress, timeout_s: float) -> None:
        with self._asked("ready", f"instance {name}") as host:
            await_ready(host, self._running(host, name), progress, timeout_s)

    def configure(
        self, name: str, config: Mapping[str, str | int | float | bool], progress: Progress
    ) -> None:
        with self._asked("configure", f"instance {name}") as host, self._turn(host, name, progress):
            reconfigure(host, self._running(host, name), config, progress)

    def ailment(self, name: str) -> str | None:
        with self._asked("ailment", f"instance {name}") as host:
            record = self._here(host, name)
            return "is not there" if record is None else ailment(host, record)

    def traits(self, image: str) -> ImageTraits:
        with self._asked("traits", f"image {image}") as host:
            function = function_named(host.home, image)
            return ImageTraits(
                single=function.single,
                routed=function.forwarding == "routed",
                stateful=function.stateful,
            )

    def drain(self, name: str, progress: Progress, timeout_s: float) -> str:
        with self._asked("drain", f"instance {name}") as host, self._turn(host, name, progress):
            return draining.drain(host, self._known(host, name), progress, timeout_s)

    def export_state(self, name: str, directory: Path, progress: Progress) -> str:
        with self._asked("export", f"the state of instance {name}") as host:
            return state.export_state(host, self._running(host, name), directory, progress)

    def import_state(self, name: str, directory: Path, progress: Progress) -> str:
        with self._asked("import", f"the state of instance {name}") as host, self._turn(host, name, progress):
            return state.import_state(host, self._running(host, name), directory, progress)

    def observe(self, name: str) -> Observation:
        with self._asked("observe", f"instance {name}") as host:
            return observed(host, self._known(host, name))

    def log(self, name: str, lines: int) -> str:
        with self._asked("log", f"instance {name}") as host:
            record = self._known(host, name)
            return hooks.hide_secrets(
                self._home, record, Workspace.of(host.machine.place, record.name).log(lines)
            )

    def command(self, name: str, words: Sequence[str]) -> Sequence[str]:
        with self._asked("command", f"instance {name}") as host:
            return [*hooks.entering(host.machine, self._running(host, name).name), *words]

    def _found_or_built(self, host: Host, spec: InstanceSpec, progress: Progress) -> VimInstance:
        record = self._settled(host, spec, progress)
        works = record is not None and standing(host, record)[0] is InstanceStatus.RUNNING
        if record and works and not draining.closed(host, record):
            return record.instance()
        plan = planned(self._home, host.machine.place, spec)
        if record and works:
            building.reopen(host, record, plan, progress)
            return record.instance()
        if record is None:
            waiting = f"instance {spec.name} is being recorded"
            record = patiently(lambda: self._recorded(host, spec, plan), progress, waiting)
        building.build(host, record, plan, progress)
        return record.instance(InstanceStatus.RUNNING)

    def _settled(self, host: Host, spec: InstanceSpec, progress: Progress) -> Record | None:
        """The instance of that name, once the deletion of an earlier one is through."""
        record = host.find(spec.name)
        if record is None:
            return None
        if record.spec.pop != self._pop:
            raise Trouble(f"the name is taken by an instance at PoP {record.spec.pop}")
        if record.status is InstanceStatus.DELETING:
            building.delete(host, record, progress)
            return None
        if fields := record.differences(spec):
            raise Trouble(f"the name is taken by an instance of another spec: {', '.join(fields)} differ")
        return record

    def _recorded(self, host: Host, spec: InstanceSpec, plan: Plan) -> Record:
        with host.ledger.writing() as connection:
            used = records.usage(connection, self._pop)
            if broken := list(exhausted(spec.resources, used, self._total)):
                raise Trouble("; ".join(broken))
            return records.insert(connection, spec, plan.function.forwarding)

    def _running(self, host: Host, name: str) -> Record:
        record = self._known(host, name)
        status, detail = standing(host, record)
        if status is not InstanceStatus.RUNNING:
            raise Trouble(f"it is in {status}{': ' if detail else ''}{detail}")
        return record

    def _known(self, host: Host, name: str) -> Record:
        record = self._here(host, name)
        if record is None:
            lost = gone(host.machine.place)
            raise Trouble(f"there is none of this name{'; ' if lost else ''}{lost}")
        return record

    def _here(self, host: Host, name: str) -> Record | None:
        record = host.find(name)
        return record if record and record.spec.pop == self._pop else None

    @contextmanager
    def _asked(self, operation: str, resource: str) -> Iterator[Host]:
        """The machine, for one call; whatever goes wrong is told as that call's."""
        with answering(Call(self._pop, operation, resource)):
            abilities, machine = examine(self._home)
            if machine is None:
                raise Trouble(f"this machine cannot run the emulator: {abilities.why}; {MODELLED}")
            datapath = datapath_of(self._settings, abilities)
            yield Host(machine, self._home, Ledger(machine.place.run), self._pop, datapath)

    @contextmanager
    def _turn(self, host: Host, name: str, progress: Progress) -> Iterator[None]:
        waiting = f"instance {name} is being changed by another call"
        with turn(lock_of(host.machine.place, name), progress, waiting):
            yield


def open_emulator(access: PopAccess, home: Path) -> EmulatorVim:
    """The emulated VIM of a PoP, on this machine, in the place that `home` has here."""
    return EmulatorVim(access, settings_of(access), home)
