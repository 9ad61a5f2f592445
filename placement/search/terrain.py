"""The free network as arrays, and the cheapest and quickest ways between all PoPs.

scipy is imported where it is used: nothing else of the command line needs it.
"""

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

    def _shortest(self, usable: Mask, weights: Floats) -> Floats:
        from scipy.sparse.csgraph import dijkstra

        lengths: Floats = dijkstra(self._matrix(usable, weights))
        return lengths

    def _matrix(self, usable: Mask, weights: Floats) -> Any:
        """Both directions of the usable links, of parallel ones the lightest; zeros are kept as weights."""
        from scipy.sparse import csr_matrix

        size, chosen = len(self.pops), np.flatnonzero(usable)
        rows = np.concatenate([self.tails[chosen], self.heads[chosen]])
        columns = np.concatenate([self.heads[chosen], self.tails[chosen]])
        values = np.concatenate([weights[chosen], weights[chosen]])
        order = np.lexsort((values, columns, rows))
        cells = rows[order] * size + columns[order]
        lightest = order[np.concatenate([[True], cells[1:] != cells[:-1]])] if len(order) else order
        starts = np.searchsorted(rows[lightest], np.arange(size + 1))
        return csr_matrix((values[lightest], columns[lightest], starts), shape=(size, size))


def _reach(lengths: Floats) -> Floats:
    return np.where(np.isfinite(lengths), 0.0, np.inf)


def _column(edges: list[tuple[str, str, str, dict[str, Any]]], key: str) -> Floats:
    return np.array([data[key] for *_, data in edges], dtype=np.float64)
