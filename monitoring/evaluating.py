"""The value of an expression, from what was measured."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import isfinite

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
from monitoring.freshness import Values
from monitoring.metrics import CHAIN, COMPONENT
from monitoring.readings import Reading, missing
from monitoring.windows import History, added, mean

Look = Callable[[Figure | Count], Reading]

tree_of = lru_cache(maxsize=4096)(parse)
"""The tree of an expression; raises ExpressionError."""


def value_of(tree: Tree, look: Look) -> Reading:
    """The value of an expression whose figures `look` finds. What is missing in a part is missing in all."""
    match tree:
        case Number(value):
            return Reading(value)
        case Figure() | Count():
            return look(tree)
        case Negative(of):
            return _joined(lambda values: -values[0], value_of(of, look))
        case Choice(greatest, among):
            return _joined(max if greatest else min, *(value_of(each, look) for each in among))
        case Operation(sign, left, right):
            return _joined(_SIGNS[sign], value_of(left, look), value_of(right, look))


def _joined(function: Callable[[Sequence[float]], float], *parts: Reading) -> Reading:
    doubts = tuple(dict.fromkeys(doubt for part in parts for doubt in part.doubts))
    values = [part.value for part in parts if part.value is not None]
    if len(values) < len(parts):
        return missing(*doubts, early=all(part.early for part in parts if part.value is None))
    try:
        found = function(values)
    except ZeroDivisionError:
        return missing(*doubts, "division by zero")
    return Reading(found, doubts) if isfinite(found) else missing(*doubts, "the result is no number")


_SIGNS: dict[str, Callable[[Sequence[float]], float]] = {
    "+": lambda values: values[0] + values[1],
    "-": lambda values: values[0] - values[1],
    "*": lambda values: values[0] * values[1],
    "/": lambda values: values[0] / values[1],
}


def measured(figure: Figure, own: str, values: Values, instances: Mapping[str, int]) -> Reading:
    """A figure as it is now, whatever its window.

    :param own: the component that is meant where none is named
    :param instances: how many each component has
    """
    component = figure.component or own
    key = (figure.metric, CHAIN, figure.chain) if figure.chain else (figure.metric, COMPONENT, component)
    found, refused = values.found.get(key, {}), values.refused.get(key, ())
    name = f"{key[2]}.{figure.metric}"
    told = [f"{name} of {each}" if each.count(":") else f"{name}: {each}" for each in refused]
    if not found:
        return missing(*(told or [f"nobody reports {name}"]))
    value = _AGGREGATES[figure.aggregate](sorted(found.values()))
    expected = 0 if figure.chain or "" in found else instances.get(component, 0)
    if len(found) < expected:
        told.append(f"{len(found)} of {expected} instances report {name}")
    elif expected:
        told = []
    return Reading(value, tuple(told))


def _percentile(share: float) -> Callable[[Sequence[float]], float]:
    """Linear between the nearest ranks."""

    def of(values: Sequence[float]) -> float:
        at = share * (len(values) - 1)
        low = int(at)
        high = min(low + 1, len(values) - 1)
        return values[low] + (values[high] - values[low]) * (at - low)

    return of


_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "avg": lambda values: sum(values) / len(values),
    "max": max,
    "min": min,
    "sum": sum,
    "p50": _percentile(0.50),
    "p90": _percentile(0.90),
    "p95": _percentile(0.95),
    "p99": _percentile(0.99),
}


class Gauges:
    """Expressions at one look, with the means over time that they ask for."""

    def __init__(
        self,
        values: Values,
        instances: Mapping[str, int],
        now: float,
        interval_s: float,
        before: Mapping[str, History],
    ) -> None:
        """:param before: `histories` at the look before"""
        self.histories: dict[str, History] = {}
        self._values, self._instances = values, instances
        self._now, self._interval_s, self._before = now, interval_s, before

    def read(self, expression: str, own: str) -> Reading:
        """The value of an expression of a component's policy."""
        try:
            tree = tree_of(expression)
        except ExpressionError as error:
            return missing(f"{expression!r}: {error}")
        return value_of(tree, lambda each: self._look(each, own))

    def _look(self, each: Figure | Count, own: str) -> Reading:
        if isinstance(each, Count):
            return self._counted(each.component or own)
        reading = measured(each, own, self._values, self._instances)
        if each.window_s is None or reading.value is None:
            return reading
        key = f"{own}/{each.key}"
        if key not in self.histories:
            before = self._before.get(key, ())
            self.histories[key] = added(before, self._now, reading.value, each.window_s, self._interval_s)
        over = mean(self.histories[key], self._now, each.window_s, self._interval_s)
        if over is None:
            return missing(f"{each.metric} is not known for {each.window_s:g} s yet", early=True)
        return Reading(over, reading.doubts)

    def _counted(self, component: str) -> Reading:
        found = self._instances.get(component)
        if found is None:
            return missing(f"how many instances {component} has is not known")
        return Reading(float(found))
