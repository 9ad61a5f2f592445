"""Which blocks and links are alike, so that one of each stands for all in a relaxation.

Colour refinement: two blocks keep one colour as long as they look alike and have alike neighbours. A linear
relaxation has an optimum in which alike things are treated alike (Grohe, Kersting, Mladenov and Selman,
"Dimension reduction via colour refinement", ESA 2014), so merging them loses nothing of its bound.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from placement.search.puzzle import Puzzle


@dataclass(frozen=True)
class Classes:
    """The colour, from 0, of each block, link, chain and group that must be apart."""

    blocks: tuple[int, ...]
    links: tuple[int, ...]
    bonds: tuple[int, ...]
    """Of each link: the colour of all links together that join its two blocks."""
    chains: tuple[int, ...]
    apart: tuple[int, ...]


def classes(puzzle: Puzzle) -> Classes:
    """The coarsest colours that are stable."""
    looks = _looks(puzzle)
    nothing = (0,) * len(puzzle.links)
    found = Classes(
        _numbered(looks.blocks),
        _numbered(looks.links),
        nothing,
        (0,) * len(puzzle.chains),
        (0,) * len(puzzle.apart),
    )
    while True:
        finer = _refined(puzzle, found)
        if _count(finer) == _count(found):
            return finer
        found = finer


@dataclass(frozen=True)
class _Looks:
    blocks: list[Hashable]
    links: list[Hashable]


def _looks(puzzle: Puzzle) -> _Looks:
    return _Looks(
        [(block.pops.tobytes(), block.costs.tobytes(), block.demand.tobytes()) for block in puzzle.blocks],
        [
            (
                link.kind,
                link.mbps.tobytes(),
                any(set(link.ends) <= set(group) for group in puzzle.apart),
            )
            for link in puzzle.links
        ],
    )


def _refined(puzzle: Puzzle, old: Classes) -> Classes:
    chains = [(chain.limit_ms, tuple(old.links[link] for link in chain.links)) for chain in puzzle.chains]
    on_chains: list[list[int]] = [[] for _ in puzzle.links]
    for number, chain in enumerate(puzzle.chains):
        for link in chain.links:
            on_chains[link].append(old.chains[number])
    links = [
        (old.links[n], old.bonds[n], *sorted(old.blocks[end] for end in link.ends), *sorted(on_chains[n]))
        for n, link in enumerate(puzzle.links)
    ]
    together: dict[frozenset[int], list[int]] = {}
    for number, each in enumerate(puzzle.links):
        together.setdefault(frozenset(each.ends), []).append(old.links[number])
    bonds = [tuple(sorted(together[frozenset(each.ends)])) for each in puzzle.links]
    around: list[list[tuple[int, int]]] = [[] for _ in puzzle.blocks]
    for number, each in enumerate(puzzle.links):
        one, other = each.ends
        around[one].append((old.links[number], old.blocks[other]))
        around[other].append((old.links[number], old.blocks[one]))
    for number, group in enumerate(puzzle.apart):
        for block in group:
            around[block].append((-1, old.apart[number]))
    blocks = [(old.blocks[n], tuple(sorted(around[n]))) for n in range(len(puzzle.blocks))]
    apart = [tuple(sorted(old.blocks[block] for block in group)) for group in puzzle.apart]
    return Classes(_numbered(blocks), _numbered(links), _numbered(bonds), _numbered(chains), _numbered(apart))


def _numbered(keys: Iterable[Hashable]) -> tuple[int, ...]:
    seen: dict[Hashable, int] = {}
    return tuple(seen.setdefault(key, len(seen)) for key in keys)


def _count(colours: Classes) -> tuple[int, ...]:
    return tuple(len(set(each)) for each in _all(colours))


def _all(colours: Classes) -> tuple[tuple[int, ...], ...]:
    return colours.blocks, colours.links, colours.bonds, colours.chains, colours.apart
