"""What services would count at least all together: the Lagrangian bound, by prices for what is scarce.

Each service is placed alone, as if no other that may move were there, but vcpus and memory have a price
at each PoP beside their own. Whatever these prices are, the sum less what all free capacity would bring
is a lower bound. They begin as what a linear program of the instances alone, without their links, finds
scarce; then they are raised where too many go and lowered where too few do (subgradient steps as of Held,
Wolfe and Crowder, "Validation of subgradient optimization", Mathematical Programming 6, 1974). Where each
goes at the best prices is also a guide for who should make room for whom.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

from domain.infrastructure import Pop
from domain.objectives import weights
from placement.moves.batch import Found, Wish, attempted
from placement.moves.clock import Clock
from placement.moves.layout import Estate, Layout
from placement.moves.scarcity import KINDS, Prices, Scarce, amount, first_prices, free

_MOST = 30
"""Rounds."""
_SHARE = 0.3
"""Of the time."""
_PATIENCE = 3
"""Rounds without a better bound until the steps are halved."""


@dataclass(frozen=True)
class Shadow:
    """What was found at the best prices."""

    bound: float
    ideals: dict[str, Found]
    """By service, where it would be; services that found no placement in time are left out."""

    @property
    def wishing(self) -> list[str]:
        """Those that would be elsewhere, the most eager first."""
        wishes = {name: each.before - each.after for name, each in self.ideals.items() if each.is_better}
        return sorted(wishes, key=lambda name: (-wishes[name], name))


def shadowed(estate: Estate, layout: Layout, limits: Wish, clock: Clock) -> Shadow:
    """The best bound that was found in the time.

    :param layout: of the services that may move
    :param limits: for all of them
    """
    target, prices = estate.value(layout), dict[Scarce, float]()
    if any(_rate(estate, name) for name in layout):
        prices = first_prices(estate, layout, limits, clock.of_one(_SHARE))
    best = at = _at(estate, layout, limits, prices, clock)
    step, since = 1.0, 0
    until = clock.left_s * (1 - _SHARE)
    for _ in range(_MOST):
        excess = _excess(estate, at)
        slope = sum(much**2 for key, much in excess.items() if much > 0 or prices.get(key))
        if not slope or clock.left_s <= until:
            break
        stride = step * max(0.0, target - at.bound) / slope
        moved = {key: max(0.0, prices.get(key, 0.0) + stride * much) for key, much in excess.items()}
        prices = {key: price for key, price in moved.items() if price > 0}
        at = _at(estate, layout, limits, prices, clock)
        since = 0 if at.bound > best.bound else since + 1
        best = at if at.bound > best.bound else best
        if since == _PATIENCE:
            step, since = step / 2, 0
    return best


def _at(estate: Estate, layout: Layout, limits: Wish, prices: Prices, clock: Clock) -> Shadow:
    rates = {name: _rate(estate, name) for name in layout}
    priced = {rate: _priced(estate, prices, rate) for rate in {*rates.values()}}
    ideals: dict[str, Found] = {}
    bound = -sum(price * free(estate, key) for key, price in prices.items())
    for name, spot in layout.items():
        wish = replace(limits, free={name: estate.movable(name)})
        found = (
            attempted(priced[rates[name]], {name: spot}, wish, clock.of_one(0.2)) if clock.left_s else None
        )
        if found is not None:
            ideals[name] = found
            bound += found.bound - (_of_those_that_stay(estate, name, prices) if rates[name] else 0.0)
    return Shadow(bound, ideals)


def _rate(estate: Estate, service: str) -> float:
    """How much a price counts for a service; one for which none does is asked for none."""
    return weights(estate.graphs[service].objective or estate.infrastructure.objective).cost


def _priced(estate: Estate, prices: Prices, rate: float) -> Estate:
    """With these prices where they count, and without budgets, which are of the other ones."""
    pops = estate.infrastructure.pops
    if rate:
        pops = {name: _dearer(pop, name, prices, rate) for name, pop in pops.items()}
    services = {
        name: each.model_copy(update={"graph": each.graph.model_copy(update={"budget_per_hour": None})})
        for name, each in estate.services.items()
    }
    return replace(
        estate,
        infrastructure=estate.infrastructure.model_copy(update={"pops": pops}),
        services=services,
    )


def _dearer(pop: Pop, name: str, prices: Prices, rate: float) -> Pop:
    more = {kind: prices.get((name, kind), 0.0) / rate for kind in KINDS}
    own = pop.prices
    dearer = {
        "vcpu_hour": own.vcpu_hour + more["vcpus"],
        "memory_gib_hour": own.memory_gib_hour + more["memory"],
    }
    return pop.model_copy(update={"prices": own.model_copy(update=dearer)})


def _of_those_that_stay(estate: Estate, service: str, prices: Prices) -> float:
    """What the prices add for instances that cannot move: they are no part of what is free."""
    movable, spot = estate.movable(service), estate.start[service]
    return sum(
        prices.get((spot.placements[each.name], kind), 0.0) * amount(each.resources, kind)
        for each in estate.graphs[service].instances
        if each.name not in movable
        for kind in KINDS
    )


def _excess(estate: Estate, shadow: Shadow) -> dict[Scarce, float]:
    """By how much more would be taken than is free; below 0 where something is left."""
    taken: dict[Scarce, float] = defaultdict(float)
    for name, found in shadow.ideals.items():
        if not _rate(estate, name):
            continue
        for pop, resources in estate.loose(name, found.layout[name]).instances:
            for kind in KINDS:
                taken[pop, kind] += amount(resources, kind)
    pops = estate.infrastructure.pops
    return {key: taken[key] - free(estate, key) for pop in pops for key in ((pop, k) for k in KINDS)}
