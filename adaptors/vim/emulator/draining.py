"""Letting an instance finish what it has in flight, before it goes."""

import time

from adaptors.machine import namespaces
from adaptors.vim.emulator import hooks, workspace
from adaptors.vim.emulator.functions import Function
from adaptors.vim.emulator.host import Host
from adaptors.vim.emulator.observing import counters
from adaptors.vim.emulator.records import Record
from adaptors.vim.emulator.running import status_of
from adaptors.vim.emulator.turns import pause
from adaptors.vim.emulator.workspace import Workspace
from adaptors.vim.port import Progress

STILL_S = 0.3
"""How long no packet may have come or gone before an instance counts as drained."""

_LOOK_S = 0.05


def drain(host: Host, record: Record, progress: Progress, timeout_s: float) -> str:
    """Let an instance take no new work and finish what it has; how that went, for people.

    It is noted, so that its deletion does not wait once more.
    """
    function = hooks.function_of(host.home, record)
    directory = Workspace.of(host.machine.place, record.name)
    if why := _beyond_help(host, record):
        return why
    deadline = time.monotonic() + timeout_s
    closed = function is not None and function.hooks.drain is not None
    directory.write(workspace.DRAINED, {"closed": closed})
    said: list[str] = []
    if function is not None and function.hooks.drain is not None:
        said.append(_asked(host, record, function, progress, timeout_s))
    if function is None or function.hooks.drain is None or function.forwarding == "routed":
        said.append(_watched(host, record, progress, deadline, timeout_s))
    return "; ".join(said)


def close(host: Host, record: Record, progress: Progress, timeout_s: float) -> None:
    """Run the drain hook, if there is one; that it fails or takes too long does not matter."""
    function = hooks.function_of(host.home, record)
    if function is not None and function.hooks.drain is not None and not _beyond_help(host, record):
        _asked(host, record, function, progress, timeout_s)


def drained(host: Host, record: Record) -> bool:
    """Whether it was drained since it was started or changed last."""
    return Workspace.of(host.machine.place, record.name).read(workspace.DRAINED) is not None


def closed(host: Host, record: Record) -> bool:
    """Whether its function was told to take no new work."""
    found = Workspace.of(host.machine.place, record.name).read(workspace.DRAINED)
    return bool(found and found["closed"])


def _beyond_help(host: Host, record: Record) -> str:
    """Why nothing can be in flight; empty where something may be."""
    if not namespaces.exists(host.machine, host.machine.place.instance(record.name)):
        return "nothing to drain: its namespace is gone"
    status = status_of(Workspace.of(host.machine.place, record.name))
    if status is not None and not status.alive():
        return f"nothing to drain: {status.words()}"
    if status is not None and status.stopped():
        return "nothing can be drained: its process is stopped"
    return ""


def _asked(host: Host, record: Record, function: Function, progress: Progress, timeout_s: float) -> str:
    assert function.hooks.drain is not None
    env = hooks.environment_with_secrets(host.machine, host.home, record, function)
    words = hooks.words_of(function, function.hooks.drain)
    waiting = f"instance {record.name} is being drained"
    done = hooks.run(host.machine, record, words, env, progress, waiting, timeout_s)
    text = hooks.hide_secrets(host.home, record, done.words)
    if done.code == 0:
        return "nothing is in flight any more"
    if done.code < 0:
        return f"still busy after {timeout_s:g} s: {text}"
    return f"its drain hook exited with {done.code}: {text}"


def _watched(host: Host, record: Record, progress: Progress, deadline: float, timeout_s: float) -> str:
    """Wait until no packet comes or goes."""
    seen, since = _packets(host, record), time.monotonic()
    began = seen
    while time.monotonic() - since < STILL_S:
        if time.monotonic() > deadline:
            return f"still busy after {timeout_s:g} s: {seen - began} packets came or went meanwhile"
        pause(_LOOK_S, progress, f"instance {record.name} is being drained")
        now = _packets(host, record)
        if now != seen:
            seen, since = now, time.monotonic()
    return f"no packet for {STILL_S:g} s"


def _packets(host: Host, record: Record) -> int:
    return sum(each.rx_packets + each.tx_packets for each in counters(host, record).values())
