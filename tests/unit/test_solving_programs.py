"""Solvers that crash, hang, lie or talk nonsense: each is named with its cause, and the other one answers."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from placement.solving import cbc, children
from placement.solving.outcomes import Outcome, SolverFailedError, SolverName, State
from placement.solving.solvers import Solvers
from tests.unit import solving_world as world

ABSENT = ["/nowhere/to/be/found"]
GRACE_S = 0.2
HEAD_START_S = 60.0
"""Longer than these programs take to say what they say: so it is heard."""
OPINION_S = 60.0
LIMIT_S = 4.0
"""Of a solver that hangs: the other one begins at half of it."""

Make = Callable[..., Solvers]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Solvers] = []

    def solvers(
        highs: Sequence[str] = children.OWN,
        cbc: Sequence[str] = cbc.OWN,
        cores: int = 2,
        grace_s: float = GRACE_S,
    ) -> Solvers:
        made.append(
            Solvers(highs, cbc, cores=cores, grace_s=grace_s, head_start_s=HEAD_START_S, opinion_s=OPINION_S)
        )
        return made[-1]

    yield solvers
    for each in made:
        each.close()


def answered_by(outcome: Outcome, solver: SolverName) -> str:
    """That the knapsack is solved by `solver`; the cause that the other one did not."""
    assert (outcome.state, outcome.solver, outcome.objective) == (State.OPTIMAL, solver, 1017.0)
    (failure,) = outcome.failures
    return failure


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("sys.exit('no licence for you')", "highs: ended with status 1: no licence for you"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "highs: was ended by SIGSEGV"),
        ("raise MemoryError('too large')", "highs: ended with status 1: MemoryError: too large"),
        ("os.close(1); time.sleep(1000)", "highs: closed its output"),
        ("print('Welcome to a solver that likes to talk', flush=True)", "highs: what it says is no message"),
        ("say('optimal, trust me')", "highs: what it says is no answer"),
        ("say(Answer(State.OPTIMAL, [0.0]))", "highs: what it says is no answer"),
        ("say(Answer(State.UNKNOWN))", "highs: stopped before its time without a solution"),
        ("say(Failure('ran out of ideas'))", "highs: ran out of ideas"),
        ("say(Answer(State.OPTIMAL))", "highs: returned no values that could be read"),
        ("say(Answer(State.OPTIMAL, zeros * np.nan))", "no solution: a = nan, which is no number"),
        ("say(Answer(State.OPTIMAL, zeros + 0.5))", "no solution: a = 0.5, which is no integer"),
        ("say(Answer(State.OPTIMAL, zeros - 1))", "no solution: a = -1, which is out of bounds"),
        ("say(Answer(State.OPTIMAL, zeros + 1))", "no solution: row 1 is 49, not within -inf and 10"),
        ("say(Answer(State.OPTIMAL, zeros[1:]))", "no solution: 7 values for 8 variables"),
    ],
)
def test_highs_fails_and_cbc_answers(make: Make, body: str, cause: str) -> None:
    outcome = make(highs=world.highs(body)).solve(world.knapsack(), 60)
    assert cause in answered_by(outcome, "cbc")


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("echo no licence for you; exit 3", "cbc: ended with status 3: no licence for you"),
        ("kill -SEGV $$", "cbc: was ended by SIGSEGV"),
        ("echo Welcome", "cbc: ends with: Welcome"),
        ("true", "cbc: ends with: neither a solution nor a word"),
        ('echo "Optimal - objective value 3" > "$solution"; exit 9', "cbc: ended with status 9"),
        ('echo "Perfect" > "$solution"', "cbc: ends with: Perfect"),
        (
            'printf "Optimal - objective value 3\\n0 C0000000 much 0\\n" > "$solution"',
            "cbc: returned no values that could be read",
        ),
        (
            'printf "Optimal - objective value 3\\n0 C0000099 1 0\\n" > "$solution"',
            "cbc: returned no values that could be read",
        ),
        (
            'printf "Optimal - objective value 3\\n0 C0000000 nan 0\\n" > "$solution"',
            "cbc: returned values that are no solution: a = nan, which is no number",
        ),
        ('echo "Stopped on difficulties (no integer solution)" > "$solution"', "stopped before its time"),
    ],
)
def test_cbc_fails_and_highs_answers(make: Make, tmp_path: Path, body: str, cause: str) -> None:
    outcome = make(cbc=world.cbc(tmp_path, body)).solve(world.knapsack(), 60, ("cbc", "highs"))
    assert cause in answered_by(outcome, "highs")


def test_a_problem_that_highs_does_not_take(make: Make) -> None:
    """It takes no coefficient above 1e15; CBC does."""
    problem = world.knapsack()
    problem.addConstraint(1e16 * problem.variables()[0] <= 1e16)
    outcome = make().solve(problem, 60)
    assert answered_by(outcome, "cbc") == "highs: does not take the problem"


def test_a_solver_that_is_not_there(make: Make) -> None:
    outcome = make(highs=ABSENT).solve(world.knapsack(), 60)
    assert answered_by(outcome, "cbc").startswith("highs: cannot be started: [Errno 2] No such file")
    outcome = make(cbc=ABSENT).solve(world.knapsack(), 60, ("cbc", "highs"))
    assert "not found" in answered_by(outcome, "highs")


def test_each_that_failed_is_named(make: Make, tmp_path: Path) -> None:
    solvers = make(highs=world.highs("sys.exit('tired')"), cbc=world.cbc(tmp_path, "echo lost; exit 2"))
    with pytest.raises(
        SolverFailedError,
        match=r"^highs: ended with status 1: tired; cbc: ended with status 2: lost$",
    ):
        solvers.solve(world.knapsack(), 60)


@pytest.mark.parametrize("cores", [1, 2])
def test_highs_hangs_and_cbc_answers(make: Make, cores: int) -> None:
    """With one processor, too: CBC joins at half of the time."""
    solvers = make(highs=world.highs("time.sleep(1000)"), cores=cores)
    outcome = solvers.solve(world.knapsack(), LIMIT_S)
    assert (outcome.state, outcome.solver, outcome.objective) == (State.OPTIMAL, "cbc", 1017.0)


def test_cbc_hangs_and_highs_answers(make: Make, tmp_path: Path) -> None:
    solvers = make(cbc=world.cbc(tmp_path, "trap '' TERM; sleep 1000"))
    outcome = solvers.solve(world.knapsack(), LIMIT_S, ("cbc", "highs"))
    assert (outcome.state, outcome.solver, outcome.objective) == (State.OPTIMAL, "highs", 1017.0)


def test_both_hang(make: Make, tmp_path: Path) -> None:
    solvers = make(highs=world.highs("time.sleep(1000)"), cbc=world.cbc(tmp_path, "sleep 1000"))
    with pytest.raises(
        SolverFailedError,
        match="highs: did not stop at its limit of 4 s; cbc: did not stop at its limit of 4 s",
    ):
        solvers.solve(world.knapsack(), LIMIT_S)


def test_what_a_hanging_solver_told_of_is_not_lost(make: Make, tmp_path: Path) -> None:
    """Two things and what is no solution at all are told of; only the former count."""
    body = """
values = zeros.copy(); values[0] = values[2] = 1
say(Incumbent(values)); say(Incumbent(zeros + 1)); time.sleep(1000)
"""
    solvers = make(highs=world.highs(body), cbc=world.cbc(tmp_path, "sleep 1000"))
    outcome = solvers.solve(
        world.knapsack(), 4 * LIMIT_S
    )  # on a busy machine it takes seconds to tell anything
    assert (outcome.state, outcome.objective, outcome.bound) == (State.FEASIBLE, 1010.0, None)
    assert outcome.failures == ("cbc: did not stop at its limit of 16 s",)


def test_a_false_optimum_is_caught_by_a_better_solution(make: Make) -> None:
    solvers = make(highs=world.highs("say(Answer(State.OPTIMAL, zeros, 0.0))"))
    outcome = solvers.solve(world.knapsack(), 60, start={"a": 1.0})
    assert answered_by(outcome, "cbc") == "highs: calls a solution optimal, though a better one is known"


def test_an_optimum_that_its_own_bound_belies_is_none(make: Make) -> None:
    solvers = make(highs=world.highs("say(Answer(State.OPTIMAL, zeros, -50.0))"))
    outcome = solvers.solve(world.knapsack(), 60)
    assert (outcome.state, outcome.solver, outcome.objective) == (State.OPTIMAL, "cbc", 1017.0)


def test_what_is_called_infeasible_is_not_where_a_solution_is_known(make: Make) -> None:
    solvers = make(highs=world.highs("say(Answer(State.INFEASIBLE))"))
    outcome = solvers.solve(world.knapsack(), 60, start={"a": 1.0})
    assert answered_by(outcome, "cbc") == "highs: calls it infeasible, though a solution is known"


def test_who_finds_a_solution_disproves_that_there_is_none(make: Make, tmp_path: Path) -> None:
    solvers = make(highs=world.highs("say(Answer(State.INFEASIBLE))"))
    cause = answered_by(solvers.solve(world.knapsack(), 60), "cbc")
    assert cause == "highs: calls it infeasible, though a solution is known"
    solvers = make(cbc=world.cbc(tmp_path, 'echo "Infeasible - objective value 0" > "$solution"'))
    cause = answered_by(solvers.solve(world.knapsack(), 60, ("cbc", "highs")), "highs")
    assert cause == "cbc: calls it infeasible, though a solution is known"


def test_a_solution_on_the_way_disproves_that_there_is_none(make: Make, tmp_path: Path) -> None:
    """CBC, which is asked first, would not be believed even if HiGHS found nothing more."""
    body = """
say(Incumbent(zeros))
time.sleep(max(0, request.deadline - time.monotonic())); say(Answer(State.FEASIBLE, zeros, -40.0))
"""
    lie = 'echo "Infeasible - objective value 0" > "$solution"'
    solvers = make(highs=world.highs(body), cbc=world.cbc(tmp_path, lie))
    outcome = solvers.solve(world.knapsack(), LIMIT_S, ("cbc", "highs"))
    assert (outcome.state, outcome.objective, outcome.bound) == (State.FEASIBLE, 1000.0, 1040.0)


def test_what_nobody_disproves_in_time_is_believed(tmp_path: Path) -> None:
    lie = world.highs("say(Answer(State.INFEASIBLE))")
    solvers = Solvers(lie, world.cbc(tmp_path, "sleep 1000"), cores=2)
    outcome = solvers.solve(world.knapsack(), 1000)
    solvers.close()
    assert (outcome.state, outcome.solver) == (State.INFEASIBLE, "highs")


def test_what_is_called_infeasible_may_be_refused(make: Make) -> None:
    def accept(outcome: Outcome) -> str | None:
        return "it has a solution" if outcome.state is State.INFEASIBLE else None

    solvers = make(highs=world.highs("say(Answer(State.INFEASIBLE))"))
    outcome = solvers.solve(world.knapsack(), 60, accept=accept)
    assert answered_by(outcome, "cbc") == "highs: its answer is refused: it has a solution"


@pytest.mark.parametrize("claim", ["Infeasible", "Integer infeasible", "Optimal"])
def test_what_cbc_claims_when_its_time_is_over_is_no_proof(make: Make, tmp_path: Path, claim: str) -> None:
    body = f'sleep 1.05; echo "{claim} - objective value 0.0" > "$solution"'
    outcome = make(cbc=world.cbc(tmp_path, body), grace_s=60.0).solve(world.knapsack(), 1.0, ("cbc",))
    assert (outcome.state, outcome.bound) == (State.FEASIBLE if claim == "Optimal" else State.UNKNOWN, None)


def test_a_bound_that_a_solution_disproves_does_not_count(make: Make) -> None:
    """At the limit CBC has an honest gap, whatever bound HiGHS boasts of."""
    body = "time.sleep(max(0, request.deadline - time.monotonic())); say(Answer(State.UNKNOWN, bound=-10.0))"
    outcome = make(highs=world.highs(body), grace_s=60.0).solve(world.hard(), 3 * world.HARD_S)
    assert (outcome.state, outcome.solver) == (State.FEASIBLE, "cbc")
    assert outcome.objective is not None and outcome.bound is not None
    assert outcome.bound < outcome.objective < -10


def test_the_next_request_finds_solvers_that_work(make: Make, tmp_path: Path) -> None:
    """One crash costs one request: another process takes the place of the one that is gone."""
    marker = tmp_path / "crashed"
    body = f"""
if not os.path.exists({str(marker)!r}):
    open({str(marker)!r}, "w").close(); os.kill(os.getpid(), signal.SIGKILL)
values = zeros.copy(); values[[0, 2, 7]] = 1
say(Answer(State.OPTIMAL, values, -17.0))
"""
    solvers = make(highs=world.highs(body))
    assert answered_by(solvers.solve(world.knapsack(), 60), "cbc") == "highs: was ended by SIGKILL"
    assert solvers.solve(world.knapsack(), 60, ("highs",)).solver == "highs"
