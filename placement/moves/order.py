"""In which order moves can be made: old and new of each need their room at the same time.

Each step is placed as the Migrate that will carry it out places it, on what the steps before have left.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from domain.errors import InterlaceError
from domain.plans import GraphInstance, ServiceGraph, Standing
from domain.reoptimisation import MOST_STEPS
from placement.moves.layout import Estate, Layout, Share, Spot, more
from placement.solve import place
from placement.topology import Usage

Moves = Mapping[str, str]
"""Instance -> PoP."""
_SINGLY = 5
"""So many services that lose are looked at one by one."""
_STEP_S = 10.0
"""For placing one step: nearly all of it is fixed."""


@dataclass(frozen=True)
class Step:
    """One Migrate."""

    service: str
    moves: Moves
    before: Spot
    after: Spot


@dataclass
class Order:
    """The steps that could be ordered, and what could not."""

    layout: Layout
    """After all steps."""
    used: Usage
    """What is taken then."""
    steps: list[Step] = field(default_factory=list)
    detours: dict[tuple[str, str], str] = field(default_factory=dict)
    """(service, instance) -> the third PoP."""
    stuck: dict[str, tuple[Moves, str]] = field(default_factory=dict)
    """By service, what finds no room, and why."""


def ordered(estate: Estate, start: Layout, target: Layout) -> Order:
    """Whole services first, then parts of them, then by way of a third PoP; the rest is stuck."""
    order = Order(start, estate.used(start))
    pending = _differences(estate, start, target)
    while pending and len(order.steps) < MOST_STEPS:
        went = _advance(estate, order, pending, in_parts=False)
        went = went or _advance(estate, order, pending, in_parts=True)
        went = went or _evade(estate, order, pending)
        if not went:
            for service, moves in pending.items():
                order.stuck[service] = moves, _why(estate, order.layout, service, moves)
            break
    return order


def _differences(estate: Estate, start: Layout, target: Layout) -> dict[str, Moves]:
    found: dict[str, Moves] = {}
    for name in estate.services:
        was, will = start[name].placements, target[name].placements
        moves = {part: pop for part, pop in will.items() if was[part] != pop}
        if moves:
            found[name] = moves
    return found


def _advance(estate: Estate, order: Order, pending: dict[str, Moves], *, in_parts: bool) -> bool:
    """Make every move that finds room now; whether there was one."""
    went = False
    for service in [*pending]:
        moves = pending[service]
        for part in _blocks(estate.graphs[service], moves) if in_parts else [moves]:
            if _step(estate, order, service, part):
                _done(pending, service, part)
                went = True
                if in_parts:
                    return True
    return went


def _evade(estate: Estate, order: Order, pending: dict[str, Moves]) -> bool:
    """Put one part of one service, that was not yet, somewhere else meanwhile; whether one was."""
    for service, moves in pending.items():
        for part in _blocks(estate.graphs[service], moves):
            if any((service, name) in order.detours for name in part):
                continue
            third = _third(estate, order.layout, service, part)
            if third and _step(estate, order, service, third):
                order.detours |= {(service, name): pop for name, pop in third.items()}
                return True
    return False


def _step(estate: Estate, order: Order, service: str, moves: Moves) -> bool:
    before = order.layout[service]
    if not _has_room(estate, order.used, service, moves):
        return False
    try:
        after = migrated(estate, order.layout, service, moves, _STEP_S)
    except InterlaceError:
        return False
    order.steps.append(Step(service, moves, before, after))
    order.layout = {**order.layout, service: after}
    order.used = estate.used(order.layout)
    return True


def _done(pending: dict[str, Moves], service: str, part: Moves) -> None:
    rest = {name: pop for name, pop in pending[service].items() if name not in part}
    if rest:
        pending[service] = rest
    else:
        del pending[service]


def migrated(estate: Estate, layout: Layout, service: str, moves: Moves, time_limit_s: float) -> Spot:
    """A service after a Migrate with just these moves: what does not move stays, with its ways.

    :raises InfeasibleError: there is no room, or the service's rules or budget are against it
    """
    spot, graph = layout[service], estate.services[service].graph
    parts = [_only_at(each, moves.get(each.name, spot.placements[each.name])) for each in graph.instances]
    return _replaced(estate, layout, service, parts, moves, time_limit_s)


def _third(estate: Estate, layout: Layout, service: str, moves: Moves) -> Moves | None:
    """Where a part could be for the time being, away from where it is and where it is going."""
    spot, graph = layout[service], estate.services[service].graph
    parts = []
    for each in graph.instances:
        stand = spot.placements[each.name]
        if each.name in moves:
            never = each.forbidden_pops | {stand, moves[each.name]}
            parts.append(each.model_copy(update={"forbidden_pops": never}))
        else:
            parts.append(_only_at(each, stand))
    try:
        found = _replaced(estate, layout, service, parts, moves, _STEP_S)
    except InterlaceError:
        return None
    return {name: found.placements[name] for name in moves}


def _replaced(
    estate: Estate,
    layout: Layout,
    service: str,
    parts: list[GraphInstance],
    moves: Collection[str],
    time_limit_s: float,
) -> Spot:
    spot, graph = layout[service], estate.services[service].graph
    held = {name: pop for name, pop in spot.placements.items() if name not in moves}
    plan = place(
        graph.model_copy(update={"instances": tuple(parts)}),
        estate.infrastructure,
        estate.used(layout),
        time_limit_s=time_limit_s,
        standing=Standing(instances=held, routes=spot.routes),
    )
    return Spot.of(plan)


def _only_at(part: GraphInstance, pop: str) -> GraphInstance:
    return part.model_copy(update={"allowed_pops": frozenset({pop})})


def _has_room(estate: Estate, used: Usage, service: str, moves: Moves) -> bool:
    """Whether the moved instances fit beside all that is there: quickly told before it is placed."""
    sizes = {each.name: each.resources for each in estate.graphs[service].instances}
    arriving = Share(tuple((pop, sizes[name]) for name, pop in moves.items()), ())
    after = more(used, [arriving])
    pops = estate.infrastructure.pops
    return all(after.pops[pop].fits_in(pops[pop].capacity) for pop in moves.values())


def _why(estate: Estate, layout: Layout, service: str, moves: Moves) -> str:
    where = ", ".join(f"{name} to {pop}" for name, pop in sorted(moves.items()))
    try:
        migrated(estate, layout, service, moves, _STEP_S)
    except InterlaceError as error:
        return f"{where}: no room for old and new at the same time, nor on a third PoP meanwhile: {error}"
    return where


def _blocks(graph: ServiceGraph, moves: Moves) -> list[Moves]:
    """What must move together: the members of a group do."""
    blocks = [{name} for name in moves]
    for group in (*graph.affinity, *graph.anti_affinity):
        touched = [block for block in blocks if not block.isdisjoint(group)]
        if len(touched) > 1:
            blocks = [block for block in blocks if block.isdisjoint(group)]
            blocks.append(set().union(*touched))
    return [{name: moves[name] for name in moves if name in block} for block in blocks]


def without_losses(estate: Estate, order: Order) -> Order:
    """Without services that only lose, all of them or a few, unless it is their room that others need."""
    losing = [name for name in estate.moved(order.layout) if _loses(estate, order.layout, name)]
    for staying in [losing, *([name] for name in losing[:_SINGLY])] if losing else []:
        target = {**order.layout, **{name: estate.start[name] for name in staying}}
        other = ordered(estate, estate.start, target)
        if not other.stuck and estate.value(other.layout) < estate.value(order.layout):
            order = other
    return order


def _loses(estate: Estate, layout: Layout, service: str) -> bool:
    return estate.value({service: estate.start[service]}) < estate.value({service: layout[service]})
