"""The way in: a service graph and what is free go in, a checked plan comes out.

First the search (placement/search): bounds and plans that mostly meet. What it leaves open goes as a program,
cut down to what can still be better, to the solvers (placement/solving).
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Literal

from domain.errors import InfeasibleError, TemporaryError
from domain.infrastructure import Infrastructure
from domain.plans import Plan, ServiceGraph, Standing
from placement import answers, model, reasons, routes, size, topology
from placement.abstraction import abstracting
from placement.answers import Draft, Task
from placement.candidates import candidates
from placement.hearing import Hearing
from placement.needs import Needs
from placement.search import finding
from placement.search.reduction import Remainder
from placement.search.results import Finding, Found
from placement.search.setting import Setting
from placement.solving.outcomes import SolverFailedError, SolverName
from placement.solving.solvers import SOLVERS, Solvers
from placement.topology import Usage

Choice = Literal["auto"] | SolverName

_BOTH: tuple[SolverName, ...] = ("highs", "cbc")
_SEARCH_SHARE = 0.4
"""Of the time limit, for the search at most."""
_LAST_SHARE = 0.8
"""The same where no plan is known, and the program is too large for solvers."""
_FIRST_S = 0.3
"""For a first plan, however short the time is."""
_TERM_S = 5e-6
"""What it takes to build a program, for each of its terms."""
_LESS = 0.7
"""Of a whole program: where more of it is left, solvers are given the whole."""
_HOPELESS = 0.1
"""Of the time limit: where a program takes longer to build, solvers seldom find anything."""
_LAST_S = 0.05
"""What a solver gets where no time is left."""

_log = logging.getLogger(__name__)


def place(
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    time_limit_s: float = 30.0,
    solver: Choice = "auto",
    standing: Standing | None = None,
    solvers: Solvers = SOLVERS,
) -> Plan:
    """The best plan; the best known one with its proven gap where the time ran out before the proof.

    Raises InfeasibleError with the first reason, and TemporaryError where the time ran out before anything
    was known or no solver works.

    :param usage: all that is taken, by this service too
    :param solver: one by name solves the whole program alone: the reference
    :param standing: what this service keeps; its ways give way where nothing is possible with them
    """
    stays = standing or Standing()
    if solver == "auto":
        solved = partial(_solved, names=None, solvers=solvers)
        if len(infrastructure.pops) > abstracting.LARGE:
            return abstracting.placed(graph, infrastructure, usage, stays, time_limit_s, solved)
        return solved(graph, infrastructure, usage, time_limit_s, stays)
    return _solved(graph, infrastructure, usage, time_limit_s, stays, (solver,), solvers)


def _solved(
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    time_limit_s: float,
    standing: Standing,
    names: Sequence[SolverName] | None,
    solvers: Solvers,
) -> Plan:
    """By the solvers `names` alone; by the search first, and then by any, where they are None."""
    started = time.monotonic()
    free = topology.build(infrastructure, usage)
    options = candidates(graph, infrastructure, free, standing)
    reason = reasons.homeless(graph, infrastructure, free, options)
    if reason is not None:
        raise InfeasibleError(reason)
    fixed = Needs(standing).fixed(graph, options, free)
    task = Task(graph, infrastructure, usage, free, standing, options, fixed, time_limit_s, started)
    placed = (
        partial(_searched, solvers=solvers)
        if names is None
        else partial(_modelled, names=names, solvers=solvers)
    )
    *firsts, last = _attempts(task)
    for attempt in firsts:
        with suppress(InfeasibleError):
            return placed(attempt)
    return placed(last)


def _attempts(task: Task) -> Iterator[Task]:
    """This, and what is left to try where it is infeasible; what the last one meets is the reason."""
    yield task
    loose = replace(task, fixed={})
    if task.fixed:
        yield loose
    if task.graph.budget_per_hour is not None and not task.aim.is_cost_alone:
        unmoved = task.standing.model_copy(update={"move_cost_per_hour": {}})
        cheapest = task.graph.model_copy(update={"objective": "cost"})
        yield replace(loose, graph=cheapest, standing=unmoved)  # tells what the budget would have to be


def _searched(task: Task, solvers: Solvers) -> Plan:
    setting = Setting(
        task.graph, task.infrastructure, task.usage, task.standing, task.free, task.options, task.fixed
    )
    found = finding.find(setting, _SEARCH_SHARE * task.time_limit_s, _last_s(task))
    best = _best(task, found)
    if (best is None) != (found.best is None):
        return _modelled(task, _BOTH, solvers)
    if found.left is not None and _is_worth(task, found.left, 1.0 if best is None else 0.5):
        return _modelled(task, _BOTH, solvers, found, best)
    if found.reason:
        raise InfeasibleError(found.reason)
    if best is None:
        raise answers.impossible(task) if found.left is None else answers.late(task, "the search")
    return answers.within_budget(task, best)


def _is_worth(task: Task, left: Remainder, share: float) -> bool:
    """Whether a program is built in a share of what is left of the time."""
    return size.of_program(task, left) * _TERM_S < share * task.left_s


def _is_less(task: Task, found: Finding) -> bool:
    """Whether what the search left is so much less than all that solvers are quicker with it."""
    return found.left is not None and size.of_program(task, found.left) < _LESS * size.of_program(task)


def _last_s(task: Task) -> float:
    """How long a first plan is searched for: to the end, where solvers would have no time for the program."""
    is_large = size.of_program(task) * _TERM_S > _HOPELESS * task.time_limit_s
    return max(_FIRST_S, (_LAST_SHARE if is_large else _SEARCH_SHARE) * task.left_s)


def _best(task: Task, found: Finding) -> Plan | None:
    """The best plan of the search, where there is one and the checker agrees."""
    if found.best is None:
        return None
    best, where = found.best, dict(found.best.places)
    ways = routes.straightened(
        list(best.ways), task.graph, task.free, where, task.needs, task.fixed, task.deadline
    )
    made = answers.plan(task, Draft(where, ways, "search", found.bound, found.left is None))
    wrong = answers.fault(task, made)
    if wrong is not None:
        _log.error("the search returned %s", wrong)
    return made if wrong is None else None


def _modelled(
    task: Task,
    names: Sequence[SolverName],
    solvers: Solvers,
    found: Finding | None = None,
    best: Plan | None = None,
) -> Plan:
    """By the whole program, or by what the search left of it.

    :param best: the plan that the search found
    """
    left = found.left if found and _is_less(task, found) else None
    options, arcs = (left.options, left.arcs) if left else (task.options, None)
    program = model.build(task.graph, task.free, options, task.needs, task.fixed, task.aim, arcs)
    hearing = Hearing(task, program, found.bound if found else 0.0, best)
    start = _values(program, found.best) if found and found.best else None
    limit_s = max(_LAST_S, task.left_s)
    try:
        outcome = solvers.solve(program.problem, limit_s, names, start=start, accept=hearing.refused)
    except SolverFailedError as failure:
        if best is None:
            raise TemporaryError(f"no placement: {failure}") from failure
        _log.warning("no solver answered: %s", failure)
        return answers.within_budget(task, best)
    return hearing.plan(outcome)


def _values(program: model.PlacementModel, best: Found) -> dict[str, float]:
    """The search's plan as values of the program's variables."""
    chosen = [variable for (end, pop), variable in program.x.items() if best.places[end] == pop]
    chosen += [program.y[way.link][arc] for way in best.ways for arc in model.arcs_of(way)]
    return {variable.name: 1.0 for variable in chosen}
