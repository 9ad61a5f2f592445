"""Locks hold between processes, even when a holder removes the lock's file."""

import multiprocessing
from pathlib import Path

from adaptors.machine.locks import locked

_ROUNDS = 150


def _count(directory: Path, removes: bool) -> None:
    for _ in range(_ROUNDS):
        with locked(directory / "lock"):
            counter = directory / "counter"
            counter.write_text(str(int(counter.read_text()) + 1))
            if removes:
                (directory / "lock").unlink()


def test_nobody_is_in_at_the_same_time_as_another(tmp_path: Path) -> None:
    (tmp_path / "counter").write_text("0")
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_count, args=(tmp_path, number % 2 == 0)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert int((tmp_path / "counter").read_text()) == 4 * _ROUNDS
