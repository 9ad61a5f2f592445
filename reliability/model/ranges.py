"""The ranges in which the paper looks, of its section VI-A."""

from collections.abc import Iterator, Mapping, Sequence

from reliability.model.parameters import TIME_OUT_BEATS, Parameters

RANGES: Mapping[str, tuple[float, float]] = {
    "n": (5, 15),
    "t_i": (1.0, 60.0),
    "t_m": (10.0, 120.0),
    "t_o": (0.15, 0.15),
    "h_s": (0.1, 0.1),
    "l_hb": (0.01, 0.2),
    "l_a": (0.01, 0.2),
    "l_b": (0.01, 0.2),
    "l_next": (0.01, 0.2),
    "s_z": (100.0, 500.0),
    "p_a": (10.0, 300.0),
    "p_b": (10.0, 300.0),
}
"""From, to. p_next has none of its own: it is the entire state, as s_z. h_r is the operator's to choose."""


def outside(given: Parameters) -> Iterator[str]:
    """What of a configuration lies outside the paper's ranges; it can be computed all the same."""
    for field, (low, high) in RANGES.items():
        values: Sequence[float] = given.tasks if field == "t_i" else _values(getattr(given, field))
        beyond = [value for value in values if not low <= value <= high]
        if beyond:
            yield f"{field} = {beyond[0]:g} is outside [{low:g}, {high:g}]"
    if given.time_out * given.h_r < TIME_OUT_BEATS - 1e-9:
        beats = given.time_out * given.h_r
        yield f"t_h is {beats:.2g} heartbeat intervals, under {TIME_OUT_BEATS}: a late one counts as death"


def _values(value: float | tuple[float, ...]) -> Sequence[float]:
    return value if isinstance(value, tuple) else (value,)
