"""A descriptor that a user names: onboarded, or in a file."""

from pathlib import Path

from catalogue.documents import read_descriptor
from domain.descriptor import Descriptor
from interfaces.cli.files import read_file
from interfaces.cli.session import catalogue

_SUFFIXES = (".yaml", ".yml", ".json")


def descriptor_of(what: str) -> Descriptor:
    """From a file, where it looks like one or there is one; else from the catalogue.

    :raises DocumentError: if the file is wrong
    :raises UnknownError: if there is none
    """
    path = Path(what)
    if path.suffix in _SUFFIXES or path.is_file():
        return read_descriptor(read_file(path), what)
    name, _, version = what.partition(":")
    with catalogue() as store:
        return store.descriptors.get(name, version or None)
