"""Who takes part, and who does not, with the reason in a line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.placement import greedy, pla, tenor
from bench.placement.cases import Task
from domain.plans import Plan
from placement.solve import place

OURS, HIGHS, CBC = "ours", "highs", "cbc"
NEAREST, BEST, TENOR, PLA = "nearest-fit", "best-fit", "tenor", "pla"
ALL = (OURS, HIGHS, CBC, NEAREST, BEST, TENOR, PLA)
GREEDY = (NEAREST, BEST)
PEERS = (TENOR, PLA)


@dataclass(frozen=True)
class Contender:
    """How one places."""

    place: Callable[[Task, float], Plan]
    """Within so many seconds; raises InfeasibleError or TemporaryError."""
    prepare: Callable[[Task], None] = lambda _: None
    """What is there before it is asked, and is not timed."""


def contender(name: str) -> Contender:
    """The one of that name."""
    if name == PLA:
        module = pla.Pla()
        return Contender(module.place, module.prepare)
    return _CONTENDERS[name]


def absent() -> dict[str, str]:
    """Contender -> why it does not take part."""
    return {
        name: f"{module.PROGRAM} is not installed (Debian: {module.PACKAGE})"
        for name, module in ((TENOR, tenor), (PLA, pla))
        if not module.installed()
    }


def _by(solver: Any) -> Callable[[Task, float], Plan]:
    def placed(task: Task, time_limit_s: float) -> Plan:
        return place(task.graph, task.infrastructure, task.usage, time_limit_s, solver=solver)

    return placed


_CONTENDERS = {
    OURS: Contender(_by("auto")),
    HIGHS: Contender(_by("highs")),
    CBC: Contender(_by("cbc")),
    NEAREST: Contender(lambda task, _: greedy.nearest_fit(task)),
    BEST: Contender(lambda task, _: greedy.best_fit(task)),
    TENOR: Contender(tenor.place),
}
