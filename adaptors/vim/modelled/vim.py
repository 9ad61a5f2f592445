"""The modelled VIM of one PoP."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from adaptors.vim.modelled import addresses, instances
from adaptors.vim.modelled.calls import Call, Operation, answering
from adaptors.vim.modelled.gate import Gate
from adaptors.vim.modelled.hosting import ABSENT, Hosting, running
from adaptors.vim.modelled.instances import Row
from adaptors.vim.modelled.limits import complaints
from adaptors.vim.modelled.settings import ModelledSettings, settings_of
from adaptors.vim.modelled.world import World
from adaptors.vim.port import Progress
from domain.errors import VimUnavailableError
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, InstanceStatus, PopAccess, VimInstance
from domain.steering import ImageTraits


class ModelledVim:
    """Serves the ports `Vim` and `HostedVim`; keeps nothing in memory, so any number may share one world."""

    def __init__(self, access: PopAccess, settings: ModelledSettings, world: World) -> None:
        self._pop = access.name
        self._total = access.capacity
        self._settings = settings
        self._world = world
        self._gate = Gate(world, settings.answer_timeout)

    def create(self, spec: InstanceSpec, progress: Progress) -> VimInstance:
        call = Call(self._pop, "create", f"instance {spec.name}", spec.tags["component"])
        if spec.pop != self._pop:
            raise call.refused(f"the instance is meant for PoP {spec.pop}")
        with answering(call):
            progress(f"creating instance {spec.name}")
            self._gate.before(call, progress)
            if not self._settings.unattended and not self._stands(spec.name):
                self._gate.take(call, self._settings.create_delay, progress, "being built")
            row = self._found_or_recorded(call, spec, progress)
            self._gate.after(call)
            return self._running(call, row, progress)

    def read(self, name: str) -> VimInstance | None:
        row = self._read(name)
        return None if row is None else row.instance()

    def ailment(self, name: str) -> str | None:
        row = self._read(name)
        return "it is not there" if row is None else row.ailment()

    def traits(self, image: str) -> ImageTraits:
        return self._settings.traits(image)

    def list(self, tags: Mapping[str, str]) -> tuple[VimInstance, ...]:
        wanted = ", ".join(f"{key}={value}" for key, value in tags.items()) or "any tags"
        call = Call(self._pop, "list", f"instances with {wanted}", tags.get("component"))
        with answering(call):
            self._gate.before(call)
            with self._world.reading() as connection:
                rows = instances.of_pop(connection, self._pop, tags)
        return tuple(row.instance() for row in rows)

    def delete(self, name: str, progress: Progress) -> None:
        with answering(Call(self._pop, "delete", f"instance {name}")):
            call = self._call_for(name, "delete")
            progress(f"deleting instance {name}")
            self._gate.before(call, progress)
            if call.component is not None and self._gate.ignored(call):
                return
            with self._world.writing() as connection:
                instances.mark_deleting(connection, self._pop, name, self._settings.delete_delay)
                row = instances.find(connection, self._pop, name)
            self._gate.after(call)
            if row is not None:
                self._gone(call, row, progress)

    def configure(
        self, name: str, config: Mapping[str, str | int | float | bool], progress: Progress
    ) -> None:
        with answering(Call(self._pop, "configure", f"instance {name}")):
            call = self._call_for(name, "configure")
            progress(f"configuring instance {name}")
            self._gate.before(call, progress)
            with self._world.reading() as connection:
                spec = self._with_config(connection, call, name, config)
            if spec is not None:
                if self._gate.ignored(call):
                    return
                self._gate.take(call, self._settings.configure_delay, progress, "being configured")
                self._change(call, name, config)
            self._gate.after(call)

    def resize(self, name: str, resources: Resources, progress: Progress) -> str:
        with answering(Call(self._pop, "resize", f"instance {name}")):
            hosting = Hosting(self._world, self._gate, self._total, self._settings)
            return hosting.resize(self._call_for(name, "resize"), name, resources, progress)

    def move(self, name: str, live: bool, progress: Progress) -> str:
        with answering(Call(self._pop, "move", f"instance {name}")):
            hosting = Hosting(self._world, self._gate, self._total, self._settings)
            return hosting.move(self._call_for(name, "move"), name, live, progress)

    def capacity(self) -> tuple[Resources, Resources]:
        call = Call(self._pop, "capacity", "the PoP")
        with answering(call):
            self._gate.before(call)
            with self._world.reading() as connection:
                return self._total, instances.usage(connection, self._pop)[1]

    def _stands(self, name: str) -> bool:
        row = self._find(name)
        return row is not None and row.status() is InstanceStatus.RUNNING

    def _found_or_recorded(self, call: Call, spec: InstanceSpec, progress: Progress) -> Row:
        """The instance of that name, after any earlier one that is being deleted is gone."""
        while True:
            with self._world.writing() as connection:
                row = self._recorded(connection, call, spec)
            if row.status() is not InstanceStatus.DELETING:
                return row
            self._gone(call, row, progress)

    def _recorded(self, connection: sqlite3.Connection, call: Call, spec: InstanceSpec) -> Row:
        row = instances.find(connection, self._pop, spec.name)
        if row is None:
            self._check_limits(connection, call, spec)
            instances.insert(connection, spec, self._settings.unattended_s)
        elif row.status() is InstanceStatus.DELETING:
            return row
        elif fields := row.differences(spec):
            words = ", ".join(fields)
            raise call.refused(f"the name is taken by an instance of another spec: {words} differ")
        elif row.status() is InstanceStatus.ERROR:
            instances.rebuild(connection, self._pop, spec.name, self._settings.unattended_s)
        return self._present(call, instances.find(connection, self._pop, spec.name))

    def _check_limits(self, connection: sqlite3.Connection, call: Call, spec: InstanceSpec) -> None:
        count, used = instances.usage(connection, self._pop)
        broken = list(complaints(spec.resources, count, used, self._total, self._settings.quota))
        if (taken := addresses.complaint(connection, spec)) is not None:
            broken.append(taken)
        if broken:
            raise call.refused("; ".join(broken))

    def _with_config(
        self,
        connection: sqlite3.Connection,
        call: Call,
        name: str,
        config: Mapping[str, str | int | float | bool],
    ) -> InstanceSpec | None:
        """What a running instance is made from once it has this config; None where it has it already."""
        old = running(connection, call, name).made_from()
        new = old.model_copy(update={"config": dict(config)})
        return None if new.model_dump_json() == old.model_dump_json() else new

    def _change(self, call: Call, name: str, config: Mapping[str, str | int | float | bool]) -> None:
        with self._world.writing() as connection:
            spec = self._with_config(connection, call, name, config)
            if spec is not None:
                instances.change(connection, spec)

    def _running(self, call: Call, row: Row, progress: Progress) -> VimInstance:
        def running() -> bool:
            now = self._find(row.name)
            if now is None or now.external_id != row.external_id or now.gone_at is not None:
                raise call.unavailable("the instance was deleted while it was being built")
            if now.error is not None:
                raise call.unavailable(f"the instance failed while it was being built: {now.error}")
            return now.status() is InstanceStatus.RUNNING

        if row.status() is InstanceStatus.BUILD:
            self._gate.wait(call, running, progress, f"instance {row.name} is being built")
        return row.instance()

    def _gone(self, call: Call, row: Row, progress: Progress) -> None:
        def gone() -> bool:
            now = self._find(row.name)
            return now is None or now.external_id != row.external_id

        self._gate.wait(call, gone, progress, f"instance {row.name} is being deleted")

    def _present(self, call: Call, row: Row | None) -> Row:
        if row is None:
            raise call.refused(ABSENT)
        return row

    def _read(self, name: str) -> Row | None:
        with answering(Call(self._pop, "read", f"instance {name}")):
            self._gate.before(self._call_for(name, "read"))
            return self._find(name)

    def _find(self, name: str) -> Row | None:
        with self._world.reading() as connection:
            return instances.find(connection, self._pop, name)

    def _call_for(self, name: str, operation: Operation) -> Call:
        row = self._find(name)
        component = None if row is None else row.tags["component"]
        return Call(self._pop, operation, f"instance {name}", component)


def open_modelled(access: PopAccess, home: Path) -> ModelledVim:
    """The modelled VIM of a PoP, in the world that `home` keeps."""
    settings = settings_of(access)
    try:
        world = World(home)
    except (OSError, sqlite3.Error) as error:
        raise VimUnavailableError(f"PoP {access.name}: cannot open the modelled world: {error}") from error
    return ModelledVim(access, settings, world)
