"""A re-optimisation in numbers: what each move gains and costs, and what is free before and after."""

from collections.abc import Iterator

from domain.infrastructure import Resources
from domain.plans import Route
from domain.reoptimisation import (
    MOST_STEPS,
    FreeBlock,
    LeftOut,
    Move,
    MoveStep,
    Newcomer,
    OptimisationReport,
    PopInUse,
)
from placement.moves.layout import Estate, Layout, Spot
from placement.moves.pace import waits
from placement.moves.reoptimise import Solution
from placement.objective import Aim
from placement.topology import Usage

_NOTHING = Resources.of(0, 0, 0)
_DIGITS = 9
_IN_USE = 50
"""So many PoPs at most are told that could not be emptied."""


def report(estate: Estate, solution: Solution, at_once: int, took_s: float) -> OptimisationReport:
    """All that people are told."""
    names = [name for name in estate.services if estate.movable(name)]
    moves = [*_moves(estate, solution)]
    value = estate.value(solution.layout)
    free = [_most_free(estate, estate.used(each)) for each in (estate.start, solution.layout)]
    return OptimisationReport(
        currency=estate.infrastructure.currency,
        horizon_h=estate.horizon_h,
        considered=len(names),
        moves=tuple(moves),
        steps=tuple(_steps(estate, solution, at_once)),
        newcomers=tuple(_newcomers(estate, solution)),
        left_out=tuple(LeftOut(service=k, why=why) for k, why in sorted(solution.left_out.items())),
        cost_before=_cost(estate, estate.start, names),
        cost_after=_cost(estate, solution.layout, names),
        gain_per_hour=round(_gain(estate, solution), _DIGITS),
        objectives={
            name: estate.graphs[name].objective or estate.infrastructure.objective
            for name in (*names, *estate.newcomers)
        },
        costs_once=round(sum(move.costs_once for move in moves), _DIGITS),
        gap=_gap(solution.excess, value),
        emptied=tuple(_emptied(estate, solution)),
        in_use=tuple(PopInUse(pop=k, why=why) for k, why in [*solution.in_use.items()][:_IN_USE]),
        block_before=free[0],
        block_after=free[1],
        took_s=round(took_s, 3),
    )


def _cost(estate: Estate, layout: Layout, names: list[str]) -> float:
    return round(sum(estate.cost(name, layout[name]) for name in names), _DIGITS)


def _gap(excess: float | None, value: float) -> float | None:
    if excess is None:
        return None
    return min(1.0, excess / value) if value > 0 and excess > 1e-9 * value else 0.0


def _moves(estate: Estate, solution: Solution) -> Iterator[Move]:
    layout = estate.start
    for service, moves in estate.moved(solution.layout).items():
        gains = _gains(estate, solution, service, [*moves], layout)
        layout = {**layout, service: solution.layout[service]}
        for name, target in moves.items():
            cost, via = estate.services[service].moves[name], solution.order.detours.get((service, name))
            times = 1 if via is None else 2
            yield Move(
                service=service,
                instance=name,
                source=estate.start[service].placements[name],
                target=target,
                gain_per_hour=round(gains[name], _DIGITS),
                costs_once=round(times * cost.once, _DIGITS),
                interrupted_s=times * cost.interrupted_s,
                transferred_gib=times * cost.transferred_gib,
                via=via,
            )


def _gains(
    estate: Estate, solution: Solution, service: str, moved: list[str], layout: Layout
) -> dict[str, float]:
    """By instance: its own price, its share of its links, and of the balance as much as any other.

    :param layout: in which the services told of before have moved: they change what the balance gains
    """
    graph = estate.graphs[service]
    before, after = estate.start[service], solution.layout[service]
    aim, sizes = Aim(graph, estate.infrastructure), {each.name: each for each in graph.instances}
    gains = {
        name: aim.at(sizes[name], before.placements[name]) - aim.at(sizes[name], after.placements[name])
        for name in moved
    }
    was = {way.link: _counted(estate, aim, service, way) for way in before.routes}
    will = {way.link: _counted(estate, aim, service, way) for way in after.routes}
    for link in graph.links:
        ends = [end for end in link.ends if end in gains]
        for end in ends:
            gains[end] += (was[link.name] - will[link.name]) / len(ends)
    if aim.layers:
        rest = _of_service(estate, solution, service, layout) - sum(gains.values())
        gains = {name: gain + rest / len(gains) for name, gain in gains.items()}
    return gains


def _counted(estate: Estate, aim: Aim, service: str, way: Route) -> float:
    link = next(each for each in estate.graphs[service].links if each.name == way.link)
    links = (estate.infrastructure.links[name] for name in way.physical_links)
    return sum(aim.over(link, each.price_mbps_hour, each.latency) for each in links)


def _of_service(estate: Estate, solution: Solution, service: str, layout: Layout) -> float:
    after = {**layout, service: solution.layout[service]}
    return _without_moves(estate, layout) - _without_moves(estate, after)


def _gain(estate: Estate, solution: Solution) -> float:
    return _without_moves(estate, estate.start) - _without_moves(estate, solution.layout)


def _without_moves(estate: Estate, layout: Layout) -> float:
    """What a layout counts, once it is reached."""
    moved = estate.moved(layout).items()
    costs = (estate.standing(service).move_cost_per_hour[name] for service, some in moved for name in some)
    return estate.value(layout) - sum(costs)


def _steps(estate: Estate, solution: Solution, at_once: int) -> Iterator[MoveStep]:
    steps = solution.order.steps[:MOST_STEPS]
    for step, after in zip(steps, waits(estate, steps, at_once), strict=True):
        tenant = estate.services[step.service].tenant
        yield MoveStep(service=step.service, tenant=tenant, moves=dict(step.moves), after=after)


def _newcomers(estate: Estate, solution: Solution) -> Iterator[Newcomer]:
    for name, found in solution.newcomers.items():
        graph = estate.newcomers[name]
        fits = isinstance(found, Spot)
        yield Newcomer(
            service=name,
            descriptor=graph.descriptor,
            version=graph.version,
            placements=dict(found.placements) if isinstance(found, Spot) else {},
            cost_per_hour=estate.cost(name, found) if isinstance(found, Spot) else None,
            fits_without_moves=fits and name in solution.fitting_now,
            why_not="" if isinstance(found, Spot) else found,
        )


def _emptied(estate: Estate, solution: Solution) -> list[str]:
    before, after = estate.used(estate.start).pops, estate.used(solution.layout).pops
    return [
        pop
        for pop in estate.infrastructure.pops
        if before.get(pop, _NOTHING) != _NOTHING and after.get(pop, _NOTHING) == _NOTHING
    ]


def _most_free(estate: Estate, usage: Usage) -> FreeBlock | None:
    blocks = []
    for name, pop in estate.infrastructure.pops.items():
        held = usage.pops.get(name, _NOTHING)
        free = [max(0, getattr(pop.capacity, k) - getattr(held, k)) for k in ("vcpus", "memory", "disk")]
        blocks.append((free, name))
    if not blocks:
        return None
    free, name = max(blocks, key=lambda each: (each[0], each[1]))
    return FreeBlock(pop=name, free=Resources.of(*free))
