"""Values over time: what lasted, and means. A gap of more than two looks begins anew."""

from typing import TypeAlias

History: TypeAlias = tuple[tuple[float, float], ...]
"""(seconds since the epoch, value), the oldest first."""

RATES_S = 3.0
"""Before a look, over which rates are taken; over the time between two looks, where that is shorter.

Of more, a rise just before a look would be averaged away; of less, few requests would make a rate jump.
"""
GAP_LOOKS = 2.5
"""After how many intervals without a value what came before it does not count: a look may come late."""


def added(history: History, at: float, value: float, keep_s: float, interval_s: float) -> History:
    """With one more, without those that are older than `keep_s`, or before a gap."""
    if history and not 0 < at - history[-1][0] <= GAP_LOOKS * interval_s:
        history = ()
    oldest = at - keep_s
    return (*(each for each in history if each[0] > oldest), (at, value))


def lasted(since: float, now: float, sustained_s: float, interval_s: float) -> bool:
    """Whether what was seen first at `since` has lasted: each value stands for the interval before it."""
    return now - since + interval_s >= sustained_s


def mean(history: History, now: float, window_s: float, interval_s: float) -> float | None:
    """Over the window up to now; None where it is not known for so long."""
    if not history or not lasted(history[0][0], now, window_s, interval_s):
        return None
    return sum(value for _, value in history) / len(history)
