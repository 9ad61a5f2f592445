"""Which steps need not wait for each other: old and new of all of them have room at the same time."""

from collections.abc import Iterator, Sequence

from domain.infrastructure import Infrastructure, Resources
from placement.moves.layout import Estate, Layout, Share, more
from placement.moves.order import Step
from placement.topology import Usage

_NOTHING = Resources.of(0, 0, 0)
_MBPS = 1e-6


def waits(estate: Estate, steps: Sequence[Step], most: int) -> Iterator[int]:
    """For each step, how many of the first steps must be done before it begins, `most` at a time at most."""
    states = [estate.start]
    for step in steps:
        states.append({**states[-1], step.service: step.after})
    for number, step in enumerate(steps):
        first = number
        while first > max(0, number - most + 1) and steps[first - 1].service != step.service:
            under_way = steps[first - 1 : number + 1]
            if not _fit_beside(estate, states[first - 1], under_way):
                break
            first -= 1
        yield first


def _fit_beside(estate: Estate, layout: Layout, steps: Sequence[Step]) -> bool:
    """Whether old and new of all these steps have room at the same time."""
    taken = more(estate.used(layout), [arriving(estate, step) for step in steps])
    return fits(taken, estate.infrastructure)


def arriving(estate: Estate, step: Step) -> Share:
    """What a step takes beyond what its service had: as the catalogue reserves it."""
    sizes = {each.name: each.resources for each in estate.graphs[step.service].instances}
    instances = tuple((pop, sizes[name]) for name, pop in step.moves.items())
    had = {(way.link, name) for way in step.before.routes for name in way.physical_links}
    ways = tuple(
        way.model_copy(
            update={"physical_links": tuple(n for n in way.physical_links if (way.link, n) not in had)}
        )
        for way in step.after.routes
    )
    return Share(instances, ways)


def fits(taken: Usage, infrastructure: Infrastructure) -> bool:
    """Whether no PoP and no link has more than its capacity."""
    return all(
        taken.pops.get(name, _NOTHING).fits_in(pop.capacity) for name, pop in infrastructure.pops.items()
    ) and all(
        taken.links.get(name, 0.0) <= link.bandwidth + _MBPS for name, link in infrastructure.links.items()
    )
