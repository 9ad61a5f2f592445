"""Whether an instance works: its process, its function's own check, and what the descriptor asks for."""

import sys
import time
from pathlib import Path

from adaptors.machine.commands import Machine
from adaptors.vim.emulator import hooks
from adaptors.vim.emulator.calls import Trouble
from adaptors.vim.emulator.functions import Function
from adaptors.vim.emulator.records import Record
from adaptors.vim.emulator.running import Status, status_of
from adaptors.vim.emulator.turns import pause
from adaptors.vim.emulator.workspace import Workspace
from adaptors.vim.port import Progress

_PROBE = Path(__file__).with_name("probe.py")
_CHECK_TIMEOUT_S = 5.0
_LONGEST_PAUSE_S = 0.25
_SETTLED_S = 0.3
"""How long a process must have run where nothing else tells that it works."""
_LOG_LINES = 15


class Patient:
    """One instance to be examined, with what its hooks need."""

    def __init__(self, machine: Machine, home: Path, record: Record, function: Function) -> None:
        self._machine = machine
        self._home = home
        self._record = record
        self._function = function
        self._directory = Workspace.of(machine.place, record.name)

    def wait(self, env: dict[str, str], progress: Progress) -> None:
        """Wait until it is healthy.

        :raises Trouble: if its process ends, or if it is not healthy within the function's time
        """
        started = time.monotonic()
        waiting = f"instance {self._record.name} is starting"
        pace = 0.02
        while (complaint := self._complaint_at_start(env, progress, started)) is not None:
            if time.monotonic() - started > self._function.ready_timeout:
                limit = f"{self._function.ready_timeout:g} s"
                raise Trouble(f"not healthy within {limit}: {complaint}{self._log()}")
            pause(pace, progress, waiting)
            pace = min(pace * 1.5, _LONGEST_PAUSE_S)

    def complaint(self, env: dict[str, str], progress: Progress) -> tuple[str | None, str]:
        """What is wrong, or None; and the words of the check."""
        if ended := self._ended():
            return ended, ended
        detail = ""
        if self._function.hooks.check:
            said = self._checked(env, progress)
            if said.code != 0:
                words = f"check exited with {said.code}: {said.words or 'it said nothing'}"
                return words, words
            detail = said.words.partition("\n")[0]
        failed = self._probed(progress)
        return failed, failed or detail or "it runs"

    def _complaint_at_start(self, env: dict[str, str], progress: Progress, started: float) -> str | None:
        if not self._function.hooks.start:
            return self.complaint(env, progress)[0]
        since = time.monotonic() - started
        self._raise_if_ended()
        found = self.complaint(env, progress)[0]
        self._raise_if_ended()
        has_check = self._function.hooks.check or self._asks_a_port()
        return "its process settles" if found is None and not has_check and since < _SETTLED_S else found

    def _raise_if_ended(self) -> None:
        if ended := self._ended():
            raise Trouble(f"{ended}{self._log()}")

    def _ended(self) -> str | None:
        if not self._function.hooks.start:
            return None
        status: Status | None = status_of(self._directory)
        if status is None:
            return "its process was never started"
        return None if status.alive() else status.words()

    def _checked(self, env: dict[str, str], progress: Progress) -> hooks.Said:
        assert self._function.hooks.check is not None
        words = hooks.words_of(self._function, self._function.hooks.check)
        waiting = f"instance {self._record.name} is being checked"
        timeout_s = min(_CHECK_TIMEOUT_S, self._function.ready_timeout)
        return hooks.run(self._machine, self._record, words, env, progress, waiting, timeout_s)

    def _asks_a_port(self) -> bool:
        check = self._record.spec.health_check
        return check is not None and check.type != "process"

    def _probed(self, progress: Progress) -> str | None:
        check = self._record.spec.health_check
        if check is None or check.type == "process":
            return None
        address = self._record.ports[0].address
        words = [check.type, address, str(check.port), str(check.timeout), check.path]
        command = [sys.executable, "-I", "-S", str(_PROBE), *words]
        waiting = f"instance {self._record.name} is being probed"
        said = hooks.run(self._machine, self._record, command, {}, progress, waiting, check.timeout + 1)
        return None if said.code == 0 else said.words or f"the probe ended with {said.code}"

    def _log(self) -> str:
        log = self._directory.log(_LOG_LINES)
        return f"\nthe last lines of its log:\n{log}" if log else "\nits log is empty"
