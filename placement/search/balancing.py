"""Shares what ties out of the forest count with the forest, so that the sum of their bounds grows.

A walk round the forest: at each node all parts that it belongs to, the forest and ties that close cycles, are
given the same least sums for each of its labels (as the averaging in max-product linear programming does).
The walk renews one message a step, so a round costs as much as one evaluation of the bound; the bound never
falls.
"""

import numpy as np

from placement.search.clock import Stop
from placement.search.prices import Prices
from placement.search.relaxation import Relaxation
from placement.search.terrain import Floats


def balance(relaxation: Relaxation, prices: Prices, rounds: int, stop: Stop) -> None:
    """Some rounds with these multipliers; changes what `relaxation` shares."""
    relaxed = relaxation.evaluate(prices)
    if relaxation.cycles and np.isfinite(relaxed.bound):
        walk = _Walk(relaxation, relaxed.unary, relaxed.matrices)
        for _ in range(rounds):
            if stop():
                break
            walk.round()
        walk.gather()


class _Walk:
    def __init__(self, relaxation: Relaxation, unary: list[Floats], matrices: list[Floats]) -> None:
        self._relaxation = relaxation
        self._unary = unary
        self._matrices = matrices
        self._closing: dict[int, list[int]] = {}
        for tie in relaxation.cycles:
            for node in relaxation.ties[tie].nodes:
                self._closing.setdefault(node, []).append(tie)
        self._around: list[list[tuple[int, int]]] = [[] for _ in unary]
        for branch in relaxation.branches:
            self._around[branch.parent].append((branch.child, branch.tie))
            self._around[branch.child].append((branch.parent, branch.tie))
        self._messages: dict[tuple[int, int], Floats] = {}
        for branch in reversed(relaxation.branches):
            self._send(branch.child, branch.parent, branch.tie)

    def round(self) -> None:
        """Once round each tree."""
        children = {branch.child for branch in self._relaxation.branches}
        for root in range(len(self._unary)):
            if root not in children:
                self._visit(root)

    def gather(self) -> None:
        """Count in the forest all that a tie out of it counts at the least: early places then tell most."""
        for tie in self._relaxation.cycles:
            for node in self._relaxation.ties[tie].nodes:
                least = self._least(tie, node)
                shared = self._relaxation.shared.get((tie, node), 0.0)
                self._relaxation.shared[tie, node] = shared + np.where(np.isfinite(least), least, 0.0)

    def _visit(self, root: int) -> None:
        """Down to each child and back again (without recursion: trees may be deep)."""
        self._even(root)
        stack = [(root, -1, iter(self._around[root]))]
        while stack:
            node, parent, onward = stack[-1]
            child, tie = next(onward, (-1, -1))
            if child == parent and child != -1:
                continue
            if child == -1:
                stack.pop()
                if stack:
                    self._send(node, parent, self._tie(node, parent))
                    self._even(parent)
                continue
            self._send(node, child, tie)
            self._even(child)
            stack.append((child, node, iter(self._around[child])))

    def _tie(self, node: int, other: int) -> int:
        return next(tie for neighbour, tie in self._around[node] if neighbour == other)

    def _send(self, node: int, to: int, tie: int) -> None:
        total = self._unary[node].copy()
        for other, _ in self._around[node]:
            if other != to and (other, node) in self._messages:
                total += self._messages[other, node]
        matrix = self._matrices[tie]
        matrix = matrix if self._relaxation.ties[tie].nodes[0] == node else matrix.T
        self._messages[node, to] = (total[:, None] + matrix).min(axis=0)

    def _even(self, node: int) -> None:
        """Give all parts of which `node` is the same least sums for its labels."""
        ties = self._closing.get(node, [])
        if not ties:
            return
        inside = self._unary[node] + sum(self._messages[other, node] for other, _ in self._around[node])
        each = [self._least(tie, node) for tie in ties]
        share = (inside + sum(each)) / (1 + len(ties))
        sound = np.isfinite(share)
        for tie, least in zip(ties, each, strict=True):
            change = np.where(sound, np.where(sound, least, 0.0) - np.where(sound, share, 0.0), 0.0)
            shared = self._relaxation.shared.get((tie, node), 0.0)
            self._relaxation.shared[tie, node] = shared + change
            self._unary[node] = self._unary[node] + change

    def _least(self, tie: int, node: int) -> Floats:
        """What a tie counts beyond what is shared, at the least for each label of `node`."""
        rest = self._relaxation.rest(tie, self._matrices[tie])
        least: Floats = rest.min(axis=1 if self._relaxation.ties[tie].nodes[0] == node else 0)
        return least
