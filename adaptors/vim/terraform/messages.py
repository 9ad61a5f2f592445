"""What Terraform says while it runs: JSON lines, in a file that outlives whoever started it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from domain.models import Model

_TAIL = 600
_ORNAMENT = re.compile(r"\x1b\[[0-9;]*m|[╷│╵]")


class Trouble(Model):
    """An error of Terraform, or of a provider."""

    words: str
    """Summary, detail and place."""
    address: str = ""
    """The resource, where the error is of one."""
    configuration: bool = False
    """Whether it is of what is written in a file, and of nothing that a provider did."""


class Message(Model):
    """One line."""

    kind: str
    """Such as planned_change, resource_drift, apply_start, apply_complete, diagnostic."""
    words: str
    address: str = ""
    action: str = ""
    """Such as create, update, delete, replace."""
    identity: str = ""
    """Of a resource whose creation is complete."""
    trouble: Trouble | None = None


class Log:
    """Reads on where it stopped."""

    def __init__(self, path: Path, directory: Path) -> None:
        self._path = path
        self._directory = directory
        self._offset = 0
        self.messages: list[Message] = []

    def more(self) -> list[Message]:
        """What was written since."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                whole, newline, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return []
        self._offset += len(whole) + len(newline)
        new = list(_messages(whole.decode(errors="replace").splitlines(), self._directory))
        self.messages += new
        return new

    def troubles(self) -> tuple[Trouble, ...]:
        """All errors so far."""
        return tuple(message.trouble for message in self.messages if message.trouble is not None)

    def tail(self) -> str:
        """The last words, of a Terraform that ended without saying what is wrong."""
        return self.error()[:_TAIL]

    def error(self) -> str:
        """Its error, from a command that does not speak JSON; else the end of what it said."""
        said = "".join(
            path.read_text(errors="replace") for path in (self._path, self._path.with_suffix(".err"))
        )
        text = _ORNAMENT.sub("", said)
        _, found, error = text.partition("Error: ")
        return " ".join((error if found else text[-_TAIL:]).split())


def _messages(lines: list[str], directory: Path) -> Iterator[Message]:
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict) and "type" in said:
            yield _message(said, directory)


def _message(said: dict[str, Any], directory: Path) -> Message:
    about = said.get("change") or said.get("hook") or {}
    diagnostic = said.get("diagnostic") or {}
    failed = diagnostic.get("severity") == "error"
    return Message(
        kind=said["type"],
        words=said.get("@message", ""),
        address=about.get("resource", {}).get("addr", ""),
        action=about.get("action", ""),
        identity=str(about.get("id_value") or ""),
        trouble=_trouble(diagnostic, directory) if failed else None,
    )


def _trouble(diagnostic: dict[str, Any], directory: Path) -> Trouble:
    detail = " ".join(str(diagnostic.get("detail") or "").split())
    summary = str(diagnostic.get("summary", "")).rstrip(".")
    words = f"{summary}: {detail}" if detail else summary
    where = diagnostic.get("range")
    if where:
        path = (directory / where["filename"]).resolve()
        words = f"{words} (at {path}, line {where['start']['line']}{_code(diagnostic)})"
    address = str(diagnostic.get("address") or "")
    return Trouble(words=words, address=address, configuration=bool(where) and not address)


def _code(diagnostic: dict[str, Any]) -> str:
    code = str((diagnostic.get("snippet") or {}).get("code", "")).strip()
    return f": {code.splitlines()[0].strip()}" if code else ""
