"""What of rules, capabilities, groups and the budget can be asked for differently."""

from collections.abc import Iterator
from typing import Any

from domain.explanations import Change
from domain.plans import Plan
from placement.explain.demands import Demand
from placement.explain.knobs import Bound, Knob, Setting, Steps, Told, Turn
from placement.explain.paths import component_of, path_of
from placement.explain.turning import with_parts, with_pop
from placement.explain.words import both, figure, some
from placement.explain.worlds import World

_ANOTHER_POP = 1.0
_EQUIPPED = 1.2
_DROPPED = 1.5


def rule(world: World, demand: Demand) -> Iterator[Knob]:
    """The PoPs or regions that the best plan without the rule uses, and no others."""
    field = demand.kind.replace("-", "_")
    allowed, regions = field.startswith("allowed"), field.endswith("regions")

    def read(world: World, plan: Plan) -> Setting | None:
        part = world.as_described(world.parts(demand.subject)[0])
        pops = {plan.placements[each.name] for each in world.parts(demand.subject)}
        used = {world.infrastructure.pops[pop].region for pop in pops} if regions else pops
        now: frozenset[str] = getattr(part, field) or frozenset()
        new = frozenset(name for name in used if name is not None and (name in now) != allowed)
        if not new:
            return None
        after = now | new if allowed else now - new
        return _setting(world, demand, field, (now, after, new))

    return iter([Told(lambda world: with_parts(world, demand.subject, **{field: _open(field)}), read)])


def _open(field: str) -> Any:
    return None if field.startswith("allowed") else frozenset()


def _setting(
    world: World, demand: Demand, field: str, names: tuple[frozenset[str], frozenset[str], frozenset[str]]
) -> Setting:
    now, after, new = names
    where = f"in region {some(sorted(new))}" if field.endswith("regions") else f"on {some(sorted(new))}"
    change = Change(
        where=path_of(demand, world),
        before=", ".join(sorted(now)),
        after=", ".join(sorted(after)),
        text=f"let {demand.subject} run {where} too",
    )
    return Setting(
        lambda world: with_parts(world, demand.subject, **{field: after}),
        (change,),
        _ANOTHER_POP * len(new),
    )


def stays(demand: Demand) -> Iterator[Knob]:
    """Let an instance go elsewhere than the operation leaves it."""

    def turn(world: World) -> World:
        part = world.parts(demand.subject)[0]
        rules = world.as_described(part)
        return world.with_instances({part.name: {"allowed_pops": rules.allowed_pops}})

    def read(world: World, plan: Plan) -> Setting | None:
        part = world.parts(demand.subject)[0]
        before, after = some(sorted(part.allowed_pops or ())), plan.placements[part.name]
        if before == after:
            return None
        text = f"move {part.name} from {before} to {after}"
        change = Change(document="operation", where=part.name, before=before, after=after, text=text)
        return Setting(turn, (change,), _ANOTHER_POP / 2)

    yield Told(turn, read)


def lacking(world: World, demand: Demand) -> Iterator[Knob]:
    """A capability at another PoP, or done without; a licence done without."""
    field = "requires" if demand.kind == "capability" else "licences"
    if demand.kind == "capability":
        yield Told(lambda world: _equipped(world, [*world.infrastructure.pops], demand.what), _reader(demand))
    here = getattr(world.parts(demand.subject)[0], field)
    what = demand.what if demand.kind == "capability" else f"licence {demand.what}"
    change = Change(
        where=f"components.{component_of(demand.subject, world)}.{field}",
        before=", ".join(sorted(here)),
        after=", ".join(sorted(here - {demand.what})),
        text=f"let {demand.subject} do without {what}",
    )
    yield _dropped(
        lambda world: with_parts(world, demand.subject, **{field: _less(world, demand, field)}), change
    )


def _less(world: World, demand: Demand, field: str) -> frozenset[str]:
    now: frozenset[str] = getattr(world.parts(demand.subject)[0], field)
    return now - {demand.what}


def _equipped(world: World, pops: list[str], capability: str) -> World:
    for name in pops:
        now = world.infrastructure.pops[name].capabilities
        world = with_pop(world, name, capabilities=now | {capability})
    return world


def _reader(demand: Demand) -> Any:
    def read(world: World, plan: Plan) -> Setting | None:
        pops = world.infrastructure.pops
        used = {plan.placements[part.name] for part in world.parts(demand.subject)}
        new = sorted(name for name in used if demand.what not in pops[name].capabilities)
        changes = tuple(
            Change(
                document="infrastructure",
                where=f"pops.{name}.capabilities",
                before=", ".join(sorted(pops[name].capabilities)),
                after=", ".join(sorted(pops[name].capabilities | {demand.what})),
                text=f"give {name} {demand.what}",
            )
            for name in new
        )
        size = _EQUIPPED * len(new)
        return Setting(lambda world: _equipped(world, new, demand.what), changes, size) if new else None

    return read


def group(world: World, demand: Demand) -> Iterator[Knob]:
    """A group given up."""
    field = demand.kind.replace("-", "_")
    members = getattr(world.graph, field)[int(demand.subject)]

    def turn(world: World) -> World:
        left = tuple(each for each in getattr(world.graph, field) if each != members)
        return world.asking(**{field: left})

    how = "share a PoP" if demand.kind == "anti-affinity" else "be on different PoPs"
    change = Change(
        where=f"placement.{field}.{demand.subject}",
        before=", ".join(members),
        after="",
        text=f"let {both(members) if len(members) < 4 else some(members)} {how}",
    )
    yield _dropped(turn, change)


def budget(world: World) -> Iterator[Knob]:
    """The budget that the best plan without one needs."""
    now, currency = world.graph.budget_per_hour or 0.0, world.infrastructure.currency

    def setting(amount: float) -> Setting:
        change = Change(
            where="placement.budget_per_hour",
            before=figure(now),
            after=figure(amount),
            text=f"raise the budget from {figure(now)} to {figure(amount)} {currency} per hour",
        )
        size = (amount - now) / now if now > 0 else 1.0
        return Setting(lambda world: world.asking(budget_per_hour=amount), (change,), size)

    yield Bound(
        now,
        lambda world, bound: world.asking(budget_per_hour=bound, objective="cost"),
        lambda _, plan: plan.cost_per_hour,
        setting,
        tries=0,
    )


def _dropped(turn: Turn, change: Change) -> Knob:
    return Steps((Setting(turn, (change,), _DROPPED),))
