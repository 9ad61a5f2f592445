"""Turns at a workspace, and the ends of processes that are waited for."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from adaptors.vim.terraform.processes import Child, RunTimeoutError
from adaptors.vim.terraform.workspaces import turn


class _StoppedError(Exception):
    pass


def _stop(_: str) -> None:
    raise _StoppedError


def _hold(path: Path, held: Event, done: Event) -> None:
    with turn(path, lambda _: None, "waiting"):
        held.set()
        done.wait()


def test_a_turn_is_had_by_one_thread_at_a_time(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def take(number: int) -> None:
        with turn(tmp_path / "lock", lambda _: None, "waiting"):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.001)
            inside.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(40)))
    assert (len(most), max(most)) == (40, 1)


def test_who_is_cancelled_while_waiting_leaves_the_turn_to_others(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with ThreadPoolExecutor(1) as pool, turn(path, _stop, "waiting"):
        waiting = pool.submit(lambda: turn(path, _stop, "waiting").__enter__())
        assert isinstance(waiting.exception(), _StoppedError)
    with turn(path, _stop, "waiting"):
        pass


def test_another_process_has_the_turn_until_it_gives_it_back(tmp_path: Path) -> None:
    context = get_context("spawn")
    path, held, done = tmp_path / "lock", context.Event(), context.Event()
    other = context.Process(target=_hold, args=(path, held, done))
    other.start()
    held.wait()
    told = threading.Event()

    def progress(words: str) -> None:
        told.set()
        done.set()

    with turn(path, progress, "waiting"):
        assert told.is_set()
    other.join()


def _child(tmp_path: Path, code: str) -> Child:
    return Child([sys.executable, "-c", code], tmp_path, {}, tmp_path / "said.log", grace_s=0.2)


def test_the_end_of_a_run_is_told_with_its_code_and_words(tmp_path: Path) -> None:
    assert _child(tmp_path, "print('done'); raise SystemExit(3)").wait(lambda: None, 60.0) == 3
    assert (tmp_path / "said.log").read_text() == "done\n"


def test_a_run_that_heeds_no_interrupt_is_killed(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)"
    child = _child(tmp_path, deaf)
    with pytest.raises(RunTimeoutError):
        child.wait(lambda: None, 0.5)
