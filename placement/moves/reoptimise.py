"""Re-optimisation: the best set of moves for services that run, in an order in which they can be made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from domain.errors import InterlaceError
from placement.moves.aims import Aimed, evacuated, joined_by, largest_first
from placement.moves.clock import Clock
from placement.moves.emptying import defragmented
from placement.moves.layout import Estate, Layout, Spot, more
from placement.moves.order import Order, ordered, without_losses
from placement.moves.search import improved
from placement.solve import place

_TRIES = 5
"""Of leaving out what finds no room on its way."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Goal:
    """What it is for; nothing named: to save."""

    evacuate: str | None = None
    empty: frozenset[str] = frozenset()
    """PoPs of which as many as can be are to be emptied."""
    allowance_per_hour: float = 0.0


@dataclass
class Solution:
    """What was found."""

    order: Order
    excess: float | None
    """By how much it counts at most more than the best; None where that is not known."""
    left_out: dict[str, str]
    """By service, what could not be done, and why."""
    newcomers: dict[str, Spot | str] = field(default_factory=dict)
    """Where they would be once all is moved; or why they do not fit."""
    fitting_now: frozenset[str] = frozenset()
    """Newcomers that fit without any move."""
    in_use: dict[str, str] = field(default_factory=dict)
    """By PoP that was to be emptied and is not, why."""

    @property
    def layout(self) -> Layout:
        """Of the services that run, when all is moved."""
        return self.order.layout


def reoptimised(estate: Estate, goal: Goal, clock: Clock) -> Solution:
    """The moves for a goal. Who finds no room for old and new together stays, and the rest is sought anew."""
    left_out: dict[str, str] = {}
    in_use: dict[str, str] = {}
    nothing = Order(estate.start, estate.used(estate.start))
    open_, least, order = estate, None, nothing
    for attempt in range(_TRIES):
        if attempt == 0 or clock.left_s:
            aimed = _aimed(open_, goal, clock)
        else:
            aimed = replace(
                aimed, layout={**aimed.layout, **{name: estate.start[name] for name in order.stuck}}
            )
        left_out |= aimed.failed
        in_use = in_use or aimed.in_use
        least = _least(estate, aimed) if attempt == 0 else least
        order = ordered(open_, estate.start, aimed.layout)
        if not order.stuck:
            break
        left_out |= {service: why for service, (_, why) in order.stuck.items()}
        open_ = open_.keeping({service: moves for service, (moves, _) in order.stuck.items()})
    if not (order.stuck or estate.newcomers or goal.evacuate or goal.empty):
        order = without_losses(estate, order)
    if order.stuck or not _pays(estate, goal, order):
        order = nothing
    excess = None if least is None else max(0.0, estate.value(order.layout) - least)
    solution = Solution(order, excess, left_out, in_use=in_use)
    return _with_newcomers(estate, solution, clock) if estate.newcomers else solution


def _aimed(estate: Estate, goal: Goal, clock: Clock) -> Aimed:
    if estate.newcomers:
        return joined_by(estate, clock)
    if goal.evacuate is not None:
        return evacuated(estate, goal.evacuate, clock)
    if goal.empty:
        return defragmented(estate, goal.empty, goal.allowance_per_hour, clock)
    return Aimed(*improved(estate, estate.start, clock))


def _least(estate: Estate, aimed: Aimed) -> float | None:
    """What any layout counts."""
    return None if aimed.excess is None else estate.value(aimed.layout) - aimed.excess


def _pays(estate: Estate, goal: Goal, order: Order) -> bool:
    """Whether, where that is the goal, all moves together, detours too, are worth it."""
    if estate.newcomers or goal.evacuate or goal.empty:
        return True
    detours = sum(estate.services[name].moves[part].once for name, part in order.detours)
    gained = estate.value(estate.start) - estate.value(order.layout)
    return gained - detours / estate.horizon_h > _ROUNDING


def _with_newcomers(estate: Estate, solution: Solution, clock: Clock) -> Solution:
    """What becomes of them; nothing moves unless more of them fit then."""
    now = _settled(estate, estate.start, clock)
    fitting_now = _fitting(now)
    then = _settled(estate, solution.layout, clock) if solution.order.steps else now
    if len(_fitting(then)) <= len(fitting_now):
        solution.order, then = Order(estate.start, estate.used(estate.start)), now
    solution.newcomers = {
        name: solution.left_out.pop(name, found) if isinstance(found, str) else found
        for name, found in then.items()
    }
    solution.left_out = {k: why for k, why in solution.left_out.items() if k not in estate.newcomers}
    solution.fitting_now = fitting_now
    return solution


def _settled(estate: Estate, layout: Layout, clock: Clock) -> dict[str, Spot | str]:
    """Each placed as its Instantiate will place it, one after the other; or why it is not."""
    usage, found = estate.used(layout), dict[str, Spot | str]()
    for name in largest_first(estate):
        try:
            plan = place(estate.newcomers[name], estate.infrastructure, usage, time_limit_s=clock.of_one())
        except InterlaceError as error:
            found[name] = str(error)
        else:
            found[name] = Spot.of(plan)
            usage = more(usage, [estate.whole(name, Spot.of(plan))])
    return found


def _fitting(found: Mapping[str, Spot | str]) -> frozenset[str]:
    return frozenset(name for name, each in found.items() if isinstance(each, Spot))
