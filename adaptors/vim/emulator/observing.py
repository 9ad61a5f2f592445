"""What an instance does now: health, processor and memory, packets, its function's own counters."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from adaptors.machine import namespaces
from adaptors.machine.commands import CommandError
from adaptors.vim.emulator import cgroups, hooks, workspace
from adaptors.vim.emulator.functions import Function
from adaptors.vim.emulator.health import Patient
from adaptors.vim.emulator.host import Host
from adaptors.vim.emulator.records import Record
from adaptors.vim.emulator.running import status_of
from adaptors.vim.emulator.workspace import Workspace
from adaptors.vim.port import Observation, PortCounters
from domain.instances import InstanceStatus

_REPORT_TIMEOUT_S = 5.0
_MIB = 2**20
_ESTABLISHED = "01"
"""Of a TCP connection, as the kernel writes it."""

NO_NAMESPACE = "its namespace is gone"


def standing(host: Host, record: Record, there: bool | None = None) -> tuple[InstanceStatus, str]:
    """The status of an instance as it is, whatever its record says.

    :param there: whether its namespace is, where that is known
    """
    if record.status is not InstanceStatus.RUNNING:
        return record.status, record.detail
    name = host.machine.place.instance(record.name)
    if not (namespaces.exists(host.machine, name) if there is None else there):
        return InstanceStatus.ERROR, NO_NAMESPACE
    status = status_of(Workspace.of(host.machine.place, record.name))
    if status is not None and not status.alive():
        return InstanceStatus.ERROR, status.words()
    return InstanceStatus.RUNNING, ""


def observed(host: Host, record: Record) -> Observation:
    """An instance as it is now."""
    status, detail = standing(host, record)
    limits = Workspace.of(host.machine.place, record.name).read(workspace.LIMITS) or "none: it has no process"
    if status is not InstanceStatus.RUNNING:
        return Observation(healthy=False, detail=detail or f"it is in {status}", limits=limits)
    function = hooks.function_of(host.home, record)
    ports = counters(host, record)
    healthy, detail = _condition(host, record, function, ports)
    cpu_s, memory_mib = _used(host, record)
    return Observation(
        healthy=healthy,
        detail=detail,
        cpu_s=cpu_s,
        memory_mib=memory_mib,
        ports=ports,
        connections=connections(host, record),
        function=_report(host, record, function),
        limits=limits,
    )


def ailment(host: Host, record: Record) -> str | None:
    """What is wrong with an instance; None where it is well."""
    status, detail = standing(host, record)
    if status is not InstanceStatus.RUNNING:
        return detail or f"it is in {status}"
    function = hooks.function_of(host.home, record)
    healthy, detail = _condition(host, record, function, counters(host, record))
    return None if healthy else detail


def _condition(
    host: Host, record: Record, function: Function | None, ports: Mapping[str, PortCounters]
) -> tuple[bool, str]:
    """Whether a running instance works, and in which words."""
    if cut := [port.connection_point for port in record.ports if port.connection_point not in ports]:
        return False, f"it is cut off from the switch: no port {', '.join(cut)}"
    directory = Workspace.of(host.machine.place, record.name)
    status = status_of(directory)
    if status is not None and status.stopped():
        return False, "its process is stopped by a signal"
    if (directory.read(workspace.DRAINED) or {}).get("closed"):
        return False, "it was drained: it takes no new work"
    healthy, detail = _health(host, record, function)
    return healthy, hooks.hide_secrets(host.home, record, detail)


def _health(host: Host, record: Record, function: Function | None) -> tuple[bool, str]:
    if function is None:
        return False, f"its function image {record.spec.image} is not there any more"
    env = hooks.environment_with_secrets(host.machine, host.home, record, function)
    failed, words = Patient(host.machine, host.home, record, function).complaint(env, _quiet)
    return failed is None, words


def _used(host: Host, record: Record) -> tuple[float, float]:
    """Seconds of processor and MiB of memory, of all processes of the function together."""
    cpu_s = memory = 0.0
    for process in _processes(host, record):
        with suppress(psutil.NoSuchProcess), process.oneshot():
            times = process.cpu_times()
            cpu_s += times.user + times.system + times.children_user + times.children_system
            memory += process.memory_info().rss
    group = cgroups.found(host.machine.place, record.name)
    counted = group.cpu_s() if group is not None else None  # those of processes that are gone, too
    return round(cpu_s if counted is None else counted, 3), round(memory / _MIB, 2)


def _processes(host: Host, record: Record) -> Iterator[psutil.Process]:
    group = cgroups.found(host.machine.place, record.name)
    status = status_of(Workspace.of(host.machine.place, record.name))
    with suppress(psutil.NoSuchProcess, OSError):
        if group is not None:
            yield from map(psutil.Process, group.pids())
        elif status is not None:
            first = psutil.Process(status.pid)
            yield from (first, *first.children(recursive=True))


def counters(host: Host, record: Record) -> dict[str, PortCounters]:
    """Connection point -> what went through it; those that are not there are left out."""
    lines = _of_network(host, record, "dev").splitlines()[2:]
    numbers = {name.strip(): values.split() for name, _, values in (line.partition(":") for line in lines)}
    return {
        port.connection_point: _port(numbers[port.interface])
        for port in record.ports
        if port.interface in numbers
    }


def connections(host: Host, record: Record) -> int | None:
    """How many are open: tracked ones where packets pass through it, else TCP; None where it is not told."""
    try:
        if record.forwarding == "routed":
            lines = _of_network(host, record, "stat/nf_conntrack").splitlines()[1:]
            return int(lines[0].split()[0], 16) if lines else None
        sockets = _of_network(host, record, "tcp").splitlines()[1:]
        return sum(line.split()[3] == _ESTABLISHED for line in sockets)
    except (CommandError, OSError):
        return None


def _of_network(host: Host, record: Record, file: str) -> str:
    """A file of /proc/net, as the instance sees it."""
    status = status_of(Workspace.of(host.machine.place, record.name))
    if status is not None:
        with suppress(OSError):
            return Path(f"/proc/{status.shim}/net/{file}").read_text()
    name = host.machine.place.instance(record.name)
    return host.machine.run(["cat", f"/proc/net/{file}"], namespace=name)


def _port(values: list[str]) -> PortCounters:
    return PortCounters(
        rx_bytes=int(values[0]),
        rx_packets=int(values[1]),
        rx_dropped=int(values[3]),
        tx_bytes=int(values[8]),
        tx_packets=int(values[9]),
        tx_dropped=int(values[11]),
    )


def _report(host: Host, record: Record, function: Function | None) -> dict[str, Any]:
    if function is None or function.hooks.report is None:
        return {}
    env = hooks.environment_with_secrets(host.machine, host.home, record, function)
    words = hooks.words_of(function, function.hooks.report)
    try:
        said = hooks.run(host.machine, record, words, env, _quiet, "report", _REPORT_TIMEOUT_S)
    except CommandError as error:
        return {"error": str(error)}
    words_said = hooks.hide_secrets(host.home, record, said.words)
    with suppress(ValueError):
        found = json.loads(words_said)
        if said.code == 0 and isinstance(found, dict):
            return found
    return {"error": f"report exited with {said.code}: {words_said[-300:]}"}


def _quiet(_: str) -> None:
    """Nobody watches."""
