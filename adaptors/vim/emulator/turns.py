"""Waiting in a way that can be watched and stopped."""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from adaptors.vim.port import Progress

PACE_S = 0.1
"""How often whoever waits tells the progress."""

_LOOK_S = 0.02

T = TypeVar("T")


@contextmanager
def turn(path: Path, progress: Progress, words: str) -> Iterator[None]:
    """Hold the lock that a file stands for, against all threads and processes; the dead let go of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = taken(path)
    while descriptor is None:
        progress(words)
        time.sleep(_LOOK_S)
        descriptor = taken(path)
    try:
        yield
    finally:
        give_back(path, descriptor)


def taken(path: Path) -> int | None:
    """The lock, where nobody holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def give_back(path: Path, descriptor: int) -> None:
    """Let the next one have the lock, and leave no file behind."""
    path.unlink(missing_ok=True)
    os.close(descriptor)


def patiently(step: Callable[[], T], progress: Progress, words: str, *, abandon: bool = False) -> T:
    """Do a step that blocks, and tell the progress meanwhile.

    :param abandon: when the progress raises, do not wait for the step's end; it must do no harm later
    """
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(step())
        except BaseException as error:
            failed.append(error)

    progress(words)
    thread = threading.Thread(target=run, name=words, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(PACE_S)
            progress(words)
    finally:
        if not abandon:
            thread.join()
    if failed:
        raise failed[0]
    return done[0]


def pause(seconds: float, progress: Progress, words: str) -> None:
    """Sleep, and tell the progress meanwhile."""
    deadline = time.monotonic() + seconds
    while True:
        progress(words)
        left = deadline - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, PACE_S))
