"""The cheapest changes that make a service fit: one at a time, and several where one is not enough."""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import islice

from domain.explanations import Change, Relaxation
from domain.plans import Plan
from placement.explain import knobs_network, knobs_parts, knobs_rules, misspelt
from placement.explain.asking import Asker
from placement.explain.conflicts import Conflict, conflicts
from placement.explain.demands import Demand, Demands
from placement.explain.knobs import Knob, Setting
from placement.explain.paths import RULES
from placement.explain.worlds import World

_TURNED = 4
"""So many knobs of a conflict are tried together with those of the next one."""
_PARTNERS = 2
"""So many settings of the next conflict are combined with each of them."""

Solution = tuple[tuple[Setting, ...], Plan]
"""Settings, and the best plan with all of them."""


def relaxations(world: World, conflict: Conflict, depth: int, asker: Asker) -> Iterator[Relaxation]:
    """As they are found, each solved with its changes.

    :param depth: how many changes may be needed together
    :raises OutOfTimeError: no time is left
    """
    told = set()
    for solution in _solutions(world, conflict, depth, asker):
        settings, plan = _needed(world, solution, asker)
        changes = tuple(change for setting in settings for change in setting.changes)
        if frozenset(changes) not in told and len(set(map(_field, changes))) == len(changes):
            told.add(frozenset(changes))
            size = sum(setting.size for setting in settings)
            yield Relaxation(changes=changes, cost_per_hour=plan.cost_per_hour, size=size)


def _field(change: Change) -> tuple[str, str, str]:
    """What cannot be changed twice; rules are many under one path."""
    return change.document, change.where, change.text if change.where == RULES else ""


def _needed(world: World, solution: Solution, asker: Asker) -> Solution:
    """Without the settings that the others make superfluous."""
    settings, plan = solution
    for one in settings if len(settings) > 1 else ():
        rest = tuple(setting for setting in settings if setting is not one)
        if better := asker.plan(_turned(world, rest)):
            settings, plan = rest, better
    return settings, plan


def _turned(world: World, settings: Sequence[Setting]) -> World:
    return reduce(lambda turned, setting: setting.turn(turned), settings, world)


def _solutions(world: World, conflict: Conflict, depth: int, asker: Asker) -> Iterator[Solution]:
    """Those of one change; only where there is none those of two; and so on."""
    blocked: list[Knob] = []
    found = False
    for knob in knobs(world, conflict):
        least = knob.least(world, lambda turned: _only(turned, conflict), asker)
        if least is None:
            blocked.append(knob)
        else:
            found = True
            yield (least.setting,), least.plan
    for together in range(2, depth + 1):
        for knob in [] if found else blocked[:_TURNED]:
            for solution in _together(world, knob, together, asker):
                found = True
                yield solution


def _only(world: World, conflict: Conflict) -> World:
    """The world with the conflict's requirements alone, as they are asked for by now."""
    demands = Demands(world)
    return demands.only(demand for demand in conflict if demand in demands.all)


def _together(world: World, knob: Knob, depth: int, asker: Asker) -> Iterator[Solution]:
    """One knob as loose as can be, the next conflict resolved, and then the knob turned back."""
    loosened = knob.loosest(world)
    demands = Demands(loosened)
    nexts = conflicts(demands, asker, most=1)
    if not nexts:
        return
    found = _solutions(loosened, nexts[0].conflict, depth - 1, asker)
    for others, _ in islice(found, _PARTNERS):
        least = knob.least(_turned(world, others), lambda turned: turned, asker)
        if least is not None:
            yield (least.setting, *others), least.plan


def knobs(world: World, conflict: Conflict) -> Iterator[Knob]:
    """Of all requirements of a conflict, the likely smaller changes first."""
    for demand in sorted(conflict, key=lambda demand: _ORDER.get(demand.kind, len(_ORDER))):
        yield from misspelt.guesses(world, demand)
        yield from _knobs_of(demand, world)
    crowded = {demand.subject for demand in conflict if demand.kind == "resources"}
    yield from knobs_parts.room(world, crowded)


_FIRST = ("latency", "chain-latency", "budget", "resources", "stays")
_ORDER = {kind: number for number, kind in enumerate(_FIRST)}


def _knobs_of(demand: Demand, world: World) -> Iterator[Knob]:
    match demand.kind:
        case "latency":
            return knobs_network.latency(world, demand.subject)
        case "chain-latency":
            return knobs_network.chain_latency(world, demand.subject)
        case "bandwidth":
            return knobs_network.bandwidth(world, demand.subject)
        case "endpoint":
            return knobs_network.endpoint(world, demand.subject)
        case "budget":
            return knobs_rules.budget(world)
        case _:
            return _of_parts(demand, world)


def _of_parts(demand: Demand, world: World) -> Iterator[Knob]:
    match demand.kind:
        case "resources":
            return knobs_parts.resources(world, demand.subject)
        case "stays":
            return knobs_rules.stays(demand)
        case "capability" | "licence":
            return knobs_rules.lacking(world, demand)
        case "affinity" | "anti-affinity":
            return knobs_rules.group(world, demand)
        case "link" | "kept-off":
            return iter(())
        case _:
            return knobs_rules.rule(world, demand)
