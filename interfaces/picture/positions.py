"""Where each PoP stands in the picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from interfaces.picture.facts import LinkFacts, PopFacts
from interfaces.picture.globe import GridLine, Point, Projection, graticule, projection_of

Points = NDArray[np.float64]
"""One row a PoP: x, y."""

MARGIN = 70.0
"""Between the outermost PoPs and the edge: room for labels."""
_ASPECTS = (0.8, 2.1)
"""Of width to height."""
_EXACT = 200
"""PoPs up to which their distances in a layout are those in the graph."""
_QUICK = 1500
"""PoPs beyond which a layout is only begun."""
_ROUNDS = 80
_SMALLEST, _LARGEST = 3.5, 17.0
"""Radius of the largest PoP, where PoPs are many and where they are few."""
_GAP = 3.0
"""Between the edges of two PoPs."""


@dataclass(frozen=True)
class Frame:
    """The picture's size, and where each PoP is in it."""

    width: float
    height: float
    places: Mapping[str, Point]
    radius: float
    """Of the largest PoP."""
    grid: tuple[GridLine, ...]
    """Meridians and parallels; none where the places are not those on the globe."""


def frame_of(pops: Sequence[PopFacts], links: Sequence[LinkFacts]) -> Frame:
    """PoPs by their coordinates; by the graph where none has any; beside their neighbours where some have."""
    projection = _projection(pops)
    points = _raw(pops, links, projection)
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = _size(len(pops), high - low)
    scale = min(
        (side - 2 * MARGIN) / span if span > 0 else np.inf
        for side, span in zip((width, height), high - low, strict=True)
    )
    scale = 1.0 if np.isinf(scale) else scale
    centre = np.array([width, height]) / 2
    fitted = (points - (low + high) / 2) * scale + centre
    radius = _radius(fitted)
    apart = np.clip(_apart(fitted, 2 * radius + _GAP), radius + 4, [width - radius - 4, height - radius - 4])
    places = {pop.name: (float(x), float(y)) for pop, (x, y) in zip(pops, apart, strict=True)}
    return Frame(width, height, places, radius, _grid(projection, (low + high) / 2, scale, centre))


def _projection(pops: Sequence[PopFacts]) -> Projection | None:
    located = [pop.location for pop in pops if pop.location]
    return projection_of(located) if located else None


def _raw(pops: Sequence[PopFacts], links: Sequence[LinkFacts], projection: Projection | None) -> Points:
    graph = nx.Graph()
    graph.add_nodes_from(pop.name for pop in pops)
    graph.add_edges_from(link.between for link in links)
    if projection is None:
        return _laid_out(graph)
    known = {pop.name: projection.place(pop.location) for pop in pops if pop.location}
    return np.array([known.get(pop.name) or _beside(pop.name, graph, known) for pop in pops], dtype=float)


def _laid_out(graph: nx.Graph) -> Points:
    if len(graph) <= _EXACT and nx.is_connected(graph):
        found = nx.kamada_kawai_layout(graph)
    else:
        found = nx.spring_layout(graph, seed=1, iterations=50 if len(graph) <= _QUICK else 10)
    return np.array([found[name] for name in graph], dtype=float) * [1.4, 1.0]


def _beside(name: str, graph: nx.Graph, known: Mapping[str, Point]) -> Point:
    """Amid the neighbours that have a place, else amid all that have."""
    near = [known[other] for other in graph[name] if other in known] or [*known.values()]
    x, y = np.mean(near, axis=0)
    return float(x), float(y)


def _size(count: int, span: Points) -> tuple[float, float]:
    """An area that grows with the number of PoPs, in about the shape of what is shown."""
    area = 900_000.0 * min(max(count / 60, 1.0), 4.0) ** 0.6
    wide = float(span[0] / span[1]) if span[1] > 0 else _ASPECTS[1]
    aspect = min(max(wide, _ASPECTS[0]), _ASPECTS[1])
    return round(sqrt(area * aspect)), round(sqrt(area / aspect))


def _radius(points: Points) -> float:
    """By how far apart the PoPs are for the most part."""
    if len(points) < 2:
        return _LARGEST
    nearest = cKDTree(points).query(points, k=2)[0][:, 1]
    return float(np.clip(np.median(nearest) * 0.4, _SMALLEST, _LARGEST))


def _apart(points: Points, distance: float) -> Points:
    """Those that would cover each other, moved away from each other little by little."""
    angles = np.arange(len(points)) * 2.4
    moved = points + 0.01 * np.stack([np.cos(angles), np.sin(angles)], axis=1)  # no two in one place
    for _ in range(_ROUNDS):
        pairs = cKDTree(moved).query_pairs(distance * 0.999, output_type="ndarray")
        if not len(pairs):
            break
        one, other = pairs[:, 0], pairs[:, 1]
        between = moved[one] - moved[other]
        lengths = np.hypot(between[:, 0], between[:, 1])[:, None]
        steps = between / lengths * (distance - lengths) * 0.3
        np.add.at(moved, one, steps)
        np.subtract.at(moved, other, steps)
    return moved


def _grid(
    projection: Projection | None, middle: Points, scale: float, centre: Points
) -> tuple[GridLine, ...]:
    """In the picture's units."""
    if projection is None:
        return ()
    (west, north), (east, south) = middle - centre / scale, middle + centre / scale
    lines = graticule(projection, float(west), float(east), float(north), float(south))
    return tuple(replace(line, level=_fitted(line, middle, scale, centre)) for line in lines)


def _fitted(line: GridLine, middle: Points, scale: float, centre: Points) -> float:
    axis = 0 if line.is_meridian else 1
    return float((line.level - middle[axis]) * scale + centre[axis])
