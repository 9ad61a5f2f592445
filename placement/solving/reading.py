"""From a PuLP problem to arrays."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pulp

from placement.solving.program import Floats, Program

_SLACK = 1e-9


def program(problem: pulp.LpProblem) -> Program:
    """The arrays of `problem`; raises ValueError where a coefficient is no finite number.

    An integer's bounds become integers: with others HiGHS 1.15 and CBC 2.10 have called feasible programs
    infeasible, and optima what were none.
    """
    objective, rows = problem.objective or pulp.LpAffineExpression(), problem.constraints()
    variables = _variables(objective, rows)
    index = {id(variable): number for number, variable in enumerate(variables)}
    costs = np.zeros(len(variables))
    costs[[index[id(variable)] for variable in objective]] = list(objective.values())
    integral = np.array([variable.cat == pulp.LpInteger for variable in variables], dtype=np.int32)
    lower = _bounds((variable.lowBound for variable in variables), -np.inf)
    upper = _bounds((variable.upBound for variable in variables), np.inf)
    found = Program(
        names=tuple(variable.name for variable in variables),
        maximises=problem.sense == pulp.LpMaximize,
        constant=objective.constant,
        costs=costs,
        lower=np.where(integral, np.ceil(lower - _SLACK), lower),
        upper=np.where(integral, np.floor(upper + _SLACK), upper),
        integral=integral,
        row_lower=_bounds((row.getLb() for row in rows), -np.inf),
        row_upper=_bounds((row.getUb() for row in rows), np.inf),
        starts=np.cumsum([0, *(len(row) for row in rows)], dtype=np.int32),
        indices=np.array([index[id(variable)] for row in rows for variable in row], dtype=np.int32),
        coefficients=np.array([number for row in rows for number in row.values()], dtype=np.float64),
    )
    if not (np.isfinite(found.costs).all() and np.isfinite(found.coefficients).all()):
        raise ValueError("the problem has a coefficient that is no finite number")
    return replace(found, costs=-costs, constant=-found.constant) if found.maximises else found


def _variables(objective: Any, rows: list[Any]) -> list[pulp.LpVariable]:
    found = {id(variable): variable for variable in objective}
    for row in rows:
        found.update((id(variable), variable) for variable in row)
    return list(found.values())


def _bounds(limits: Iterable[float | None], absent: float) -> Floats:
    return np.array([absent if limit is None else limit for limit in limits], dtype=np.float64)
