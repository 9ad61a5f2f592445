"""What of components can be asked for differently: resources, numbers, room for them at PoPs."""

from collections.abc import Collection, Iterator, Mapping

from domain.explanations import Change
from domain.infrastructure import Resources
from placement.explain.knobs import Knob, Setting, Steps
from placement.explain.stages import suitable
from placement.explain.turning import with_at_most, with_count, with_room
from placement.explain.words import mib
from placement.explain.worlds import World

_POPS = 4
"""So many PoPs are looked at for more room: those that lack the least."""
_UNITS = {"vcpus": 1, "memory": 128, "disk": 1}
"""The steps in which less is asked for, and the least that is asked for."""


def resources(world: World, component: str) -> Iterator[Knob]:
    """Less of one resource; as much as a PoP has free of all; fewer instances."""
    parts = world.parts(component)
    for what, unit in _UNITS.items():
        now = max(int(getattr(part.resources, what)) for part in parts)
        lower = range((now - 1) // unit * unit, unit - 1, -unit)
        if lower:
            yield Steps(tuple(_smaller(component, {what: now}, {what: most}) for most in lower))
    yield from _as_much_as_is_free(world, component)
    least, count = world.least.get(component, len(parts)), len(parts)
    if least < count:
        yield Steps(tuple(_fewer(component, count, some) for some in range(count - 1, least - 1, -1)))


def _as_much_as_is_free(world: World, component: str) -> Iterator[Knob]:
    """Where one instance lacks more than one resource."""
    part = max(world.parts(component), key=lambda part: part.resources.vcpus)
    now = _amounts(part.resources)
    for pop in suitable(part, world.infrastructure):
        free = _amounts(world.free(pop))
        short = {what: free[what] for what, amount in now.items() if free[what] < amount}
        if len(short) > 1 and all(free[what] >= _UNITS[what] for what in short):
            yield Steps((_smaller(component, {what: now[what] for what in short}, short),))


def _amounts(resources: Resources) -> dict[str, int]:
    return {"vcpus": resources.vcpus, "memory": resources.memory, "disk": resources.disk}


def _smaller(component: str, now: Mapping[str, int], most: Mapping[str, int]) -> Setting:
    changes = tuple(
        Change(
            where=f"components.{component}.resources.{what}",
            before=_amount(what, now[what]),
            after=_amount(what, amount),
            text=f"give {component} {_said(what, amount)} instead of {_said(what, now[what])}",
        )
        for what, amount in most.items()
    )
    size = sum((now[what] - amount) / now[what] for what, amount in most.items())
    return Setting(lambda world: with_at_most(world, component, most), changes, size)


def _amount(what: str, amount: int) -> str:
    return {"vcpus": f"{amount}", "memory": mib(amount), "disk": f"{amount} GiB"}[what]


def _said(what: str, amount: int) -> str:
    if what == "vcpus":
        return f"{amount} vcpu{'' if amount == 1 else 's'}"
    return f"{_amount(what, amount)} of {what}"


def _fewer(component: str, now: int, count: int) -> Setting:
    change = Change(
        where=f"components.{component}.instances",
        before=str(now),
        after=str(count),
        text=f"have {count} instead of {now} instances of {component}",
    )
    return Setting(lambda world: with_count(world, component, count), (change,), (now - count) / now)


def room(world: World, crowded: Collection[str]) -> Iterator[Knob]:
    """More of what is short at the PoPs that lack the least of it.

    For an instance of the components that have no room, for several, for all; at last for all of the service.
    """
    stand = world.standing.counted
    coming = [part for part in world.graph.instances if part.name not in stand]
    coming.sort(key=lambda part: (part.component not in crowded, part.resources.vcpus, part.resources.memory))
    homes = {part.name: frozenset(suitable(part, world.infrastructure)) for part in coming if crowded}
    wanted = {
        pop: [part.resources for part in coming if pop in homes[part.name]]
        for pop in {pop: None for part in coming if part.component in crowded for pop in homes[part.name]}
    }
    price = {name: pop.prices.vcpu_hour for name, pop in world.infrastructure.pops.items()}
    best = sorted(wanted, key=lambda pop: (_lack(world, pop, wanted[pop][0]), price[pop]))
    for pop in best[:_POPS]:
        if settings := tuple(_roomier(world, pop, more) for more in _shortages(world, pop, wanted[pop])):
            yield Steps(settings)


def _lack(world: World, pop: str, one: Resources) -> float:
    """How much a PoP would have to grow for one instance."""
    now, free = _amounts(world.infrastructure.pops[pop].capacity), _amounts(world.free(pop))
    return sum(_grown(max(0, amount - free[what]), now[what]) for what, amount in _amounts(one).items())


def _grown(extra: int, has: int) -> float:
    return extra / has if has else float(bool(extra))


def _shortages(world: World, pop: str, wanted: list[Resources]) -> list[Resources]:
    """What is missing for the smallest, for the two smallest, and so on; in between, vcpu by vcpu."""
    free, together, found = world.free(pop), Resources.of(0, 0, 0), [Resources.of(0, 0, 0)]
    for one in wanted:
        together += one
        vcpus, memory, disk = (
            max(0, together.vcpus - free.vcpus),
            max(0, together.memory - free.memory),
            max(0, together.disk - free.disk),
        )
        start = min(found[-1].vcpus + 1, vcpus)
        levels = [Resources.of(some, memory, disk) for some in range(start, vcpus + 1)]
        found += [level for level in levels if level != found[-1]]
    return found[1:]


def _roomier(world: World, pop: str, more: Resources) -> Setting:
    capacity = world.infrastructure.pops[pop].capacity
    changes = tuple(
        Change(
            document="infrastructure",
            where=f"pops.{pop}.capacity.{what}",
            before=_amount(what, now),
            after=_amount(what, now + extra),
            text=f"have {_said(what, extra)} more at {pop}",
        )
        for (what, now), extra in zip(_amounts(capacity).items(), _amounts(more).values(), strict=True)
        if extra
    )
    now = _amounts(capacity)
    size = sum(_grown(extra, now[what]) for what, extra in _amounts(more).items())
    return Setting(lambda world: with_room(world, pop, more), changes, size)
