"""What the probes of a service's chains found, and what that says of each chain from end to end. Pure."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan, nan, prod

from monitoring.sources.chain_samples import ChainFigures

_KEPT = 20
"""Probes of a segment of which a loss is told."""

Stretch = tuple[str, str, str]
"""Chain, component that packets leave, component that they reach; a segment for each choice of instances."""


@dataclass
class Probing:
    """What came of the probes of a service's chains so far."""

    at: float = 0.0
    """Unix time of the last round; 0 before the first."""
    network: str = ""
    trouble: str = ""
    """Why there are none."""
    _round_trips_ms: dict[Stretch, dict[str, deque[float | None]]] = field(default_factory=dict)
    """Of each segment the last ones; None for one that got lost."""

    def note(self, stretch: Stretch, segment: str, round_trip_ms: float | None) -> None:
        """Keep what one probe found.

        :param round_trip_ms: None where it got lost, nan where it arrived, but nobody answers (UDP)
        """
        segments = self._round_trips_ms.setdefault(stretch, {})
        segments.setdefault(segment, deque(maxlen=_KEPT)).append(round_trip_ms)

    def figures(self, chain: str) -> ChainFigures:
        """A whole chain's: of its slowest way, as planned latencies are, and of what all of its ways lose."""
        stretches = self._copied(chain)
        if not stretches:
            return ChainFigures()
        slowest = [_slowest_ms(segments) for segments in stretches]
        answered = [each for each in slowest if not isnan(each)]
        return ChainFigures(
            latency_ms=sum(answered) / 2 if len(answered) == len(slowest) else None,
            loss=1 - prod(_delivered(segments) for segments in stretches),
        )

    def _copied(self, chain: str) -> list[list[tuple[float | None, ...]]]:
        """The probes of each segment of each stretch: as they are now, as more are noted meanwhile."""
        segments = [[*each.values()] for key, each in [*self._round_trips_ms.items()] if key[0] == chain]
        copied = [[probes for kept in each if (probes := tuple(kept))] for each in segments]
        return [each for each in copied if each]


def _slowest_ms(segments: Sequence[Sequence[float | None]]) -> float:
    """By the last answer of each; nan where there is none at all."""
    last = (next((each for each in reversed(kept) if each is not None), nan) for kept in segments)
    return max((each for each in last if not isnan(each)), default=nan)


def _delivered(segments: Sequence[Sequence[float | None]]) -> float:
    probes = [each for kept in segments for each in kept]
    return sum(each is not None for each in probes) / len(probes)
