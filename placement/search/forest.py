"""Min-sum over a forest by message passing: its least sum, and the least sum with each label of each node."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from placement.search.terrain import Floats


@dataclass(frozen=True)
class Branch:
    """A node other than a root, and the tie to its parent."""

    child: int
    parent: int
    tie: int
    """Its number in the list of matrices, each (label of child, label of parent)."""


@dataclass(frozen=True)
class Sweep:
    """What a pass up and a pass down the forest found."""

    least: float
    """Over the whole forest."""
    rise: list[Floats]
    """Node -> label -> by how much the least sum rises with that label."""
    below: list[Floats]
    """Node -> label -> the least sum of its subtree."""
    above: list[Floats]
    """Node that is no root -> label of its parent -> the least sum of all but its subtree."""
    labels: list[int]
    """Node -> its label in an optimum."""


def forest(size: int, pairs: Sequence[tuple[int, int]]) -> tuple[list[Branch], list[int]]:
    """The branches of a spanning forest, children after their parents, and the pairs that close a cycle.

    Earlier pairs go into the forest first.
    """
    group = list(range(size))

    def root(node: int) -> int:
        while group[node] != node:
            group[node] = group[group[node]]
            node = group[node]
        return node

    inside: list[list[tuple[int, int]]] = [[] for _ in range(size)]
    outside = []
    for tie, (one, other) in enumerate(pairs):
        if root(one) == root(other):
            outside.append(tie)
            continue
        group[root(one)] = root(other)
        inside[one].append((other, tie))
        inside[other].append((one, tie))
    return _rooted(inside), outside


def _rooted(around: list[list[tuple[int, int]]]) -> list[Branch]:
    branches: list[Branch] = []
    seen = [False] * len(around)
    for start in range(len(around)):
        queue = [] if seen[start] else [start]
        for node in queue:
            seen[node] = True
            for other, tie in around[node]:
                if not seen[other]:
                    branches.append(Branch(other, node, tie))
                    queue.append(other)
    return branches


def sweep(branches: Sequence[Branch], unary: Sequence[Floats], ties: Sequence[Floats]) -> Sweep:
    """The least sum of one label's `unary` for each node and of the `ties` between them.

    :param ties: by number of tie (label of child, label of parent)
    """
    below = [each.copy() for each in unary]
    message: dict[int, Floats] = {}
    for branch in reversed(branches):
        message[branch.child] = (below[branch.child][:, None] + ties[branch.tie]).min(axis=0)
        below[branch.parent] += message[branch.child]
    return _descended(branches, unary, ties, below, message)


def _descended(
    branches: Sequence[Branch],
    unary: Sequence[Floats],
    ties: Sequence[Floats],
    below: list[Floats],
    message: dict[int, Floats],
) -> Sweep:
    children: list[list[int]] = [[] for _ in unary]
    for branch in branches:
        children[branch.parent].append(branch.child)
    whole: list[Floats] = list(below)
    above: list[Floats] = [np.empty(0)] * len(unary)
    down: dict[int, Floats] = {}
    labels = [int(np.argmin(each)) for each in below]
    roots = set(range(len(unary)))
    for branch in branches:
        child, parent, tie = branch.child, branch.parent, ties[branch.tie]
        rest = unary[parent] + down.get(parent, 0.0)
        for sibling in children[parent]:
            if sibling != child:
                rest = rest + message[sibling]
        above[child] = rest
        down[child] = (tie + rest[None, :]).min(axis=1)
        whole[child] = below[child] + down[child]
        labels[child] = int(np.argmin(below[child] + tie[:, labels[parent]]))
        roots.discard(child)
    least = float(sum(below[root].min() for root in roots))
    return Sweep(least, [_rise(each) for each in whole], below, above, labels)


def _rise(sums: Floats) -> Floats:
    least = sums.min()
    return sums - least if np.isfinite(least) else np.full(len(sums), np.inf)
