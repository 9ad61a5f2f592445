"""Cuts through the network that what must cross them does not fit through: then there is no placement.

A cut parts the PoPs in two. Blocks whose candidates are all on one side are there; wherever the others go,
the links between both sides need at least the least cut of the service between those. The cuts looked at are
the narrowest ones between two blocks that have one candidate each: endpoints, mostly.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import networkx as nx
import numpy as np

from placement.search.puzzle import Puzzle
from placement.search.terrain import Floats, Ints, Mask

_MOST_CUTS = 6
_SLACK = 1e-6
"""Relative: what is within it fits, as it does for solvers."""
_HERE, _THERE = "here", "there"


def narrow(puzzle: Puzzle, pops: Sequence[Ints], usable: Sequence[Mask]) -> str | None:
    """Why no placement gets through a cut, or None where none of those looked at proves it.

    :param pops: block -> the candidates that a plan could have
    :param usable: link -> physical link -> whether it can be part of its way
    """
    room = _room(puzzle, usable)
    network = _network(puzzle, room)
    for one, other in _pinned(pops):
        _, (side, _) = nx.minimum_cut(network, int(pops[one][0]), int(pops[other][0]))
        inside = np.zeros(len(puzzle.terrain.pops), dtype=bool)
        inside[list(side)] = True
        crossing = np.flatnonzero(inside[puzzle.terrain.tails] != inside[puzzle.terrain.heads])
        wide, asked = float(room[crossing].sum()), _asked(puzzle, pops, usable, inside, crossing)
        if asked > wide * (1 + _SLACK):
            ends = " and ".join(", ".join(puzzle.blocks[end].members) for end in (one, other))
            needs = f"{asked:g} Mbit/s" if np.isfinite(asked) else "more"
            return (
                f"the service needs {needs} between {ends}, but all ways there that are wide and quick enough"
                f" have {wide:g} Mbit/s free together"
            )
    return None


def _pinned(pops: Sequence[Ints]) -> Iterator[tuple[int, int]]:
    """Pairs of blocks that have one candidate each, not the same."""
    first = {int(each[0]): block for block, each in reversed(list(enumerate(pops))) if len(each) == 1}
    yield from list(combinations(sorted(first.values()), 2))[:_MOST_CUTS]


def _room(puzzle: Puzzle, usable: Sequence[Mask]) -> Floats:
    """Of each physical link, what of its free bandwidth links of the service could take."""
    taken = np.zeros(len(puzzle.terrain.free_mbps))
    for link, some in zip(puzzle.links, usable, strict=True):
        taken += np.where(some, link.mbps, 0.0)
    return np.minimum(puzzle.terrain.free_mbps, taken)


def _network(puzzle: Puzzle, room: Floats) -> nx.Graph:
    """Parallel links as one."""
    terrain, network = puzzle.terrain, nx.Graph()
    network.add_nodes_from(range(len(terrain.pops)))
    for one, other, mbps in zip(terrain.tails.tolist(), terrain.heads.tolist(), room, strict=True):
        before = network.get_edge_data(one, other, {"capacity": 0.0})["capacity"]
        network.add_edge(one, other, capacity=before + float(mbps))
    return network


def _asked(
    puzzle: Puzzle, pops: Sequence[Ints], usable: Sequence[Mask], inside: Mask, crossing: Ints
) -> float:
    """Mbit/s that at least cross; inf where a link must cross that fits through nowhere."""
    service = nx.Graph()
    for block, each in enumerate(pops):
        if inside[each].all():
            service.add_edge(_HERE, block)
        elif not inside[each].any():
            service.add_edge(_THERE, block)
    for link, some in zip(puzzle.links, usable, strict=True):
        through = crossing[some[crossing]]
        more = float(link.mbps[through].min()) if len(through) else np.inf
        before = service.get_edge_data(*link.ends, {"capacity": 0.0})["capacity"]
        service.add_edge(*link.ends, capacity=before + more)
    try:
        return float(nx.minimum_cut_value(service, _HERE, _THERE))
    except nx.NetworkXUnbounded:
        return float(np.inf)
