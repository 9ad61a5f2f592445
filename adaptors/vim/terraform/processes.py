"""Terraform as a process of ours: watched, interrupted so that it writes its state, found again by others.

Its words go to a file, so it does not end with the worker that started it. Each run, and each provider that
it starts, carries the run's mark in its environment: whoever comes later finds them by that, and nobody else.
"""

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from adaptors.machine.processes import Process

MARK = "INTERLACE_TERRAFORM_RUN"
PACE_S = 0.05


class RunTimeoutError(Exception):
    """A run took longer than it may; it was interrupted."""


class Child:
    """One run of Terraform, in a process group of its own."""

    def __init__(
        self, words: Sequence[str], directory: Path, environment: Mapping[str, str], log: Path, grace_s: float
    ) -> None:
        """
        :param log: what it says; what it complains of is beside it, as `.err`
        :raises OSError: if it cannot be started
        """
        said, complained = (_private(path) for path in (log, log.with_suffix(".err")))
        try:
            self._process = subprocess.Popen(
                words,
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=complained,
                start_new_session=True,
                umask=0o077,
            )
        finally:
            os.close(said)
            os.close(complained)
        self._grace_s = grace_s

    def wait(self, look: Callable[[], None], timeout_s: float) -> int:
        """Its return code. Where `look` raises, it is interrupted, and ends by itself or by force meanwhile.

        :param look: called each 0.05 s
        :raises RunTimeoutError: after it was interrupted, and has ended
        """
        deadline = time.monotonic() + timeout_s
        try:
            with _end_of(self._process.pid) as end:
                while self._process.poll() is None:
                    look()
                    if time.monotonic() > deadline:
                        self._wind_down(look)
                        raise RunTimeoutError
                    end.poll(1000 * PACE_S)
        except BaseException:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGINT)
                threading.Thread(target=self._outlast, daemon=True).start()
            raise
        return self._process.returncode

    def _wind_down(self, look: Callable[[], None]) -> None:
        self._process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + self._grace_s
        while self._process.poll() is None and time.monotonic() < deadline:
            look()
            time.sleep(PACE_S)
        self._kill()

    def _outlast(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(self._grace_s)
        self._kill()

    def _kill(self) -> None:
        """Whatever is left of the group; the leader is unburied until now, so the id is still its own."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def _end_of(pid: int) -> Iterator[select.poll]:
    """Its poll is over as soon as a process is; subprocess.wait with a timeout may see it 50 ms late."""
    handle = os.pidfd_open(pid)
    try:
        end = select.poll()
        end.register(handle, select.POLLIN)
        yield end
    finally:
        os.close(handle)


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def marked(mark: str) -> tuple[list[Process], list[Process]]:
    """What still runs of a run: Terraform itself, and the providers that it started."""
    leaders: list[Process] = []
    others: list[Process] = []
    wanted = f"{MARK}={mark}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if wanted not in (entry / "environ").read_bytes().split(b"\0"):
                continue
            process = Process.of(int(entry.name))
            if process.alive():
                (leaders if os.getpgid(process.pid) == process.pid else others).append(process)
        except (OSError, psutil.NoSuchProcess):
            continue
    return leaders, others
