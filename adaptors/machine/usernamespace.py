"""The user namespace in which an ordinary user may make networks, held open by one sleeping process.

Namespaces live as long as any process in them. So where only the holder was killed, another takes its place
beside what still runs in there. Where all is dead, after a reboot say, the emulated world is gone: its
records are removed, and what is here now begins anew.
"""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from adaptors.machine.locks import locked
from adaptors.machine.place import Place
from adaptors.machine.processes import Process, end
from domain.models import Model

_LOCK = "usernamespace.lock"
_FILE = "usernamespace.json"
_GONE = "usernamespace.gone"
_KINDS = ("user", "mnt")
_SETUP = "mount -t tmpfs run /run && mkdir -p /run/netns && echo ready && exec sleep infinity"
_AGAIN = "echo ready && exec sleep infinity"
_HINTS = {
    "No space left on device": " (sysctl user.max_user_namespaces allows no more)",
    "Operation not permitted": " (see sysctl kernel.unprivileged_userns_clone, and AppArmor)",
}
_GONE_WORDS = (
    "the emulated world is gone: its user namespace ended with all its processes (killed, or this machine"
    " was restarted)"
)


class UserNamespaceError(Exception):
    """The kernel does not let this user have one; the message holds its words."""


class _Held(Model):
    """What is kept of a user namespace."""

    holder: Process
    namespaces: tuple[int, ...]
    """Their inode numbers, in the order of `_KINDS`."""


def entering(place: Place) -> tuple[str, ...]:
    """The words that run a command within the user namespace of a home, which is made where it is missing.

    :raises UserNamespaceError: if the kernel refuses
    """
    with locked(place.run / _LOCK):
        holder = held(place) or _held_again(place) or _held_anew(place)
    return _into(holder.pid, "--net")


def held(place: Place) -> Process | None:
    """The process that holds the user namespace, if there is one."""
    known = _known(place)
    return known.holder if known and known.holder.alive() else None


def gone(place: Place) -> str:
    """What became of an earlier user namespace that went away by itself; empty where none did."""
    return _GONE_WORDS if (place.run / _GONE).exists() else ""


def only_held(place: Place, *more: str) -> bool:
    """Whether the place has a user namespace at most, and these files: nobody has made anything in it."""
    return {entry.name for entry in place.run.iterdir()} <= {_LOCK, _FILE, *more}


def leave(place: Place) -> None:
    """Let go of the user namespace, if there is one, and remove the place's directory."""
    if (holder := held(place)) is not None:
        end([holder])
    shutil.rmtree(place.run, ignore_errors=True)
    with suppress(OSError):
        place.run.parent.rmdir()


def _into(pid: int, *more: str) -> tuple[str, ...]:
    return ("nsenter", "--user", "--preserve-credentials", "--mount", *more, f"--target={pid}", "--")


def _known(place: Place) -> _Held | None:
    try:
        return _Held.model_validate_json((place.run / _FILE).read_text())
    except (FileNotFoundError, ValidationError):
        return None


def _held_again(place: Place) -> Process | None:
    """Another holder, beside any process that is left in the namespaces of one that was killed."""
    known = _known(place)
    if known is None:
        return None
    for entry in Path("/proc").glob("[0-9]*"):
        if _namespaces(int(entry.name)) == known.namespaces:
            try:
                return _started(place, [*_into(int(entry.name)), "unshare", "--net", "sh", "-c", _AGAIN])
            except UserNamespaceError:
                continue  # it ended just now
    return None


def _held_anew(place: Place) -> Process:
    if (place.run / _FILE).exists():
        _forget(place)
    return _started(place, ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c", _SETUP])


def _forget(place: Place) -> None:
    """Remove the records of a world that is gone, and keep that it is gone where they told of anything."""
    was_used = any(entry.is_dir() or entry.suffix == ".sqlite" for entry in place.run.iterdir())
    for entry in place.run.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.suffix != ".lock" and entry.name != _GONE:
            entry.unlink(missing_ok=True)
    if was_used:
        (place.run / _GONE).touch()


def _started(place: Place, words: list[str]) -> Process:
    try:
        started = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
            cwd="/",
            env={**os.environ, "LC_ALL": "C"},
        )
    except OSError as error:
        raise UserNamespaceError(str(error)) from error
    assert started.stdout is not None and started.stderr is not None
    if started.stdout.readline().strip() != "ready":
        started.wait()
        raise UserNamespaceError(_because(started.stderr.read().strip()))
    namespaces = _namespaces(started.pid)
    assert namespaces is not None
    found = _Held(holder=Process.of(started.pid), namespaces=namespaces)
    (place.run / _FILE).write_text(found.model_dump_json())
    return found.holder


def _because(said: str) -> str:
    hint = next((hint for words, hint in _HINTS.items() if said.endswith(words)), "")
    return f"{said.removeprefix('unshare: ') or 'unshare said nothing'}{hint}"


def _namespaces(pid: int) -> tuple[int, ...] | None:
    """Of a process that this user may look at."""
    try:
        return tuple(Path(f"/proc/{pid}/ns/{kind}").stat().st_ino for kind in _KINDS)
    except OSError:
        return None
