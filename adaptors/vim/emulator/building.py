"""Making an instance, step by step, and taking it down from whatever state it is in."""

from adaptors.machine import namespaces
from adaptors.machine.place import short
from adaptors.vim.emulator import cgroups, draining, hooks, network, records, running, workspace
from adaptors.vim.emulator.calls import Trouble
from adaptors.vim.emulator.health import Patient
from adaptors.vim.emulator.host import Host
from adaptors.vim.emulator.orphans import by_directory, end_all
from adaptors.vim.emulator.plans import Plan
from adaptors.vim.emulator.records import Record
from adaptors.vim.emulator.turns import patiently
from adaptors.vim.emulator.workspace import Workspace
from adaptors.vim.port import Progress
from domain.errors import VimUnavailableError
from domain.instances import InstanceStatus

CONFIGURE_TIMEOUT_S = 60.0
_DRAIN_TIMEOUT_S = 5.0


def build(host: Host, record: Record, plan: Plan, progress: Progress) -> None:
    """Make all of an instance, from nothing, and wait until it is healthy.

    :raises Trouble: where the function fails; it is taken down again then, except its record and its log
    """
    take_down(host, record, progress)
    try:
        _make(host, record, plan, progress)
    except Trouble as error:
        detail = hooks.hide_secrets(host.home, record, str(error))
        take_down(host, record, progress, keep_log=True)
        _mark(host, record, InstanceStatus.ERROR, detail)
        raise Trouble(detail) from None
    _mark(host, record, InstanceStatus.RUNNING, "")


def reopen(host: Host, record: Record, plan: Plan, progress: Progress) -> None:
    """Start the function of a drained instance again; its network, its files and what it tracks stay.

    :raises Trouble: where it fails
    """
    directory = Workspace.of(host.machine.place, record.name)
    running.stop(directory, progress, f"instance {record.name} is being opened again")
    directory.forget(workspace.STATUS)
    _start(host, record, plan, progress)
    directory.forget(workspace.DRAINED)


def delete(host: Host, record: Record, progress: Progress) -> None:
    """Drain an instance that runs, take it down and forget it."""
    if record.status is InstanceStatus.RUNNING:
        _mark(host, record, InstanceStatus.DELETING, "")
        if not draining.drained(host, record):
            draining.close(host, record, progress, _DRAIN_TIMEOUT_S)
    else:
        _mark(host, record, InstanceStatus.DELETING, record.detail)
    take_down(host, record, progress)
    with host.ledger.writing() as connection:
        records.forget(connection, record.name)
    patiently(host.switch.retire, progress, f"the switch of PoP {host.pop} is being looked at")


def take_down(host: Host, record: Record, progress: Progress, keep_log: bool = False) -> None:
    """Remove everything of an instance but its record; what is not there is fine."""
    directory = Workspace.of(host.machine.place, record.name)
    waiting = f"instance {record.name} is being taken down"
    running.stop(directory, progress, waiting)
    patiently(lambda: _clear(host, record, directory), progress, waiting)
    if not keep_log:
        directory.remove()


def configure(host: Host, record: Record, plan: Plan, progress: Progress, *, again: bool) -> None:
    """Run the configure hook, where there is one.

    :raises Trouble: if it fails
    """
    words = plan.function.hooks.configure
    if words is None:
        return
    waiting = f"instance {record.name} is being configured"
    env = {**hooks.environment(host.machine, record, plan.function), **plan.secrets}
    env["INTERLACE_RUNNING"] = "1" if again else "0"
    command = hooks.words_of(plan.function, words)
    said = hooks.run(host.machine, record, command, env, progress, waiting, CONFIGURE_TIMEOUT_S)
    if said.code != 0:
        last = "\n".join(said.words.splitlines()[-15:]) or "it said nothing"
        raise Trouble(f"configure exited with {said.code}: {last}")


def _make(host: Host, record: Record, plan: Plan, progress: Progress) -> None:
    patiently(host.switch.ensure, progress, f"the switch of PoP {host.pop} is being started", abandon=True)
    patiently(lambda: _connect(host, record), progress, f"instance {record.name} is being connected")
    Workspace.of(host.machine.place, record.name).make(record, plan.settings)
    _start(host, record, plan, progress)


def _start(host: Host, record: Record, plan: Plan, progress: Progress) -> None:
    configure(host, record, plan, progress, again=False)
    env = hooks.environment(host.machine, record, plan.function)
    if plan.function.hooks.start:
        command = hooks.words_of(plan.function, plan.function.hooks.start)
        running.start(host.machine, record, command, env, plan.secrets, progress)
    patient = Patient(host.machine, host.home, record, plan.function)
    patient.wait({**env, **plan.secrets}, progress)


def _connect(host: Host, record: Record) -> None:
    network.build(host.machine, record)
    for port in record.ports:
        host.switch.attach(port.switch_interface)


def _clear(host: Host, record: Record, directory: Workspace) -> None:
    machine = host.machine
    lost = directory.path.exists() and not namespaces.exists(machine, machine.place.instance(record.name))
    _detach(host, record)
    network.take_down(machine, record)
    if lost:
        end_all(by_directory(directory.path.parent).get(directory.path.name, ()))
    cgroups.remove(machine.place, short(record.name, 12))


def _detach(host: Host, record: Record) -> None:
    there = namespaces.exists(host.machine, host.machine.place.switch(host.pop))
    for port in record.ports:
        try:
            host.switch.detach(port.switch_interface)
        except VimUnavailableError:
            if there:
                raise


def _mark(host: Host, record: Record, status: InstanceStatus, detail: str) -> None:
    with host.ledger.writing() as connection:
        records.mark(connection, record.name, status, detail)
