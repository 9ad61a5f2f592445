"""Secrets by name: from the worker's environment or from the home's directory, never kept anywhere else."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from domain.errors import InputError

HIDDEN = "***"


def resolve(home: Path, secrets: Mapping[str, str]) -> dict[str, str]:
    """Environment variable -> value, for variable -> name of a secret.

    :raises InputError: for the first secret that is nowhere, saying where it was looked for
    """
    return {variable: _value(home, name) for variable, name in secrets.items()}


def known(home: Path, secrets: Mapping[str, str]) -> dict[str, str]:
    """As `resolve`, without those that are nowhere."""
    found = {}
    for variable, name in secrets.items():
        try:
            found[variable] = _value(home, name)
        except InputError:
            continue
    return found


def hide(text: str, values: Iterable[str]) -> str:
    """The text without the values."""
    for value in sorted(filter(None, values), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return text


def _value(home: Path, name: str) -> str:
    variable = f"INTERLACE_SECRET_{name.upper().replace('-', '_')}"
    path = home / "secrets" / name
    if variable in os.environ:
        return os.environ[variable]
    try:
        return path.read_text().rstrip("\n")
    except OSError as error:
        where = f"neither the environment variable {variable} nor a file {path} that can be read"
        raise InputError(f"secret {name}: there is {where} ({error.strerror})") from None
