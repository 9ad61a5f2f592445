"""What of links, chains and endpoints can be asked for differently."""

from collections import defaultdict
from collections.abc import Iterator
from math import floor, log10

from domain.descriptor import ComponentKind
from domain.explanations import Change
from domain.plans import GraphEndpoint, GraphInstance, Plan
from domain.spelling import near
from placement.explain.asking import Asker
from placement.explain.knobs import (
    Bound,
    Knob,
    Resolved,
    Setting,
    Steps,
    Told,
    Turn,
    resolved,
    rounded_up,
)
from placement.explain.turning import with_bandwidth, with_chain_latency, with_links, with_physical
from placement.explain.words import figure
from placement.explain.worlds import NOTHING, World
from placement.needs import Needs

_PLENTY = 1e12
_MISSPELT, _ELSEWHERE = 0.05, 2.0
_PARTS = 40
"""Of a bandwidth: so finely its reductions are looked for."""


def latency(world: World, link: str) -> Iterator[Knob]:
    """A link's bound, raised."""
    now = next(each.latency_ms for each in world.graph.links if each.virtual_link == link)
    if now is None:
        return

    def needed(_: World, plan: Plan) -> float:
        return max((route.latency_ms for route in plan.routes if route.virtual_link == link), default=0.0)

    yield Bound(
        now,
        lambda world, bound: with_links(world, link, latency_ms=bound),
        needed,
        lambda bound: Setting(
            lambda world: with_links(world, link, latency_ms=bound),
            (_raised(f"links.{link}.latency", f"link {link}", now, bound),),
            _grown(now, bound),
        ),
    )


def chain_latency(world: World, chain: str) -> Iterator[Knob]:
    """A chain's bound, raised."""
    now = next(each.latency_ms for each in world.graph.chains if each.chain == chain)
    if now is None:
        return

    def needed(world: World, plan: Plan) -> float:
        ms = {route.link: route.latency_ms for route in plan.routes}
        ways = [way for way in world.graph.chains if way.chain == chain]
        if not ways:  # without a bound there is no chain in a small world
            ways = [way for way in known if ms.keys() >= set(way.links)]
        return max((sum(ms[name] for name in way.links) for way in ways), default=0.0)

    known = [way for way in world.graph.chains if way.chain == chain]
    yield Bound(
        now,
        lambda world, bound: with_chain_latency(world, chain, _PLENTY if bound is None else bound),
        needed,
        lambda bound: Setting(
            lambda world: with_chain_latency(world, chain, bound),
            (_raised(f"chains.{chain}.latency", f"chain {chain}", now, bound),),
            _grown(now, bound),
        ),
    )


def _raised(where: str, what: str, now: float, bound: float) -> Change:
    text = f"allow {what} {figure(bound)} ms instead of {figure(now)} ms"
    return Change(where=where, before=f"{figure(now)} ms", after=f"{figure(bound)} ms", text=text)


def _grown(now: float, bound: float) -> float:
    return (bound - now) / now if now > 0 else 1.0


def bandwidth(world: World, link: str) -> Iterator[Knob]:
    """A link's bandwidth, lowered; or physical links, widened."""
    now = sum(each.bandwidth_mbps for each in world.graph.links if each.virtual_link == link)
    lower = [_floored(now * part / _PARTS) for part in range(_PARTS - 1, 0, -1)]
    exact = sorted({*lower, *(each for each in _widths(world, link) if each < now)}, reverse=True)
    yield Steps(tuple(_narrower(link, now, mbps) for mbps in exact))
    yield _Wider()


def _widths(world: World, link: str) -> Iterator[float]:
    """The bandwidths with which the link just fits on one physical link."""
    parts = sum(each.virtual_link == link for each in world.graph.links)
    for name, physical in world.infrastructure.links.items():
        free = physical.bandwidth - world.usage.links.get(name, 0.0)
        if free > 0:
            yield free * parts


def _floored(mbps: float) -> float:
    """To two digits."""
    unit = 10.0 ** (floor(log10(mbps)) - 1)
    return float(f"{floor(mbps / unit + 1e-9) * unit:.6g}")


def _narrower(link: str, now: float, mbps: float) -> Setting:
    text = f"ask for {figure(mbps)} instead of {figure(now)} Mbit/s on link {link}"
    change = Change(
        where=f"links.{link}.bandwidth",
        before=f"{figure(now)} Mbit/s",
        after=f"{figure(mbps)} Mbit/s",
        text=text,
    )
    return Setting(lambda world: with_bandwidth(world, link, mbps), (change,), (now - mbps) / now)


class _Wider:
    """Physical links as wide as the best plan needs them, and no more of them than that takes."""

    def loosest(self, world: World) -> World:
        return with_physical(world, dict.fromkeys(world.infrastructure.links, _PLENTY))

    def least(self, world: World, small: Turn, asker: Asker) -> Resolved | None:
        """Some plan's links first, then without each of them that is not needed."""
        plan = asker.plan(self.loosest(world))
        short = _short(world, plan) if plan else {}
        found = resolved(_widened(world, short), world, asker) if short else None
        for name in [*short] if found and len(short) > 1 else ():
            rest = {other: mbps for other, mbps in short.items() if other != name}
            if better := resolved(_widened(world, rest), world, asker):
                found, short = better, rest
        return found


def _short(world: World, plan: Plan) -> dict[str, float]:
    """Physical links that are too narrow for a plan, and the Mbit/s that they would need."""
    used = world.usage.links
    wanted = {name: mbps + used.get(name, 0.0) for name, mbps in _taken(world, plan).items() if mbps > 0}
    now = world.infrastructure.links
    return {
        name: rounded_up(mbps) for name, mbps in wanted.items() if mbps > now[name].bandwidth * (1 + 1e-9)
    }


def _widened(world: World, short: dict[str, float]) -> Setting:
    now = {name: link.bandwidth for name, link in world.infrastructure.links.items()}
    changes = tuple(_more(name, now[name], wide) for name, wide in short.items())
    size = sum(_grown(now[name], wide) for name, wide in short.items())
    return Setting(lambda world: with_physical(world, short), changes, size)


def _taken(world: World, plan: Plan) -> dict[str, float]:
    links, needs = {link.name: link for link in world.graph.links}, Needs(world.standing)
    taken: dict[str, float] = defaultdict(float)
    for route in plan.routes:
        for name in route.physical_links:
            taken[name] += needs.mbps(links[route.link], name)
    return taken


def _more(name: str, now: float, wide: float) -> Change:
    text = f"widen physical link {name} from {figure(now)} to {figure(wide)} Mbit/s"
    return Change(
        document="infrastructure",
        where=f"links.{name}.bandwidth",
        before=f"{figure(now)} Mbit/s",
        after=f"{figure(wide)} Mbit/s",
        text=text,
    )


def endpoint(world: World, name: str) -> Iterator[Knob]:
    """An endpoint at the PoP that was perhaps meant; at another PoP."""
    end = next(each for each in world.graph.endpoints if each.name == name)
    pops = world.infrastructure.pops
    if end.pop is not None and end.pop not in pops:
        yield from (Steps((_at(end, pop, _MISSPELT),)) for pop in near(end.pop, pops))

    def anywhere(world: World) -> World:
        part = GraphInstance(name=name, component=name, kind=ComponentKind.VNF, resources=NOTHING)
        others = tuple(each for each in world.graph.endpoints if each.name != name)
        return world.asking(instances=(*world.graph.instances, part), endpoints=others)

    def read(_: World, plan: Plan) -> Setting:
        return _at(end, plan.placements[name], _ELSEWHERE)

    yield Told(anywhere, read)


def _at(end: GraphEndpoint, pop: str, size: float) -> Setting:
    before = end.pop or "the PoP nearest to its location"
    text = f"put endpoint {end.name} at {pop} instead of {before}"
    change = Change(where=f"endpoints.{end.name}.pop", before=before, after=pop, text=text)
    return Setting(_pinned(end.name, pop), (change,), size)


def _pinned(name: str, pop: str) -> Turn:
    def turn(world: World) -> World:
        ends = tuple(
            GraphEndpoint(name=name, pop=pop) if end.name == name else end for end in world.graph.endpoints
        )
        return world.asking(endpoints=ends)

    return turn
