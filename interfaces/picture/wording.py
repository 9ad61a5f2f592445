"""Numbers as a picture says them."""

from collections.abc import Callable

from domain.infrastructure import Prices

_MIB_IN_GIB = 1024
_MBPS_IN_GBPS = 1000


def gib(mib: float) -> str:
    """Memory in GiB."""
    return _short(mib / _MIB_IN_GIB)


def rate(mbps: float) -> str:
    """A bandwidth in the unit that keeps it short."""
    return f"{_short(mbps / _MBPS_IN_GBPS)} Gbit/s" if mbps >= _MBPS_IN_GBPS else f"{_short(mbps)} Mbit/s"


def _short(number: float) -> str:
    """With four digits, or all before the point where they are more."""
    return f"{number:.4g}" if number < 1000 else f"{number:,.0f}"


def percent(part: float) -> str:
    """A share; what is little is not called nothing."""
    return "under 1 %" if 0 < part < 0.01 else f"{part:.0%}".replace("%", " %")


def price(amount: float) -> str:
    """Short, but never rounded to nothing."""
    return f"{amount:.3g}"


def taken(before: float, now: float, whole: float, say: Callable[[float], str]) -> str:
    """What is taken of a whole; and was before, where that is something else."""
    was = f"{say(before)} → " if say(before) != say(now) else ""
    return f"{was}{say(now)} of {say(whole)}"


def left(before: float, now: float, whole: float, say: Callable[[float], str]) -> str:
    """As `taken`, and what is free."""
    return f"{taken(before, now, whole, say)}, {say(max(whole - now, 0))} free"


def number(amount: float) -> str:
    """Of whole things."""
    return f"{amount:,.0f}"


def prices(offer: Prices) -> str:
    """For an hour."""
    return f"{price(offer.vcpu_hour)} vCPU · {price(offer.memory_gib_hour)} GiB"


def differing(offer: Prices, vcpu: bool, memory: bool) -> str:
    """Those of the prices for an hour that are to be told; in full where they are two."""
    if vcpu and memory:
        return prices(offer)
    return (
        f"{price(offer.vcpu_hour)} a vCPU"
        if vcpu
        else f"{price(offer.memory_gib_hour)} a GiB"
        if memory
        else ""
    )


def latency(ms: float) -> str:
    """One way."""
    return f"{ms:.3g} ms"


def counted(number: int, what: str) -> str:
    """With its plural."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
