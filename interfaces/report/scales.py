"""Where values and times are in a chart, and which of them are said at its edges. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor, log10

WIDTH, HEIGHT = 1000.0, 132.0
"""Of the part of a chart where curves are."""
_MOST_TIMES = 10
_NOTHING = 1e-300
"""Who differ by less are alike: steps between them would be too small for numbers."""
_EXACT = 1e-9
_STEPS_S = (
    *(1, 2, 5, 10, 15, 30),
    *(60 * each for each in (1, 2, 5, 10, 15, 30)),
    *(3600 * each for each in (1, 2, 3, 6, 12)),
    *(86400 * each for each in (1, 2, 7, 14, 30, 90, 365)),
)


@dataclass(frozen=True)
class Times:
    """The time from the left edge to the right one, in seconds since the epoch."""

    start: float
    end: float

    def x(self, at: float) -> float:
        """Within the chart: what is before or after it is at its edge."""
        return min(max((at - self.start) / ((self.end - self.start) or 1.0), 0.0), 1.0) * WIDTH

    def ticks(self) -> list[tuple[float, str]]:
        """Round times, and how they are said."""
        span = self.end - self.start
        step = next((each for each in _STEPS_S if span / each <= _MOST_TIMES), _STEPS_S[-1])
        first = ceil(self.start / step)
        how = "%Y-%m-%d" if step >= 86400 else "%H:%M" if step >= 60 else "%H:%M:%S"
        return [
            (number * step, f"{datetime.fromtimestamp(number * step, UTC):{how}}")
            for number in range(first, floor(self.end / step) + 1)
        ]


@dataclass(frozen=True)
class Values:
    """From zero, or the least value where that is below, to a round number above the greatest."""

    low: float
    high: float
    step: float

    @classmethod
    def holding(cls, values: Iterable[float], whole: bool = False) -> "Values":
        """All of these.

        :param whole: only whole numbers are said
        """
        known = [*values, 0.0]
        low, high = min(known), max(known)
        rough = (high - low if high - low > _NOTHING else 1.0) / 4
        size = 10 ** floor(log10(rough))
        step = next(each * size for each in (1, 2, 2.5, 5, 10) if each * size >= rough * (1 - _EXACT))
        step = max(1.0, float(ceil(step))) if whole else step
        top = step * ceil(high / step - _EXACT)
        return cls(step * floor(low / step + _EXACT), top or step, step)

    def y(self, value: float) -> float:
        """From the top."""
        return HEIGHT * (1 - (value - self.low) / (self.high - self.low))

    def ticks(self) -> list[tuple[float, str]]:
        """Round values, and how they are said."""
        count = round((self.high - self.low) / self.step)
        return [(each, said(each)) for each in (self.low + self.step * n for n in range(count + 1))]


def said(value: float) -> str:
    """A number with as many places as anybody reads."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    text = f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3g}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def lasting(seconds: float) -> str:
    """A time in words that are short."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d {hours % 24} h"
