"""What may be asked of an instance that runs: to be ready, to take another config."""

import time
from collections.abc import Mapping

from adaptors.vim.emulator import building, hooks, records, workspace
from adaptors.vim.emulator.calls import Trouble
from adaptors.vim.emulator.functions import Function
from adaptors.vim.emulator.host import Host
from adaptors.vim.emulator.images import function_named
from adaptors.vim.emulator.plans import planned
from adaptors.vim.emulator.records import Record
from adaptors.vim.emulator.turns import pause
from adaptors.vim.emulator.workspace import Workspace
from adaptors.vim.port import Progress
from domain.errors import VimUnavailableError

_LOOK_S = 0.1
_HOOK_TIMEOUT_S = 5.0


def await_ready(host: Host, record: Record, progress: Progress, timeout_s: float) -> None:
    """Ask the function until it is ready; one without a ready hook is.

    :raises VimUnavailableError: where it is not within the time, with its own words
    """
    function = function_named(host.home, record.spec.image)
    if function.hooks.ready is None:
        return
    deadline = time.monotonic() + timeout_s
    while (said := _asked(host, record, function, progress)).code != 0:
        if time.monotonic() > deadline:
            words = hooks.hide_secrets(host.home, record, said.words or f"it exited with {said.code}")
            raise VimUnavailableError(
                f"PoP {host.pop}: instance {record.name} is not ready within {timeout_s:g} s: {words}"
            )
        pause(_LOOK_S, progress, f"instance {record.name} is getting ready: {said.words[-200:]}")


def reconfigure(
    host: Host, record: Record, config: Mapping[str, str | int | float | bool], progress: Progress
) -> None:
    """Give a running instance another config; where its function refuses, the old one stays."""
    spec = record.spec.model_copy(update={"config": dict(config)})
    plan = planned(host.home, host.machine.place, spec)
    directory = Workspace.of(host.machine.place, record.name)
    old = directory.read(workspace.CONFIG)
    directory.write(workspace.CONFIG, dict(plan.settings))
    try:
        building.configure(host, record, plan, progress, again=True)
    except Trouble as error:
        directory.write(workspace.CONFIG, old)
        raise Trouble(hooks.hide_secrets(host.home, record, str(error))) from None
    with host.ledger.writing() as connection:
        records.change(connection, spec)


def _asked(host: Host, record: Record, function: Function, progress: Progress) -> hooks.Said:
    assert function.hooks.ready is not None
    env = hooks.environment_with_secrets(host.machine, host.home, record, function)
    words = hooks.words_of(function, function.hooks.ready)
    waiting = f"instance {record.name} is getting ready"
    return hooks.run(host.machine, record, words, env, progress, waiting, _HOOK_TIMEOUT_S)
