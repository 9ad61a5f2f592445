"""How large a placement's program would be."""

from collections import Counter

from placement.answers import Task
from placement.search.reduction import Remainder

_ROWS = 4
"""In which a variable is: both ends of its arc, bandwidth, and the objective."""


def of_program(task: Task, left: Remainder | None = None) -> int:
    """How many terms its rows have, about.

    :param left: what of it is to be solved; all of it by default
    """
    chains = Counter(
        name for chain in task.graph.chains for name in chain.links if chain.latency_ms is not None
    )
    options = left.options if left else task.options
    every = 2 * task.free.number_of_edges()
    known = left.arcs if left else {}
    places = sum(len(pops) for pops in options.values())
    return _ROWS * places + sum(
        (len(known[link.name]) if link.name in known else every) * (_ROWS + chains[link.name])
        for link in task.graph.links
    )
