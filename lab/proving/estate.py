"""What every lab of a proof has: a small infrastructure, and two versions of a service to be operated on."""

from importlib.resources import files

from catalogue.documents import read_descriptor, read_infrastructure
from catalogue.store import Catalogue

_DESCRIPTORS = ("proven-1.yaml", "proven-2.yaml")


def furnish(catalogue: Catalogue, vim: str) -> None:
    """Apply the infrastructure for one kind of VIM, and onboard the descriptors."""
    catalogue.infrastructure.apply(read_infrastructure(_read(f"{vim}.yaml"), f"{vim}.yaml"))
    for name in _DESCRIPTORS:
        catalogue.descriptors.onboard(read_descriptor(_read(name), name))


def _read(name: str) -> bytes:
    return (files("lab.proving") / name).read_bytes()
