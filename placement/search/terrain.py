"""The free network as arrays, and the cheapest and quickest ways between all PoPs.

scipy is imported where it is used: nothing else of the command line needs it.
"""

from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Terrain:
    """PoPs and physical links by number; ways are computed once for each kind of graph link."""

    def __init__(self, topology: nx.MultiGraph) -> None:
        self.pops: list[str] = list(topology)
        self.number = {pop: index for index, pop in enumerate(self.pops)}
        edges = list(topology.edges(keys=True, data=True))
        self.names: list[str] = [name for _, _, name, _ in edges]
        self.tails: Ints = np.array([self.number[one] for one, _, _, _ in edges], dtype=np.int64)
        self.heads: Ints = np.array([self.number[other] for _, other, _, _ in edges], dtype=np.int64)
        self.prices = _column(edges, "price")
        self.latencies = _column(edges, "latency_ms")
        self.free_mbps = _column(edges, "free_mbps")
        free = [topology.nodes[pop]["free"] for pop in self.pops]
        rows = [(have.vcpus, have.memory, have.disk) for have in free]
        self.free: Floats = np.array(rows, dtype=np.float64).reshape(len(rows), 3)
        """PoP x (vcpus, MiB of memory, GiB of disk)."""
        self._known: dict[tuple[bytes, float], Floats] = {}
        self._quickest: dict[bytes, Floats] = {}

    def ways(self, usable: Mask, per_price: float, per_ms: float) -> Floats:
        """The least of `per_price` * price + `per_ms` * latency between each two PoPs; inf where no way is.

        :param usable: for each physical link, whether a way may take it
        """
        if per_price <= 0:
            return per_ms * self.quickest(usable) if per_ms > 0 else _reach(self.quickest(usable))
        key = usable.tobytes(), per_ms / per_price
        if key not in self._known:
            self._known[key] = self._shortest(usable, self.prices + key[1] * self.latencies)
        return per_price * self._known[key]

    def quickest(self, usable: Mask) -> Floats:
        """The least latency between each two PoPs; inf where no way is."""
        key = usable.tobytes()
        if key not in self._quickest:
            self._quickest[key] = self._shortest(usable, self.latencies)
        return self._quickest[key]

    def ways_from(self, sources: Ints, usable: Mask, per_price: float, per_ms: float) -> Floats:
        """The rows of `ways` for these PoPs; nothing is kept."""
        return self._shortest(usable, per_price * self.prices + per_ms * self.latencies, sources)

    def _shortest(self, usable: Mask, weights: Floats, sources: Ints | None = None) -> Floats:
        from scipy.sparse.csgraph import dijkstra

        lengths: Floats = dijkstra(self._matrix(usable, weights), indices=sources)
        return lengths

    def _matrix(self, usable: Mask, weights: Floats) -> Any:
        """Both directions of the usable links, of parallel ones the lightest; zeros are kept as weights."""
        from scipy.sparse import csr_matrix

        size, (rows, columns, edges) = len(self.pops), self._arcs
        kept = usable[edges]
        rows, columns, values = rows[kept], columns[kept], weights[edges[kept]]
        if self._has_parallel:
            order = np.lexsort((values, columns, rows))
            cells = rows[order] * size + columns[order]
            lightest = order[np.concatenate([[True], cells[1:] != cells[:-1]])] if len(order) else order
            rows, columns, values = rows[lightest], columns[lightest], values[lightest]
        starts = np.searchsorted(rows, np.arange(size + 1))
        return csr_matrix((values, columns, starts), shape=(size, size))

    @cached_property
    def _arcs(self) -> tuple[Ints, Ints, Ints]:
        """Both directions of all physical links, ordered: (from PoP, to PoP, physical link)."""
        rows, columns = np.concatenate([self.tails, self.heads]), np.concatenate([self.heads, self.tails])
        order = np.lexsort((columns, rows))
        return rows[order], columns[order], order % max(1, len(self.tails))

    @cached_property
    def _has_parallel(self) -> bool:
        rows, columns, _ = self._arcs
        return bool(((rows[1:] == rows[:-1]) & (columns[1:] == columns[:-1])).any())


def _reach(lengths: Floats) -> Floats:
    return np.where(np.isfinite(lengths), 0.0, np.inf)


def _column(edges: list[tuple[str, str, str, dict[str, Any]]], key: str) -> Floats:
    return np.array([data[key] for *_, data in edges], dtype=np.float64)
