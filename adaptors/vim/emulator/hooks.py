"""Running a function's hooks, and other commands, within an instance."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from adaptors.machine.commands import Machine
from adaptors.vim import secrets
from adaptors.vim.emulator import workspace
from adaptors.vim.emulator.functions import Function, search_path
from adaptors.vim.emulator.images import function_named
from adaptors.vim.emulator.records import Record
from adaptors.vim.emulator.workspace import Workspace
from adaptors.vim.port import Progress
from domain.errors import InputError

_LOOK_S = 0.05
_LAST_OCTETS = 64 * 1024


@dataclass(frozen=True)
class Said:
    """What a command left."""

    code: int
    words: str
    """Its last lines; of a hook that was ended, that it was."""


def words_of(function: Function, words: Sequence[str]) -> list[str]:
    """A hook's words with the full path of a file in the function's directory."""
    first = str((function.directory / words[0]).resolve()) if "/" in words[0] else words[0]
    return [first, *words[1:]]


def entering(machine: Machine, resource: str, directory: Path | None = None) -> list[str]:
    """The words before a command that is to run within an instance."""
    at = [f"--wd={directory}"] if directory else []
    return [*machine.enter, "nsenter", f"--net=/run/netns/{machine.place.instance(resource)}", *at, "--"]


def environment(machine: Machine, record: Record, function: Function | None) -> dict[str, str]:
    """What hooks are told; without secrets."""
    directory = Workspace.of(machine.place, record.name).path
    ours = {
        "INTERLACE_DIR": str(directory),
        "INTERLACE_CONFIG": str(directory / workspace.CONFIG),
        "INTERLACE_PORTS": str(directory / workspace.PORTS),
        "INTERLACE_INSTANCE": record.spec.tags["instance"],
        "INTERLACE_SERVICE": record.spec.tags["service"],
        "INTERLACE_POP": record.spec.pop,
        "INTERLACE_ADDRESS": record.ports[0].address if record.ports else "",
        "INTERLACE_FUNCTION": str(function.directory) if function else "",
    }
    base = {"PATH": search_path(), "HOME": str(directory), "LC_ALL": "C.UTF-8"}
    return {**base, **record.spec.environment, **ours}


def environment_with_secrets(
    machine: Machine, home: Path, record: Record, function: Function | None
) -> dict[str, str]:
    """What hooks are told; with those secrets that can be found now."""
    return {**environment(machine, record, function), **secrets.known(home, record.spec.secrets)}


def function_of(home: Path, record: Record) -> Function | None:
    """The function that an instance was made from, where it is still there."""
    try:
        return function_named(home, record.spec.image)
    except InputError:
        return None


def run(
    machine: Machine,
    record: Record,
    words: Sequence[str],
    env: Mapping[str, str],
    progress: Progress,
    waiting: str,
    timeout_s: float,
) -> Said:
    """Run a command within an instance, in its function's directory, to its end.

    It is ended after the time-out, or if the progress raises.
    """
    at = Path(env.get("INTERLACE_FUNCTION") or "/")
    with tempfile.TemporaryFile() as sink:
        try:
            started = _started([*entering(machine, record.name, at), *words], env, sink)
        except OSError as error:
            return Said(127, str(error))
        try:
            ended = _ended(started, progress, waiting, timeout_s)
        finally:
            _end(started)
        said = _last(sink)
    return (
        Said(started.returncode, said) if ended else Said(-1, f"{said}\nno end after {timeout_s:g} s".strip())
    )


def hide_secrets(home: Path, record: Record, text: str) -> str:
    """A text that may be shown."""
    return secrets.hide(text, secrets.known(home, record.spec.secrets).values())


def _started(words: Sequence[str], env: Mapping[str, str], sink: IO[bytes]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=sink,
        start_new_session=True,
        env=dict(env),
    )


def _ended(started: "subprocess.Popen[bytes]", progress: Progress, waiting: str, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        progress(waiting)
        with suppress(subprocess.TimeoutExpired):
            started.wait(min(_LOOK_S, max(deadline - time.monotonic(), 0.001)))
            return True
    return False


def _end(started: "subprocess.Popen[bytes]") -> None:
    if started.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def _last(sink: IO[bytes]) -> str:
    sink.seek(max(0, os.fstat(sink.fileno()).st_size - _LAST_OCTETS))
    return sink.read().decode(errors="replace").strip()
