"""Modelled instances that stay themselves: resized, or on another host, which is but a number."""

import sqlite3
from dataclasses import dataclass

from adaptors.vim.modelled import instances
from adaptors.vim.modelled.calls import Call
from adaptors.vim.modelled.gate import Gate
from adaptors.vim.modelled.instances import Row
from adaptors.vim.modelled.limits import complaints
from adaptors.vim.modelled.settings import ModelledSettings
from adaptors.vim.modelled.world import World
from adaptors.vim.port import Progress
from domain.infrastructure import Resources

ABSENT = "there is none of this name"


@dataclass(frozen=True)
class Hosting:
    """Changes the instances of one PoP."""

    world: World
    gate: Gate
    total: Resources
    settings: ModelledSettings

    def resize(self, call: Call, name: str, resources: Resources, progress: Progress) -> str:
        """Give a running instance other resources; it is refused what the PoP has not."""
        progress(f"resizing instance {name}")
        self.gate.before(call, progress)
        with self.world.reading() as connection:
            known = self._fitting(connection, call, name, resources).resources
        size = f"{resources.vcpus} vcpus, {resources.memory} MiB memory, {resources.disk} GiB disk"
        if known == resources:
            return f"{name} has {size} already"
        self.gate.take(call, self.settings.resize_delay, progress, "being resized")
        with self.world.writing() as connection:
            spec = self._fitting(connection, call, name, resources).made_from()
            instances.change(connection, spec.model_copy(update={"resources": resources}))
        self.gate.after(call)
        return f"{name} has {size} now"

    def move(self, call: Call, name: str, live: bool, progress: Progress) -> str:
        """Put a running instance on another host."""
        progress(f"moving instance {name} to another host")
        self.gate.before(call, progress)
        with self.world.reading() as connection:
            running(connection, call, name)
        self.gate.take(call, self.settings.move_delay, progress, "being moved")
        with self.world.writing() as connection:
            host = running(connection, call, name).host
            instances.rehost(connection, call.pop, name)
        self.gate.after(call)
        return f"{name} moved ({'live' if live else 'cold'}) from host {host} to host {host + 1}"

    def _fitting(self, connection: sqlite3.Connection, call: Call, name: str, resources: Resources) -> Row:
        """The instance, which runs, and for whose new size there is room."""
        row = running(connection, call, name)
        count, used = instances.usage(connection, call.pop)
        held = row.resources
        others = Resources.of(used.vcpus - held.vcpus, used.memory - held.memory, used.disk - held.disk)
        broken = list(complaints(resources, count - 1, others, self.total, self.settings.quota))
        if broken and not resources.fits_in(held):
            raise call.refused("; ".join(broken))
        return row


def running(connection: sqlite3.Connection, call: Call, name: str) -> Row:
    """The instance of that name; refused where it does not run."""
    row = instances.find(connection, call.pop, name)
    ailment = ABSENT if row is None else row.ailment()
    if row is None or ailment is not None:
        raise call.refused(str(ailment))
    return row
