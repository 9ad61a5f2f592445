"""What every step on an instance needs: the machine, the home, the records and the PoP's switch."""

from dataclasses import dataclass
from pathlib import Path

from adaptors.chaining.port import Switch
from adaptors.chaining.switches import open_switch
from adaptors.machine.abilities import Datapath
from adaptors.machine.commands import Machine
from adaptors.machine.place import Place, short
from adaptors.vim.emulator import records
from adaptors.vim.emulator.ledger import Ledger
from adaptors.vim.emulator.records import Record

LOCKS = "locks"


@dataclass(frozen=True)
class Host:
    """One emulated PoP on this machine."""

    machine: Machine
    home: Path
    ledger: Ledger
    pop: str
    datapath: Datapath

    @property
    def switch(self) -> Switch:
        return open_switch(self.machine, self.pop, self.datapath)

    def find(self, name: str) -> Record | None:
        """The instance of that name, at whatever PoP."""
        with self.ledger.reading() as connection:
            return records.find(connection, name)


def lock_of(place: Place, resource: str) -> Path:
    """Stands for the right to change an instance."""
    return place.run / LOCKS / f"{short(resource, 12)}.lock"
