"""The processes of solvers: which are kept, which are ended, and that none outlives who started it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from placement.solving.children import Children, HighsRun
from placement.solving.messages import Answer, Incumbent, Request
from placement.solving.outcomes import State
from placement.solving.pressure import Queueing
from placement.solving.reading import program
from placement.solving.solvers import Solvers
from tests.unit import solving_world as world

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def solvers() -> Iterator[Solvers]:
    found = Solvers(cores=2)
    yield found
    found.close()


def lives(process: psutil.Process) -> bool:
    """One that has ended may wait to be buried."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def family(pid: int | None = None) -> set[psutil.Process]:
    """What lives of the processes below one; that of the tests by default."""
    return {child for child in psutil.Process(pid).children(recursive=True) if lives(child)}


def until(holds: Callable[[], bool]) -> None:
    """The test's own time limit ends what never holds."""
    while not holds():
        time.sleep(0.02)


def commands(processes: set[psutil.Process]) -> str:
    found = ""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            found += " ".join([*process.cmdline(), "\n"])
    return found


def test_a_process_is_kept_for_the_next_request(solvers: Solvers) -> None:
    before = family()
    solvers.solve(world.knapsack(), 60, ("highs",))
    kept = family() - before
    assert len(kept) == 1
    for _ in range(3):
        solvers.solve(world.knapsack(), 60, ("highs",))
    assert family() - before == kept
    solvers.close()
    assert not family() & kept


def test_those_that_are_warmed_are_the_ones_that_answer(solvers: Solvers) -> None:
    before = family()
    solvers.warm()
    warmed = family() - before
    assert len(warmed) == 2
    solvers.warm()
    for _ in range(3):
        solvers.solve(world.knapsack(), 60, ("highs",))
    assert family() - before == warmed
    solvers.close()
    assert not family() & warmed


def test_no_more_are_warmed_than_are_kept() -> None:
    before, solvers = family(), Solvers(cores=1)
    solvers.warm()
    assert len(family() - before) == 1
    solvers.close()
    solvers.warm()
    assert family() <= before


def test_what_cannot_be_warmed_is_told_by_the_first_request() -> None:
    solvers = Solvers(highs=("/nowhere/highs",), cores=2)
    solvers.warm()
    outcome = solvers.solve(world.knapsack(), 60)
    assert (outcome.state, outcome.solver) == (State.OPTIMAL, "cbc")
    solvers.close()


def test_a_process_does_not_grow_with_what_it_has_solved(solvers: Solvers) -> None:
    before = family()
    solvers.solve(world.assignment(12), 60, ("highs",))
    (kept,) = family() - before
    for seed in range(20):
        solvers.solve(world.assignment(12, seed), 60, ("highs",))
    early = kept.memory_info().rss
    for seed in range(200):
        solvers.solve(world.assignment(12, seed), 60, ("highs",))
    assert kept.memory_info().rss - early < 8 << 20


def test_what_others_take_of_a_processor_is_no_head_start() -> None:
    """Three that never rest on one processor, and one that sleeps."""
    processor = min(os.sched_getaffinity(0))
    spin = f"import os; os.sched_setaffinity(0, {{{processor}}})\nwhile True: pass"
    processes = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(3)]
    processes.append(subprocess.Popen(["sleep", "1000"]))
    try:
        crowd = [Queueing(process.pid) for process in processes[:-1]]
        until(lambda: all(each.waited_s > 0.2 for each in crowd))
        until(lambda: psutil.Process(processes[-1].pid).status() == psutil.STATUS_SLEEPING)
        sleeper = Queueing(processes[-1].pid)
        time.sleep(0.2)
        assert sleeper.waited_s < 0.1
        assert Queueing(2**22 + 1).waited_s == 0.0  # there is none
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_one_that_died_meanwhile_is_not_asked(solvers: Solvers) -> None:
    before = family()
    solvers.solve(world.knapsack(), 60, ("highs",))
    (kept,) = family() - before
    kept.kill()
    os.waitid(os.P_PID, kept.pid, os.WEXITED | os.WNOWAIT)  # all its threads have ended
    outcome = solvers.solve(world.knapsack(), 60, ("highs",))
    assert (outcome.state, outcome.failures) == (State.OPTIMAL, ())


def test_who_loses_is_ended_and_replaced() -> None:
    """Here HiGHS hangs, with a process of its own, and so CBC wins."""
    body = "import subprocess; subprocess.Popen(['sleep', '1000']).wait()"
    solvers = Solvers(world.highs(body), cores=2, head_start_s=1.0)
    before = family()
    outcome = solvers.solve(world.knapsack(), 60)
    assert outcome.solver == "cbc"
    until(lambda: len(family() - before) == 1)
    assert "sleep 1000" not in commands(family() - before)
    solvers.close()
    until(lambda: family() <= before)  # its replacement may just have been starting


def test_cbc_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    before = family()
    solvers = Solvers(cbc=world.cbc(tmp_path, "sleep 1000 & sleep 1000"), cores=2, head_start_s=0.5)
    assert solvers.solve(world.knapsack(), 60, ("cbc", "highs")).solver == "highs"
    solvers.close()
    until(lambda: family() <= before)


def test_a_time_limit_leaves_nothing_at_work(solvers: Solvers) -> None:
    before = family()
    solvers.solve(world.hopeless(), world.HARD_S)
    until(lambda: len(family() - before) <= 1)
    assert "cbc" not in commands(family() - before)


def test_no_more_are_kept_than_there_are_processors() -> None:
    before, solvers = family(), Solvers(cores=1)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda seed: solvers.solve(world.assignment(30, seed), 60, ("highs",)), range(4)))
    assert len(family() - before) == 1
    solvers.close()


PARENT = """
import sys
from placement.solving.solvers import SOLVERS
from tests.unit import solving_world as world
SOLVERS.solve(world.knapsack(), 60, ("highs",))
print("ready", flush=True)
{then}
"""


@pytest.mark.parametrize(
    ("then", "at_work"),
    [
        ("sys.stdin.read()", ("placement.solving.child",)),
        ("SOLVERS.warm(); sys.stdin.read()", ("placement.solving.child", "placement.solving.child")),
        ('SOLVERS.solve(world.hopeless(), 1000, ("highs",))', ("placement.solving.child",)),
        ('SOLVERS.solve(world.hopeless(), 1000, ("cbc",))', ("placement.solving.child", "cbc", "-sec")),
        ("SOLVERS.solve(world.hopeless(), 1000)", ("placement.solving.child", "cbc", "-sec")),
    ],
    ids=["at rest", "warmed", "HiGHS at work", "CBC at work", "both at work"],
)
def test_nothing_outlives_a_parent_that_is_killed(
    then: str, at_work: tuple[str, ...], tmp_path: Path
) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(then=then)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={"TMPDIR": str(tmp_path)},
    )
    with parent:
        assert parent.stdout is not None and parent.stdout.readline() == b"ready\n"
        until(lambda: all(word in commands(family(parent.pid)) for word in at_work))
        children = family(parent.pid)
        parent.kill()
    until(lambda: not any(lives(child) for child in children))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "raise KeyboardInterrupt"])
def test_nothing_outlives_a_parent_that_ends(end: str) -> None:
    """A request that is still at work in a thread does not keep it from ending."""
    then = f"""
import threading, time
solve = lambda: SOLVERS.solve(world.hopeless(), 1000)
threading.Thread(target=solve, daemon=True).start()
sys.stdin.readline()
{end}
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(then=then)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    with parent:
        assert parent.stdout is not None and parent.stdin is not None
        parent.stdout.readline()
        until(lambda: "-sec" in commands(family(parent.pid)))
        children = family(parent.pid)
        parent.stdin.write(b"\n")
        parent.stdin.flush()
        parent.wait()
    until(lambda: not any(lives(child) for child in children))


def test_one_that_is_stopped_while_its_answer_is_on_its_way_is_not_asked_again() -> None:
    body = """
values = zeros.copy(); values[[0, 2, 7]] = 1
say(Incumbent(values)); say(Answer(State.OPTIMAL, values, -17.0))
"""
    children = Children(world.highs(body), kept=1)
    request = Request(program(world.knapsack()), time.monotonic() + 60)
    try:
        run = HighsRun(children, request)
        heard = run.messages()
        assert isinstance(next(heard), Incumbent)
        time.sleep(0.5)  # so that its answer is there, unread
        run.stop()
        assert isinstance(next(heard), Answer)
        assert list(heard) == []
        assert isinstance(list(HighsRun(children, request).messages())[-1], Answer)
    finally:
        children.close()
