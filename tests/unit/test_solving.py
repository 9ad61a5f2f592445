"""HiGHS and CBC through one door: their answers, limits, starts and cut-offs."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import networkx as nx
import pulp
import pytest

from placement.solving.outcomes import Outcome, SolverFailedError, SolverName, State
from placement.solving.solvers import Solvers
from tests.unit import solving_world as world

HIGHS: tuple[SolverName, ...] = ("highs",)
CBC: tuple[SolverName, ...] = ("cbc",)
BOTH: tuple[SolverName, ...] = ("highs", "cbc")
ANY = pytest.mark.parametrize("names", [HIGHS, CBC, BOTH], ids="-".join)


@pytest.fixture(scope="module")
def solvers() -> Iterator[Solvers]:
    found = Solvers(cores=2, grace_s=60.0)  # a busy machine is allowed its time
    yield found
    found.close()


def chosen(outcome: Outcome) -> set[str]:
    return {name for name, value in outcome.values.items() if value}


@ANY
def test_an_optimum_is_found_and_proven(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    problem = world.assignment(12)
    outcome = solvers.solve(problem, 60, names)
    network = nx.Graph()
    for variable, cost in problem.objective.items():
        _, one, other = variable.name.split("_")
        network.add_edge(("worker", one), ("task", other), weight=cost)
    pairs = nx.min_weight_matching(network)
    least = sum(network.edges[pair]["weight"] for pair in pairs)
    assert outcome.state is State.OPTIMAL
    assert outcome.objective == pytest.approx(least)
    assert outcome.bound == pytest.approx(least)
    assert outcome.solver in names
    assert outcome.failures == ()


@ANY
def test_a_problem_may_maximise_and_have_a_constant(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    outcome = solvers.solve(world.knapsack(), 60, names)
    assert (outcome.state, outcome.objective, outcome.bound) == (State.OPTIMAL, 1017.0, 1017.0)
    assert chosen(outcome) == {"a", "c", "h"}
    assert set(outcome.values) == set("abcdefgh")


@ANY
def test_nothing_is_written_into_the_problem(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    problem = world.knapsack()
    solvers.solve(problem, 60, names)
    assert problem.status == pulp.LpStatusNotSolved
    assert [variable.varValue for variable in problem.variables()] == [None] * 8


@ANY
def test_integers_and_reals_with_any_bounds(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    problem = pulp.LpProblem("mixed", pulp.LpMinimize)
    low = problem.add_variable("low", -7.5, -2.25)
    free = problem.add_variable("free")
    whole = problem.add_variable("whole", -3, None, pulp.LpInteger)
    binary = problem.add_variable("binary", cat=pulp.LpBinary)
    problem.setObjective(2 * low + free + 0.5 * whole - 0.125 * binary)
    problem.addConstraint(free >= -1.75)
    problem.addConstraint(2 * whole >= -5)
    problem.addConstraint(binary + low == -6.5)
    outcome = solvers.solve(problem, 60, names)
    assert outcome.state is State.OPTIMAL
    assert outcome.values == pytest.approx({"low": -7.5, "free": -1.75, "whole": -2.0, "binary": 1.0})
    assert outcome.objective == pytest.approx(-17.875)


@pytest.mark.parametrize("seed", [*range(50), 317])
def test_both_agree(solvers: Solvers, seed: int) -> None:
    problem = world.mixture(seed)
    one, other = (solvers.solve(problem, 60, names) for names in (HIGHS, CBC))
    assert one.state is other.state
    assert one.state in (State.OPTIMAL, State.INFEASIBLE)
    assert one.objective == (None if other.objective is None else pytest.approx(other.objective, abs=1e-4))


@ANY
def test_a_problem_without_integers(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    problem = pulp.LpProblem("linear", pulp.LpMinimize)
    one, other = problem.add_variable("one", 0), problem.add_variable("other", 0)
    problem.setObjective(3 * one + 2 * other)
    problem.addConstraint(one + other >= 4)
    problem.addConstraint(one - other == 1)
    outcome = solvers.solve(problem, 60, names)
    assert outcome.state is State.OPTIMAL
    assert outcome.values == pytest.approx({"one": 2.5, "other": 1.5})
    assert outcome.bound == pytest.approx(10.5)


@ANY
def test_a_problem_without_rows(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    problem = pulp.LpProblem("rowless", pulp.LpMinimize)
    problem.setObjective(2 * problem.add_variable("x", 3, 9, pulp.LpInteger) + 1)
    outcome = solvers.solve(problem, 60, names)
    assert (outcome.state, outcome.objective, dict(outcome.values)) == (State.OPTIMAL, 7.0, {"x": 3.0})


def test_nothing_to_choose(solvers: Solvers) -> None:
    problem = pulp.LpProblem("empty", pulp.LpMinimize)
    assert solvers.solve(problem, 60).state is State.OPTIMAL
    problem.setObjective(pulp.LpAffineExpression(constant=4))
    assert solvers.solve(problem, 60).objective == 4
    problem.addConstraint(pulp.LpAffineExpression(constant=1) <= 0)
    assert solvers.solve(problem, 60).state is State.INFEASIBLE


@ANY
def test_what_is_infeasible_is_called_so(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    problem = world.assignment(6)
    problem.addConstraint(pulp.lpSum(problem.variables()) >= 7)
    outcome = solvers.solve(problem, 60, names)
    assert (outcome.state, outcome.bound, outcome.objective, outcome.values) == (
        State.INFEASIBLE,
        None,
        None,
        {},
    )


@ANY
def test_what_is_unbounded_is_no_answer(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    problem = pulp.LpProblem("unbounded", pulp.LpMinimize)
    one, other = problem.add_variable("one", cat=pulp.LpInteger), problem.add_variable("other", 0, 1)
    problem.setObjective(one + other)
    problem.addConstraint(one + other <= 3)
    with pytest.raises(SolverFailedError, match=r"(?i)unbounded"):
        solvers.solve(problem, 60, names)


def test_coefficients_are_numbers(solvers: Solvers) -> None:
    problem = pulp.LpProblem("odd", pulp.LpMinimize)
    variable = problem.add_variable("x", 0, 1)
    problem.setObjective(pulp.LpAffineExpression([(variable, float("nan"))]))
    with pytest.raises(SolverFailedError, match="no finite number"):
        solvers.solve(problem, 60)


@ANY
def test_the_best_answer_so_far_with_its_bound(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    outcome = solvers.solve(world.hard(), world.HARD_S, names)
    assert outcome.state is State.FEASIBLE
    assert outcome.objective is not None and outcome.bound is not None
    assert outcome.bound < outcome.objective < 0


@ANY
def test_nothing_found_and_nothing_proven(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    outcome = solvers.solve(world.hopeless(), world.HARD_S, names)
    assert (outcome.state, outcome.objective, outcome.values) == (State.UNKNOWN, None, {})


def test_no_time_at_all(solvers: Solvers) -> None:
    assert solvers.solve(world.knapsack(), 0) == Outcome(State.UNKNOWN, "highs")


@ANY
def test_a_start_is_taken(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    """Solvers find no solution of this problem by themselves in that time."""
    problem, halves = world.hopeless(), {f"x{index}": float(index % 2) for index in range(60)}
    for number, row in enumerate(problem.constraints()):
        sums = sum(weight * halves[variable.name] for variable, weight in row.items())
        row.changeRHS(sums)
        assert number < 7
    outcome = solvers.solve(problem, world.HARD_S, names, start={n: v for n, v in halves.items() if v})
    assert outcome.state in (State.FEASIBLE, State.OPTIMAL)
    assert outcome.objective is not None and outcome.objective <= 30


@ANY
def test_a_start_that_is_no_solution_does_no_harm(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    outcome = solvers.solve(world.knapsack(), 60, names, start=dict.fromkeys("abcdefgh", 1.0))
    assert (outcome.state, outcome.objective) == (State.OPTIMAL, 1017.0)


@ANY
@pytest.mark.parametrize(("cutoff", "state"), [(1016.5, State.OPTIMAL), (1017.5, State.INFEASIBLE)])
def test_only_what_is_as_good_as_the_cutoff(
    solvers: Solvers, names: tuple[SolverName, ...], cutoff: float, state: State
) -> None:
    assert solvers.solve(world.knapsack(), 60, names, cutoff=cutoff).state is state


@ANY
def test_a_cutoff_just_at_the_optimum(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    problem = world.assignment(12)
    least = solvers.solve(problem, 60, names).objective
    assert least is not None
    assert solvers.solve(problem, 60, names, cutoff=least).objective == pytest.approx(least)
    assert solvers.solve(problem, 60, names, cutoff=least - 0.5).state is State.INFEASIBLE


@ANY
def test_better_than_the_start(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    start = {"a": 1.0, "h": 1.0}
    assert solvers.solve(world.knapsack(), 60, names, start, cutoff=1013.5).objective == 1017
    assert solvers.solve(world.knapsack(), 60, names, start, cutoff=1018).state is State.INFEASIBLE


@ANY
def test_no_bound_is_above_the_cutoff(solvers: Solvers, names: tuple[SolverName, ...]) -> None:
    outcome = solvers.solve(world.hard(), world.HARD_S, names, cutoff=-5430)
    assert outcome.state in (State.UNKNOWN, State.INFEASIBLE)
    assert outcome.bound is None or outcome.bound <= -5430


def test_a_refused_answer_is_the_next_solvers_turn(solvers: Solvers) -> None:
    offered: list[SolverName] = []

    def accept(outcome: Outcome) -> str | None:
        offered.append(outcome.solver)
        return "too dear" if len(offered) == 1 else None

    outcome = solvers.solve(world.knapsack(), 60, accept=accept)
    assert set(offered) == {"highs", "cbc"}
    assert outcome.solver == offered[-1]
    assert outcome.failures == (f"{offered[0]}: its answer is refused: too dear",)


def test_all_answers_refused(solvers: Solvers) -> None:
    with pytest.raises(SolverFailedError, match=r"highs: its answer is refused: no\b.*cbc: its answer"):
        solvers.solve(world.knapsack(), 60, accept=lambda outcome: "no")


def test_an_answer_of_the_last_moment_may_be_refused_too(solvers: Solvers) -> None:
    with pytest.raises(SolverFailedError, match="refused: no"):
        solvers.solve(world.hard(), world.HARD_S, accept=lambda outcome: "no")


def test_many_at_once(solvers: Solvers) -> None:
    problems = [world.assignment(8, seed) for seed in range(12)]
    alone = [solvers.solve(problem, 60).objective for problem in problems]
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda problem: solvers.solve(problem, 60), problems))
    assert [outcome.objective for outcome in outcomes] == pytest.approx(alone)


async def test_from_an_event_loop(solvers: Solvers) -> None:
    outcomes = await asyncio.gather(
        *(asyncio.to_thread(solvers.solve, world.knapsack(), 60) for _ in range(3))
    )
    assert [outcome.objective for outcome in outcomes] == [1017.0] * 3
