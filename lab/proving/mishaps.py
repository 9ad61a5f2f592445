"""What befalls a service before an operation is to mend it."""

from pathlib import Path

from adaptors.vim.modelled.deeds import crash
from catalogue.store import Catalogue

_WORDS = "it has crashed, for the sake of a proof"


def crash_instance(home: Path, catalogue: Catalogue, service: str, instance: str) -> None:
    """A modelled instance fails by itself."""
    for entry in catalogue.ledger.of_service(service):
        if entry.instance == instance:
            crash(home, entry.pop, entry.resource_name, _WORDS)
