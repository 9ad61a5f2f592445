"""Expressions over a series of snapshots, evaluated as policies evaluate them. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from domain.expressions import (
    Choice,
    Count,
    ExpressionError,
    Figure,
    Negative,
    Number,
    Operation,
    Tree,
    parse,
)
from interfaces.report.story import Point
from monitoring.evaluating import Gauges
from monitoring.freshness import fresh
from monitoring.metrics import COMPONENT, INSTANCE, Snapshot
from monitoring.windows import History

_MOMENTARY = ("memory_mib", "connections")


class Wanted(NamedTuple):
    """An expression, and the component that it is of where it names none."""

    expression: str
    component: str


class Curves:
    """The values of expressions at each moment."""

    def __init__(
        self,
        snapshots: Sequence[Snapshot],
        interval_s: float,
        components: Collection[str],
        wanted: Iterable[Wanted],
    ) -> None:
        """
        :param interval_s: between two looks; samples that are older than two of them do not count
        :param components: of the service: others are its endpoints
        """
        self._points: dict[Wanted, list[Point]] = {each: [] for each in wanted}
        histories: Mapping[str, History] = {}
        for snapshot in snapshots:
            at = snapshot.at.timestamp()
            values, there = fresh(snapshot, interval_s), counted(snapshot, components)
            gauges = Gauges(values, there, at, interval_s, histories)
            for each, points in self._points.items():
                points.append((at, gauges.read(*each).value))
            histories = gauges.histories

    def points(self, wanted: Wanted) -> tuple[Point, ...]:
        """Of an expression that was asked for at the beginning."""
        return tuple(self._points[wanted])

    def same(self, one: Wanted, other: Wanted) -> bool:
        """Whether two expressions always have the same value, however they are written."""
        return _tree(one) == _tree(other)


def counted(snapshot: Snapshot, components: Collection[str]) -> dict[str, int]:
    """How many instances of each component there are; none of who is not heard of.

    By what is so at one moment: a rate over the last minute is there for a while after its instance is gone.
    """
    names: dict[str, set[str]] = defaultdict(set)
    for each in snapshot.samples:
        if each.metric in _MOMENTARY and INSTANCE in each.labels and each.labels.get(COMPONENT) in components:
            names[each.labels[COMPONENT]].add(each.labels[INSTANCE])
    for instance, health in snapshot.health.items():
        if health.component in components:
            names[health.component].add(instance)
    return {component: len(found) for component, found in names.items()}


def _tree(wanted: Wanted) -> Tree | str:
    try:
        return _owned(parse(wanted.expression), wanted.component)
    except ExpressionError:
        return wanted.expression


def _owned(tree: Tree, component: str) -> Tree:
    """With the component said wherever it was meant."""
    match tree:
        case Figure(metric, aggregate, owner, chain, window_s):
            return Figure(metric, aggregate, None if chain else owner or component, chain, window_s)
        case Count(owner):
            return Count(owner or component)
        case Negative(of):
            return Negative(_owned(of, component))
        case Operation(sign, left, right):
            return Operation(sign, _owned(left, component), _owned(right, component))
        case Choice(greatest, among):
            return Choice(greatest, tuple(_owned(each, component) for each in among))
        case Number():
            return tree
