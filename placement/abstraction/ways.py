"""Shortest ways over a large network from all PoPs at once.

What loads this loads scipy, too: a worker that did so with its first plan would have that plan wait.
"""

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from domain.plans import GraphLink
from placement.needs import Needs

Array = NDArray[np.float64]
Marks = NDArray[np.bool_]

_SLACK_MS = 1e-9


class Ways:
    """The physical links as arrays, by the PoPs that they leave."""

    def __init__(self, free: nx.MultiGraph) -> None:
        """:param free: as topology.build gives it"""
        self.pops: list[str] = list(free)
        self.position = {pop: number for number, pop in enumerate(self.pops)}
        self.size = len(self.pops)
        edges = list(free.edges(keys=True, data=True))
        self._numbers = {name: number for number, (_, _, name, _) in enumerate(edges)}
        ones = np.array([self.position[one] for one, _, _, _ in edges], dtype=np.int32)
        others = np.array([self.position[other] for _, other, _, _ in edges], dtype=np.int32)
        tails, heads = np.concatenate([ones, others]), np.concatenate([others, ones])
        self._order = np.argsort(tails, kind="stable")
        self._heads = heads[self._order].astype(np.int32)
        leaving = np.bincount(tails, minlength=self.size)
        self._starts = np.concatenate([[0], np.cumsum(leaving)]).astype(np.int32)
        self._mbps = np.array([data["free_mbps"] for _, _, _, data in edges], dtype=float)
        self._latency = np.array([data["latency_ms"] for _, _, _, data in edges], dtype=float)
        self._price = np.array([data["price"] for _, _, _, data in edges], dtype=float)

    def usable(self, link: GraphLink, needs: Needs) -> Marks:
        """The physical links that could alone carry `link`."""
        usable: Marks = self._mbps >= link.bandwidth_mbps
        present = needs.way(link.name)
        for name in present.physical_links if present else ():
            number = self._numbers.get(name)
            if number is not None:
                usable[number] = needs.mbps(link, name) <= self._mbps[number]
        if link.latency_ms is not None:
            usable = usable & (self._latency <= link.latency_ms + _SLACK_MS)
        return usable

    def spread(self, usable: Marks, per_price: float, per_ms: float, start: Array) -> Array:
        """At each PoP, the least of: `start` of some PoP and the way from there.

        :param per_price: what a physical link counts for each unit of its price
        :param per_ms: what it counts for each millisecond
        """
        begins = np.flatnonzero(np.isfinite(start)).astype(np.int32)
        if not len(begins):
            return np.full(self.size, np.inf)
        counts = np.where(usable, per_price * self._price + per_ms * self._latency, np.inf)
        lowest = float(start[begins].min())
        data = np.concatenate([np.concatenate([counts, counts])[self._order], start[begins] - lowest])
        indices = np.concatenate([self._heads, begins])
        bounds = np.append(self._starts, self._starts[-1] + len(begins)).astype(np.int32)
        matrix = csr_matrix((data, indices, bounds), shape=(self.size + 1, self.size + 1))
        found: Array = dijkstra(matrix, indices=self.size)[: self.size] + lowest
        return found
