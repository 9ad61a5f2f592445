"""What would have been measured with another number of instances."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from math import isnan

from domain.metrics import CHAIN_METRICS
from monitoring.metrics import CHAIN, COMPONENT, INSTANCE, Sample, Snapshot
from monitoring.simulation.queueing import answered
from monitoring.simulation.series import Recorded

REQUESTS = "requests_per_s"
"""The load of which latency and errors are known."""
_LATE = 1.5
"""Usual steps after which a row does not speak for now any more."""


@dataclass(frozen=True)
class Load:
    """A column that is the whole load of the component, shared by its instances."""

    metric: str
    capacity: float
    """What one instance answers at most, in the metric's unit."""


@dataclass(frozen=True)
class World:
    """A recorded series, seen by any number of instances of a component."""

    recorded: Recorded
    component: str
    load: Load | None
    """None: all figures are taken as they were, whatever the number of instances."""
    others: frozenset[str]
    """The other components."""

    def at(self, now: float, instances: int) -> Snapshot:
        """What would be measured then."""
        at = datetime.fromtimestamp(now, UTC)
        row, seen = self._row(now, at)
        if row is None:
            return Snapshot(at=at)
        return Snapshot(at=at, samples=tuple(self._samples(row, seen, instances)))

    def whole(self, now: float) -> float | None:
        """The whole load then; None where it is not known, or none is."""
        row, _ = self._row(now, datetime.fromtimestamp(now, UTC))
        return None if self.load is None or row is None else self._sum(row, self.load.metric)

    def _row(self, now: float, at: datetime) -> tuple[int | None, datetime]:
        """The row that speaks for a moment, and when it was measured: now, unless it is an old one."""
        row = bisect_right(self.recorded.times, now) - 1
        if row < 0:
            return None, at
        measured = self.recorded.times[row]
        late = now - measured > _LATE * self.recorded.step_s
        return row, datetime.fromtimestamp(measured, UTC) if late else at

    def _samples(self, row: int, seen: datetime, instances: int) -> Iterator[Sample]:
        told: set[str] = set()
        if self.load is not None and (whole := self._sum(row, self.load.metric)) is not None:
            figures = _shared(self.load, whole, instances)
            told = set(figures)
            for metric, value in figures.items():
                yield from self._of_all(metric, value, seen, instances)
        for metric, owner in self._columns:
            own = owner in ("", self.component)
            if not (own and metric in told):
                yield from self._as_it_was(metric, owner, row, seen, instances)

    def _as_it_was(
        self, metric: str, owner: str, row: int, seen: datetime, instances: int
    ) -> Iterator[Sample]:
        values = self._values(row, metric, owner)
        if not values:
            return
        mean = sum(values) / len(values)
        if metric in CHAIN_METRICS:
            yield Sample(metric=metric, labels={CHAIN: owner}, at=seen, value=mean)
        elif owner in self.others:
            yield Sample(metric=metric, labels={COMPONENT: owner}, at=seen, value=mean)
        else:
            yield from self._of_all(metric, mean, seen, instances)

    def _of_all(self, metric: str, value: float, seen: datetime, instances: int) -> Iterator[Sample]:
        for number in range(instances):
            labels = {COMPONENT: self.component, INSTANCE: f"{self.component}-{number + 1}"}
            yield Sample(metric=metric, labels=labels, at=seen, value=value)

    def _sum(self, row: int, metric: str) -> float | None:
        values = self._values(row, metric, "") or self._values(row, metric, self.component)
        return sum(values) if values else None

    def _values(self, row: int, metric: str, owner: str) -> list[float]:
        """Of all its instances in the series."""
        columns = self._columns.get((metric, owner), ())
        return [value for each in columns if not isnan(value := each[row])]

    @cached_property
    def _columns(self) -> Mapping[tuple[str, str], list[tuple[float, ...]]]:
        """By metric and owner; one for each instance."""
        found: dict[tuple[str, str], list[tuple[float, ...]]] = defaultdict(list)
        for column, values in self.recorded.columns.items():
            found[(column.metric, column.owner)].append(values)
        return dict(found)


def _shared(load: Load, whole: float, instances: int) -> Mapping[str, float]:
    """What each instance shows when all share the load."""
    found = answered(whole, instances, load.capacity)
    figures = {load.metric: found.answered_per_s / instances, "cpu": found.utilisation}
    if load.metric != REQUESTS:
        return figures
    queueing = {"latency_ms": found.latency_ms, "latency_p95_ms": found.latency_p95_ms}
    return {**figures, **queueing, "errors_per_s": found.refused_per_s / instances}
