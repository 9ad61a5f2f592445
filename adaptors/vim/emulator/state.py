"""The state of an instance for its successor: tracked connections, and what its function exports."""

import shutil
from pathlib import Path

from adaptors.machine.commands import CommandError
from adaptors.vim.emulator import hooks
from adaptors.vim.emulator.calls import Trouble
from adaptors.vim.emulator.functions import CONNTRACK, Function, search_path
from adaptors.vim.emulator.host import Host
from adaptors.vim.emulator.images import function_named
from adaptors.vim.emulator.records import Record
from adaptors.vim.emulator.turns import patiently
from adaptors.vim.port import Progress

STATE = "INTERLACE_STATE"
"""The variable that tells hooks where the state is."""

_CONNECTIONS, _OWN, _WHOSE = "connections", "function", "instance"
_HOOK_TIMEOUT_S = 60.0
_NONE = "it has no state"


def export_state(host: Host, record: Record, directory: Path, progress: Progress) -> str:
    """Write the state of an instance into a directory; what that is, for people.

    :raises Trouble: where the function fails to export its own
    """
    function = function_named(host.home, record.spec.image)
    said: list[str] = []
    if function.forwarding == "routed":
        waiting = f"the connections that {record.name} tracks are being read"
        said.append(patiently(lambda: _read_connections(host, record, directory), progress, waiting))
    if function.hooks.export:
        (directory / _OWN).mkdir(mode=0o700, exist_ok=True)
        (directory / _WHOSE).write_text(record.spec.tags["instance"])
        said.append(_told(host, record, function, "export", directory, progress))
    return "; ".join(said) or _NONE


def import_state(host: Host, record: Record, directory: Path, progress: Progress) -> str:
    """Give an instance what `export_state` wrote, as far as it can use it.

    From another instance of its component it takes connections, which may come to it when flows are shared
    out anew; what that one's function keeps is that one's own.

    :raises Trouble: where the function fails to import its own
    """
    function = function_named(host.home, record.spec.image)
    said: list[str] = []
    if function.forwarding == "routed" and (directory / _CONNECTIONS).exists():
        waiting = f"{record.name} is told of tracked connections"
        said.append(patiently(lambda: _write_connections(host, record, directory), progress, waiting))
    if function.hooks.import_ and _is_of(directory, record):
        said.append(_told(host, record, function, "import", directory, progress))
    return "; ".join(said) or _NONE


def _is_of(directory: Path, record: Record) -> bool:
    """Whether the function's own state is that of a predecessor."""
    whose = directory / _WHOSE
    return whose.exists() and whose.read_text() == record.spec.tags["instance"]


def _told(
    host: Host, record: Record, function: Function, hook: str, directory: Path, progress: Progress
) -> str:
    """Run one of the two hooks; what it said last."""
    words = dict(function.hooks.items())[hook]
    env = hooks.environment_with_secrets(host.machine, host.home, record, function)
    env[STATE] = str(directory / _OWN)
    waiting = f"the state of {record.name}: {hook}"
    command = hooks.words_of(function, words)
    done = hooks.run(host.machine, record, command, env, progress, waiting, _HOOK_TIMEOUT_S)
    text = hooks.hide_secrets(host.home, record, done.words)
    if done.code != 0:
        raise Trouble(f"{hook} exited with {done.code}: {text or 'it said nothing'}")
    return text.splitlines()[-1] if text else f"its function's own ({hook})"


def _read_connections(host: Host, record: Record, directory: Path) -> str:
    if shutil.which(CONNTRACK, path=search_path()) is None:
        return "no tracked connections: the command conntrack is not here (apt-get install conntrack)"
    namespace = host.machine.place.instance(record.name)
    listed = host.machine.run([CONNTRACK, "-L", "-o", "save"], namespace=namespace)
    (directory / _CONNECTIONS).write_text(listed)
    return _counted(len(listed.splitlines()))


def _write_connections(host: Host, record: Record, directory: Path) -> str:
    lines = (directory / _CONNECTIONS).read_text().splitlines(keepends=True)
    refused = _loaded(host, host.machine.place.instance(record.name), lines)
    some = f", {refused} of which were refused" if refused else ""
    return f"{_counted(len(lines))}{some}"


def _loaded(host: Host, namespace: str, lines: list[str]) -> int:
    """Enter connections, and do without those that are refused; how many these were."""
    if not lines:
        return 0
    try:
        host.machine.run([CONNTRACK, "-R", "-"], namespace=namespace, stdin="".join(lines))
    except CommandError:
        if len(lines) == 1:
            return 1
        half = len(lines) // 2
        return _loaded(host, namespace, lines[:half]) + _loaded(host, namespace, lines[half:])
    return 0


def _counted(connections: int) -> str:
    return f"{connections} tracked connection{'' if connections == 1 else 's'}"
