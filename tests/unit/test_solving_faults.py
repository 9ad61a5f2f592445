"""Placements with solvers that crash, hang or lie: a right plan all the same, or an error that names them."""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from domain.errors import InfeasibleError, TemporaryError
from domain.infrastructure import Infrastructure
from domain.plans import Plan, ServiceGraph
from placement.check import violations
from placement.solve import Choice, place
from placement.solving import cbc, children
from placement.solving.outcomes import SolverName
from placement.solving.solvers import Solvers
from tests.unit import solving_world
from tests.unit.placement_world import FREE, infra, instance, link, pop, service, wire

ABSENT = ["/nowhere/to/be/found"]
LIMIT_S = 8.0
"""Where a solver hangs: the other one begins at half of what the search leaves of it."""
SHORT_S = 2.0
GRACE_S = 30.0
"""On a busy machine, too."""

Make = Callable[..., Solvers]
Case = tuple[ServiceGraph, Infrastructure]

LIES = {
    "zeros": "say(Answer(State.OPTIMAL, zeros, 0.0))",
    "ones": "say(Answer(State.OPTIMAL, zeros + 1, 0.0))",
    "halves": "say(Answer(State.OPTIMAL, zeros + 0.5, 0.0))",
    "no numbers": "say(Answer(State.OPTIMAL, zeros * np.nan, 0.0))",
    "too few": "say(Answer(State.OPTIMAL, zeros[:-1], 0.0))",
    "infeasible": "say(Answer(State.INFEASIBLE))",
    "a bound above all plans": "say(Answer(State.UNKNOWN, None, 1e9))",
}
CRASHES = {
    "an error": "raise MemoryError('too large')",
    "a signal": "os.kill(os.getpid(), signal.SIGSEGV)",
    "an exit": "sys.exit('no licence for you')",
    "noise": "print('Optimal, trust me', flush=True)",
}


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Solvers] = []

    def solvers(highs: Sequence[str] = children.OWN, cbc: Sequence[str] = cbc.OWN) -> Solvers:
        made.append(Solvers(highs, cbc, cores=2, grace_s=GRACE_S, head_start_s=60.0, opinion_s=60.0))
        return made[-1]

    yield solvers
    for each in made:
        each.close()


def meshed(seed: int = 10) -> Case:
    """Parts that talk to each other over narrow links: the search leaves something to the solvers."""
    dice, names = random.Random(seed), range(7)
    pops = {
        f"p{number}": pop(vcpus=dice.choice([2, 3, 4]), price=dice.choice([1, 1.5, 2, 3])) for number in names
    }
    pairs = [(one, other) for one in names for other in names[one + 1 :] if dice.random() < 0.5]
    wires = {
        f"l{one}{other}": wire(
            f"p{one}", f"p{other}", dice.choice([20, 30]), dice.choice([1, 2, 5]), dice.choice([0.01, 0.05])
        )
        for one, other in pairs
    }
    parts = [instance(f"c{number}-1", vcpus=dice.choice([1, 2])) for number in range(5)]
    talks = [
        link(one.name, other.name)
        for number, one in enumerate(parts)
        for other in parts[number + 1 :]
        if dice.random() < 0.7
    ]
    return service(*parts, links=tuple(talks)), infra(pops, wires)


def planned(case: Case, solvers: Solvers, solver: Choice = "auto", limit_s: float = 60.0) -> Plan:
    graph, where = case
    plan = place(graph, where, FREE, time_limit_s=limit_s, solver=solver, solvers=solvers)
    assert violations(plan, graph, where, FREE) == []
    return plan


def is_best(plan: Plan, solver: SolverName, truth: float) -> bool:
    return plan.solver == solver and plan.gap == 0 and plan.cost_per_hour == pytest.approx(truth)


@pytest.fixture(scope="module")
def truth() -> float:
    """The least that the meshed service counts."""
    solvers = Solvers()
    plan = planned(meshed(), solvers, "highs")
    solvers.close()
    assert (plan.gap, plan.solver) == (0, "highs")
    return plan.cost_per_hour


def test_the_case_is_left_to_the_solvers(make: Make, truth: float) -> None:
    plan = planned(meshed(), make())
    assert is_best(plan, "highs", truth)


@pytest.mark.parametrize("body", [*LIES.values(), *CRASHES.values()], ids=[*LIES, *CRASHES])
def test_highs_is_not_believed_and_cbc_answers(make: Make, truth: float, body: str) -> None:
    plan = planned(meshed(), make(highs=solving_world.highs(body)))
    assert is_best(plan, "cbc", truth)


def test_highs_hangs_and_cbc_answers(make: Make, truth: float) -> None:
    plan = planned(meshed(), make(highs=solving_world.highs("time.sleep(1000)")), limit_s=LIMIT_S)
    assert is_best(plan, "cbc", truth)


def test_highs_is_not_there_and_cbc_answers(make: Make, truth: float) -> None:
    plan = planned(meshed(), make(highs=ABSENT))
    assert is_best(plan, "cbc", truth)


def test_without_solvers_the_search_has_a_plan_and_says_how_good(make: Make, truth: float) -> None:
    plan = planned(meshed(), make(ABSENT, ABSENT))
    assert plan.solver == "search"
    assert 0 < plan.gap < 1
    assert plan.cost_per_hour * (1 - plan.gap) <= truth <= plan.cost_per_hour


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_reference_that_fails_is_named(make: Make, tmp_path: Path, solver: Choice) -> None:
    solvers = make(
        solving_world.highs("sys.exit('no licence for you')"),
        solving_world.cbc(tmp_path, "echo no licence for you; exit 1"),
    )
    with pytest.raises(TemporaryError, match=f"no placement: {solver}: .* no licence for you"):
        planned(meshed(), solvers, solver)


@pytest.mark.parametrize("body", LIES.values(), ids=LIES)
def test_a_reference_that_lies_is_no_plan(make: Make, body: str) -> None:
    with pytest.raises((TemporaryError, InfeasibleError)):
        planned(meshed(), make(highs=solving_world.highs(body)), "highs")


def test_what_is_infeasible_is_so_whoever_fails(make: Make) -> None:
    graph, where = meshed()
    crowd = [instance(f"d{number}-1", vcpus=2) for number in range(12)]
    full = graph.model_copy(update={"instances": (*graph.instances, *crowd)})
    for highs in ([], solving_world.highs("sys.exit(1)")):
        with pytest.raises(InfeasibleError, match="each part fits alone, but not together"):
            planned((full, where), make(highs=highs) if highs else make())


def slow(share: float) -> list[str]:
    """HiGHS as it would be if it found the optimum, and when its time is over had proven a share of it."""
    return solving_world.highs(f"""
patient = dataclasses.replace(request, deadline=request.deadline + 25)
found = child.answer(patient, lambda message: None)
time.sleep(max(0, request.deadline - time.monotonic()))
say(Answer(State.FEASIBLE, found.values, {share} * program.cost(found.values)))
""")


def test_a_time_out_with_a_plan_reports_the_gap(make: Make, truth: float) -> None:
    plan = planned(meshed(), make(slow(0.75)), "highs", SHORT_S)
    assert plan.cost_per_hour == pytest.approx(truth)
    assert plan.gap == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("budget", "error", "words"),
    [
        (0.8, TemporaryError, "the cheapest so far costs .*, and none costs less than"),
        (0.7, InfeasibleError, "is below any placement: at least"),
    ],
)
def test_a_time_out_above_the_budget(
    make: Make, truth: float, budget: float, error: type[Exception], words: str
) -> None:
    """Three quarters of the least cost are proven: a budget below that is too low, one above it may do."""
    graph, where = meshed()
    tight = graph.model_copy(update={"budget_per_hour": budget * truth})
    with pytest.raises(error, match=words):
        planned((tight, where), make(slow(0.75)), "highs", SHORT_S)
