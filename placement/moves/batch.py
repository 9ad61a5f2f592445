"""A few services placed anew together, while all others stay where they are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from domain.errors import InfeasibleError, TemporaryError
from domain.plans import GraphInstance, ServiceGraph
from placement.moves.layout import Estate, Layout, Spot
from placement.moves.together import Together
from placement.objective import objective_of
from placement.solve import place

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Wish:
    """Who may move, and where to."""

    free: Mapping[str, Collection[str]]
    """By service of the batch, the instances whose place is open; the others stay."""
    closed: frozenset[str] = frozenset()
    """PoPs that take none of them, but who stands there."""
    left: frozenset[str] = frozenset()
    """PoPs that all of them leave."""


@dataclass(frozen=True)
class Found:
    """A batch, placed anew."""

    layout: Layout
    """Of all services."""
    before: float
    """What the batch counted; infinite where not all of it was anywhere."""
    after: float
    bound: float
    """What the batch counts at least, wherever it is."""

    @property
    def is_better(self) -> bool:
        """Whether something was gained, rounding aside."""
        return self.after < self.before - _ROUNDING * max(1.0, abs(self.after))


def placed_anew(estate: Estate, layout: Layout, wish: Wish, time_limit_s: float) -> Found | None:
    """The best for a batch; None where nothing was found, or nothing within the services' budgets.

    :raises InfeasibleError: there is none
    """
    found = _placed(estate, layout, wish, time_limit_s)
    over = _over_budget(estate, layout, found.layout, wish.free) if found else []
    if found is None or not over:
        return found
    staying = {name: parts for name, parts in wish.free.items() if name not in over}
    if not staying or not all(name in layout for name in over):
        return None
    narrower = _placed(estate, layout, Wish(staying, wish.closed, wish.left), time_limit_s)
    if narrower is None or _over_budget(estate, layout, narrower.layout, staying):
        return None
    return replace(narrower, bound=0.0)  # of those that stay it does not know


def _placed(estate: Estate, layout: Layout, wish: Wish, time_limit_s: float) -> Found | None:
    batch = [*wish.free]
    graphs = [_opened(estate.graphs[name], layout.get(name), name, wish) for name in batch]
    together = Together(graphs)
    standing = together.standing({name: estate.standing(name) for name in batch})
    usage = estate.used(layout, without=batch)
    try:
        plan = place(
            together.graph, estate.infrastructure, usage, time_limit_s=time_limit_s, standing=standing
        )
    except TemporaryError:
        return None
    parts = together.apart(plan, estate.infrastructure)
    after = {**layout, **{name: Spot.of(each) for name, each in parts.items()}}

    def counted(there: Layout) -> float:
        if any(name not in there for name in batch):
            return inf
        placements = together.placements({name: there[name].placements for name in batch})
        ways = together.routes({name: there[name].routes for name in batch})
        return objective_of(together.graph, estate.infrastructure, usage, standing, placements, ways)

    value = counted(after)
    return Found(after, counted(layout), value, value * (1 - plan.gap))


def _opened(graph: ServiceGraph, spot: Spot | None, name: str, wish: Wish) -> ServiceGraph:
    parts = tuple(_part(each, spot, wish, each.name in wish.free[name]) for each in graph.instances)
    return graph.model_copy(update={"instances": parts})


def _part(part: GraphInstance, spot: Spot | None, wish: Wish, is_free: bool) -> GraphInstance:
    stand = spot.placements[part.name] if spot else None
    if stand is not None and not is_free:
        return part.model_copy(update={"allowed_pops": frozenset({stand}), "forbidden_pops": frozenset()})
    closed = (wish.closed - {stand}) | wish.left
    return part.model_copy(update={"forbidden_pops": part.forbidden_pops | closed})


def _over_budget(estate: Estate, before: Layout, after: Layout, names: Collection[str]) -> list[str]:
    """Services that would cost more than their budget, and more than they do."""
    found = []
    for name in names:
        budget = estate.graphs[name].budget_per_hour
        cost = estate.cost(name, after[name])
        present = estate.cost(name, before[name]) if name in before else 0.0
        if budget is not None and cost > max(budget, present) + _ROUNDING:
            found.append(name)
    return found


def everywhere(estate: Estate, names: Sequence[str]) -> Wish:
    """All that may move of these services may."""
    return Wish({name: estate.movable(name) for name in names})


def attempted(estate: Estate, layout: Layout, wish: Wish, time_limit_s: float) -> Found | None:
    """As `placed_anew`, and None where there is none."""
    try:
        return placed_anew(estate, layout, wish, time_limit_s)
    except InfeasibleError:
        return None
