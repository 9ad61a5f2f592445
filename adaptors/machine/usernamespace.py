"""The user namespace in which an ordinary user may make networks, held open by one sleeping process."""

import os
import subprocess

from adaptors.machine.locks import locked
from adaptors.machine.place import Place
from adaptors.machine.processes import Process

_FILE = "usernamespace.json"
_SETUP = "mount -t tmpfs run /run && mkdir -p /run/netns && echo ready && exec sleep infinity"


class UserNamespaceError(Exception):
    """The kernel does not let this user have one; the message holds its words."""


def entering(place: Place) -> tuple[str, ...]:
    """The words that run a command within the user namespace of a home, which is made where it is missing.

    :raises UserNamespaceError: if the kernel refuses
    """
    with locked(place.run / "usernamespace.lock"):
        holder = held(place) or _hold(place)
    return ("nsenter", "--user", "--preserve-credentials", "--mount", "--net", f"--target={holder.pid}", "--")


def held(place: Place) -> Process | None:
    """The process that holds the user namespace, if there is one."""
    try:
        found = Process.model_validate_json((place.run / _FILE).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return found if found.alive() else None


def _hold(place: Place) -> Process:
    words = ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c", _SETUP]
    try:
        holder = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
            env={**os.environ, "LC_ALL": "C"},
        )
    except OSError as error:
        raise UserNamespaceError(str(error)) from error
    assert holder.stdout is not None and holder.stderr is not None
    if holder.stdout.readline().strip() != "ready":
        holder.wait()
        raise UserNamespaceError(holder.stderr.read().strip() or "unshare said nothing")
    found = Process.of(holder.pid)
    (place.run / _FILE).write_text(found.model_dump_json())
    return found
