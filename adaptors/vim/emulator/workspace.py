"""The directory of one instance: what it is told, how it runs, what it says."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adaptors.machine.place import Place
from adaptors.vim.emulator.addresses import gateway
from adaptors.vim.emulator.records import Port, Record

KIND = "vnf"
"""Where in the place the directories are."""

CONFIG, PORTS, START, STATUS, LOG, LIMITS, DRAINED = (
    "config.json",
    "ports.json",
    "start.json",
    "status.json",
    "log",
    "limits",
    "drained.json",
)
_LAST_OCTETS = 64 * 1024


@dataclass(frozen=True)
class Workspace:
    """Everything about an instance that is a file."""

    path: Path

    @classmethod
    def of(cls, place: Place, resource: str) -> "Workspace":
        """That of the instance of this name; not made."""
        return cls(place.directory(KIND, resource))

    def make(self, record: Record, settings: Mapping[str, Any]) -> None:
        """A new one, with what its hooks read."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.write(PORTS, [_described(port) for port in record.ports])
        self.write(CONFIG, dict(settings))

    def write(self, name: str, content: Any) -> None:
        """Replace a JSON file at once."""
        new = self.path / f"{name}.new"
        new.write_text(json.dumps(content, indent=1))
        new.replace(self.path / name)

    def read(self, name: str) -> Any:
        """A JSON file; None where it is not there, or not written to its end."""
        try:
            return json.loads((self.path / name).read_text())
        except (OSError, ValueError):
            return None

    def forget(self, name: str) -> None:
        """Remove a file; one that is not there is fine."""
        (self.path / name).unlink(missing_ok=True)

    def log(self, lines: int) -> str:
        """The last lines that the function wrote."""
        said = b"".join(_last(self.path / name) for name in (f"{LOG}.1", LOG))
        last = said.decode(errors="replace").splitlines()[-lines:] if lines > 0 else []
        return "\n".join(last)

    def remove(self) -> None:
        """Away with all of it; one that is not there is fine."""
        shutil.rmtree(self.path, ignore_errors=True)


def _described(port: Port) -> dict[str, Any]:
    return {
        "name": port.connection_point,
        "interface": port.interface,
        "address": port.address,
        "mac": port.mac,
        "gateway": gateway(port.number),
    }


def _last(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LAST_OCTETS))
            return file.read()
    except FileNotFoundError:
        return b""
