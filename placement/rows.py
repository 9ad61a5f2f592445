"""Rows of the program, built without PuLP's operators: those copy each sum once a term."""

import pulp

Terms = dict[pulp.LpVariable, float]
"""Variable -> coefficient."""

_FORBIDDEN = 2.0
"""Of a row scaled to 1: what alone breaks the limit counts so much, however much more it is."""


def equal(problem: pulp.LpProblem, terms: Terms, amount: float) -> None:
    """Constrain the sum to be `amount`."""
    _add(problem, terms, pulp.LpConstraintEQ, amount)


def at_most(problem: pulp.LpProblem, terms: Terms, amount: float) -> None:
    """Constrain the sum to at most `amount`."""
    _add(problem, terms, pulp.LpConstraintLE, amount)


def cap(problem: pulp.LpProblem, terms: Terms, limit: float) -> None:
    """Constrain a sum of binaries to at most `limit`, scaled to 1 for the solvers' tolerances.

    Terms of 0 do not count; a limit that the sum cannot reach is left out.
    """
    counted = {variable: amount for variable, amount in terms.items() if amount > 0}
    if sum(counted.values()) <= limit:
        return
    if limit <= 0:
        at_most(problem, dict.fromkeys(counted, 1.0), 0.0)
    else:
        scaled = {variable: min(amount / limit, _FORBIDDEN) for variable, amount in counted.items()}
        at_most(problem, scaled, 1.0)


def _add(problem: pulp.LpProblem, terms: Terms, sense: int, amount: float) -> None:
    problem.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(terms), sense, rhs=amount))
