"""Names that nothing has, replaced by what was perhaps meant."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from domain.explanations import Change
from domain.plans import GraphInstance
from domain.spelling import near
from placement.explain.demands import Demand
from placement.explain.knobs import Knob, Setting, Steps, Turn
from placement.explain.naming import known
from placement.explain.paths import path_of
from placement.explain.worlds import World

_SIZE = 0.05
"""Less than anything that is given up."""
_FIELDS = {
    "capability": "requires",
    "licence": "licences",
    "allowed-pops": "allowed_pops",
    "allowed-regions": "allowed_regions",
}


def guesses(world: World, demand: Demand) -> Iterator[Knob]:
    """Another name, wherever the service names what there is not."""
    field = _FIELDS.get(demand.kind)
    if field is None:
        return
    part, there = world.as_described(world.parts(demand.subject)[0]), known(demand.kind, world.infrastructure)
    names = {demand.what} if demand.what else getattr(part, field) or ()
    for name in sorted(set(names) - there):
        for guess in near(name, there):
            yield Steps((Setting(_renamed(field, name, guess), _changes(world, demand, name, guess), _SIZE),))


def _renamed(field: str, name: str, guess: str) -> Turn:
    def turn(world: World) -> World:
        other = _with(world, field, name, guess)
        if world.described is None:
            return other
        described = _with(replace(world, graph=world.described), field, name, guess)
        return replace(other, described=described.graph)

    return turn


def _with(world: World, field: str, name: str, guess: str) -> World:
    parts = [part for part in world.graph.instances if name in (getattr(part, field) or ())]
    return world.with_instances({part.name: _field(part, field, name, guess) for part in parts})


def _field(part: GraphInstance, field: str, name: str, guess: str) -> dict[str, Any]:
    return {field: getattr(part, field) - {name} | {guess}}


def _changes(world: World, demand: Demand, name: str, guess: str) -> tuple[Change, ...]:
    """One for each component that names it."""
    field, found = _FIELDS[demand.kind], dict[str, Change]()
    for part in map(world.as_described, world.graph.instances):
        now = getattr(part, field) or frozenset()
        if name in now and part.component not in found:
            found[part.component] = Change(
                where=path_of(Demand(demand.kind, part.component, demand.what), world),
                before=", ".join(sorted(now)),
                after=", ".join(sorted(now - {name} | {guess})),
                text=f"write {guess} instead of {name} for {part.component}",
            )
    return tuple(found.values())
