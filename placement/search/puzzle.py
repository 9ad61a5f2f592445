"""A placement as numbers: blocks of instances that share a PoP, links between blocks, groups, chains.

An affinity group is one block, exactly. What one block costs at a PoP counts balance as if the block came
alone: as load is convex, several blocks together never count less than the sum.
"""

from dataclasses import dataclass
from functools import cached_property

import networkx as nx
import numpy as np

from domain.infrastructure import Resources
from domain.plans import GraphChain, GraphInstance, GraphLink, ServiceGraph
from placement.objective import growth, loaded
from placement.search.clock import Clock
from placement.search.crowding import Crowding, crowding
from placement.search.setting import Setting
from placement.search.terrain import Floats, Ints, Mask, Terrain

SLACK_MS = 1e-9


@dataclass(frozen=True, eq=False)
class Block:
    """Instances that share a PoP, or one endpoint."""

    members: tuple[str, ...]
    pops: Ints
    """The candidates, ascending; the rows of what follows."""
    costs: Floats
    demand: Floats
    """Candidate x (vcpus, memory, disk): what it takes anew."""


@dataclass(frozen=True, eq=False)
class Link:
    """A graph link between two blocks."""

    name: str
    ends: tuple[int, int]
    kind: int
    """Links of one kind have the same ways, if each were alone."""
    wide: Mask
    """Physical links that could alone carry it."""
    usable: Mask
    """Those of them that its way may take: all, or those on a quick enough way."""
    per_price: float
    """What one unit of a physical link's price counts."""
    per_ms: float
    """What one millisecond counts."""
    mbps: Floats
    """What it takes of each physical link."""
    limit_ms: float | None
    costs: Floats
    """PoP x PoP: what the best way counts, inf where no way is quick enough."""


@dataclass(frozen=True)
class Chain:
    """A latency bound over several links, by their numbers; those within a block are left out."""

    links: tuple[int, ...]
    limit_ms: float


@dataclass(frozen=True, eq=False)
class Puzzle:
    """The whole placement in numbers."""

    terrain: Terrain
    blocks: tuple[Block, ...]
    links: tuple[Link, ...]
    chains: tuple[Chain, ...]
    apart: tuple[tuple[int, ...], ...]
    """Groups of blocks of which no two share a PoP."""
    is_sound: bool
    """False where two members of one block must be apart: then there is no placement."""
    crowding: Crowding

    def quickest(self, link: int) -> Floats:
        """PoP x PoP: the least latency of a link's ways."""
        return self._quickest[link]

    @cached_property
    def _quickest(self) -> list[Floats]:
        return [self.terrain.quickest(link.wide) for link in self.links]


def puzzle(setting: Setting, clock: Clock) -> Puzzle:
    """`setting` in numbers.

    :raises LateError: if there is no time for it
    """
    terrain = Terrain(setting.free)
    home = _homes(setting.graph)
    members: dict[int, list[str]] = {}
    for end, block in home.items():
        members.setdefault(block, []).append(end)
    blocks = _Blocks(setting, terrain, clock)
    links = [link for link in setting.graph.links if home[link.ends[0]] != home[link.ends[1]]]
    kinds = _Kinds(setting, terrain, clock)
    groups = [[home[member] for member in dict.fromkeys(group)] for group in setting.graph.anti_affinity]
    return Puzzle(
        terrain,
        tuple(blocks.of(tuple(members[block])) for block in range(len(members))),
        tuple(kinds.of(link, (home[link.ends[0]], home[link.ends[1]])) for link in links),
        _chains(setting.graph.chains, links),
        tuple(tuple(dict.fromkeys(group)) for group in groups),
        all(len(set(group)) == len(group) for group in groups),
        crowding(setting, terrain, [members[block] for block in range(len(members))]),
    )


def _homes(graph: ServiceGraph) -> dict[str, int]:
    """Endpoint or instance -> the number of its block."""
    together: nx.Graph = nx.Graph()
    together.add_nodes_from([*(end.name for end in graph.endpoints), *(one.name for one in graph.instances)])
    for group in graph.affinity:
        nx.add_path(together, group)
    parts = nx.connected_components(together)
    return {name: number for number, part in enumerate(parts) for name in part}


def _chains(chains: tuple[GraphChain, ...], links: list[GraphLink]) -> tuple[Chain, ...]:
    numbers = {link.name: index for index, link in enumerate(links)}
    found = [
        Chain(tuple(numbers[name] for name in chain.links if name in numbers), chain.latency_ms)
        for chain in chains
        if chain.latency_ms is not None
    ]
    tightest: dict[tuple[int, ...], Chain] = {}
    for chain in sorted(found, key=lambda one: -one.limit_ms):
        tightest[chain.links] = chain
    return tuple(tightest.values())


class _Blocks:
    """Instances that are alike are computed once."""

    def __init__(self, setting: Setting, terrain: Terrain, clock: Clock) -> None:
        self._setting = setting
        self._clock = clock
        self._terrain = terrain
        self._parts = {part.name: part for part in setting.graph.instances}
        self._known: dict[object, Block] = {}

    def of(self, members: tuple[str, ...]) -> Block:
        key = tuple(sorted((self._likeness(member) for member in members), key=repr))
        if key not in self._known:
            self._clock.check()
            self._known[key] = self._computed(members)
        known = self._known[key]
        return Block(members, known.pops, known.costs, known.demand)

    def _likeness(self, member: str) -> object:
        part, standing = self._parts.get(member), self._setting.standing
        if part is None or member in standing.instances:
            return member
        rates = self._setting.aim.weights_of(member)
        return part.resources, part.licences, self._setting.options[member], rates.cost, rates.balance

    def _computed(self, members: tuple[str, ...]) -> Block:
        options = self._setting.options
        shared = set(options[members[0]]).intersection(*(options[member] for member in members[1:]))
        pops = sorted(self._terrain.number[pop] for pop in shared)
        parts = [self._parts[member] for member in members if member in self._parts]
        demand = self._demands(parts, pops)
        fits = (demand <= self._terrain.free[pops]).all(axis=1) | ~demand.any(axis=1)
        kept = np.array(pops, dtype=np.int64)[fits]
        costs = [self._cost(parts, self._terrain.pops[pop]) for pop in kept]
        return Block(members, kept, np.array(costs, dtype=np.float64), demand[fits])

    def _demands(self, parts: list[GraphInstance], pops: list[int]) -> Floats:
        """A row for each of `pops`; they are alike where nothing stands yet."""
        stands = any(part.name in self._setting.standing.instances for part in parts)
        rows = [self._demand(parts, pop) for pop in (pops if stands else pops[:1])]
        found = np.array(rows, dtype=np.float64).reshape(-1, 3)
        return found if stands else found.repeat(len(pops), axis=0)[: len(pops)]

    def _arriving(self, parts: list[GraphInstance], pop: str) -> Resources:
        needed = [self._setting.needs.resources(part, pop) for part in parts]
        return needed[0] if len(needed) == 1 else sum(needed, start=Resources.of(0, 0, 0))

    def _demand(self, parts: list[GraphInstance], pop: int) -> tuple[int, int, int]:
        total = self._arriving(parts, self._terrain.pops[pop])
        return total.vcpus, total.memory, total.disk

    def _cost(self, parts: list[GraphInstance], pop: str) -> float:
        aim = self._setting.aim
        cost = sum(aim.at(part, pop) for part in parts)
        for layer in aim.layers:
            some = [part for part in parts if part.name in layer.members]
            if some:
                cost += layer.rate * self._grown(some, pop)
        return cost

    def _grown(self, parts: list[GraphInstance], pop: str) -> float:
        """How much the load of a PoP grows by these alone."""
        setting = self._setting
        added = loaded(setting.infrastructure, setting.usage, pop, self._arriving(parts, pop))
        return sum(growth(*each) for each in added)


class _Kinds:
    """Links that are alike share their matrices."""

    def __init__(self, setting: Setting, terrain: Terrain, clock: Clock) -> None:
        self._setting = setting
        self._clock = clock
        self._terrain = terrain
        self._known: dict[tuple[bytes, float, float, float | None], tuple[int, Floats]] = {}
        self._position = {name: index for index, name in enumerate(terrain.names)}

    def of(self, link: GraphLink, ends: tuple[int, int]) -> Link:
        terrain = self._terrain
        mbps = np.full(len(terrain.names), link.bandwidth_mbps)
        way = self._setting.needs.way(link.name)
        for name in way.physical_links if way else ():
            if name in self._position:
                mbps[self._position[name]] = self._setting.needs.mbps(link, name)
        usable = mbps <= terrain.free_mbps
        if link.latency_ms is not None:
            usable &= terrain.latencies <= link.latency_ms + SLACK_MS
        if link.name in self._setting.fixed:
            kept = set(self._setting.fixed[link.name].physical_links)
            usable &= np.array([name in kept for name in terrain.names], dtype=bool)
        aim = self._setting.aim
        per_price, per_ms = aim.over(link, 1.0, 0.0), aim.over(link, 0.0, 1.0)
        kind, costs = self._costs(usable, per_price, per_ms, link.latency_ms)
        limit_ms = link.latency_ms
        return Link(link.name, ends, kind, usable, usable, per_price, per_ms, mbps, limit_ms, costs)

    def _costs(
        self, usable: Mask, per_price: float, per_ms: float, limit_ms: float | None
    ) -> tuple[int, Floats]:
        key = usable.tobytes(), per_price, per_ms, limit_ms
        if key not in self._known:
            self._clock.check()
            costs = self._terrain.ways(usable, per_price, per_ms)
            if limit_ms is not None:
                slow = self._terrain.quickest(usable) > limit_ms + SLACK_MS
                costs = np.where(slow, np.inf, costs)
            self._known[key] = len(self._known), costs
        return self._known[key]
