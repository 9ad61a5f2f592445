"""Brings back the switches of this home, and the WAN links between them, that died."""

import logging
import threading
from pathlib import Path

from adaptors.chaining.port import Switch
from adaptors.chaining.switches import open_switch, switch_names
from adaptors.machine.abilities import examine
from adaptors.vim.emulator.host import LOCKS
from adaptors.vim.emulator.turns import give_back, taken
from adaptors.wan.emulated import open_wan
from domain.errors import InterlaceError

_log = logging.getLogger(__name__)


class Keeper:
    """Looks after all switches and WAN links of a home; of several keepers one acts at a time."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def look(self) -> list[str]:
        """Look once: a line for each one that was brought back, or could not be."""
        abilities, machine = examine(self._home)
        if machine is None or abilities.best is None:
            return []
        lock = machine.place.run / LOCKS / "keeper.lock"
        descriptor = taken(lock)
        if descriptor is None:
            return []
        try:
            switches = {pop: open_switch(machine, pop, abilities.best) for pop in switch_names(machine)}
            dead = {pop: switch for pop, switch in switches.items() if not switch.healthy()}
            lines = [_brought_back(switch, pop) for pop, switch in dead.items()]
            return [*lines, *open_wan(self._home).look()]
        finally:
            give_back(lock, descriptor)

    def run(self, stop: threading.Event, every_s: float = 1.0) -> None:
        """Look again and again, until told to stop."""
        while not stop.wait(every_s):
            for line in self._looked():
                _log.warning("%s", line)

    def _looked(self) -> list[str]:
        try:
            return self.look()
        except (InterlaceError, OSError, ValueError) as error:
            return [f"the keeper could not look: {error}"]


def _brought_back(switch: Switch, pop: str) -> str:
    try:
        switch.ensure()
    except InterlaceError as error:
        return f"the switch of PoP {pop} died and does not come back: {error}"
    return f"the switch of PoP {pop} died and was brought back"
