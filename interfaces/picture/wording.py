"""Numbers as a picture says them."""

from domain.infrastructure import Prices, Resources

_MIB_IN_GIB = 1024
_MBPS_IN_GBPS = 1000


def gib(mib: int) -> str:
    """Memory in GiB."""
    return f"{mib / _MIB_IN_GIB:,.4g}" if mib < 10_000 * _MIB_IN_GIB else f"{mib / _MIB_IN_GIB:,.0f}"


def rate(mbps: float) -> str:
    """A bandwidth in the unit that keeps it short."""
    return f"{mbps / _MBPS_IN_GBPS:,.4g} Gbit/s" if mbps >= _MBPS_IN_GBPS else f"{mbps:,.4g} Mbit/s"


def percent(part: float) -> str:
    """A share; what is little is not called nothing."""
    return "under 1 %" if 0 < part < 0.01 else f"{part:.0%}".replace("%", " %")


def price(amount: float) -> str:
    """Short, but never rounded to nothing."""
    return f"{amount:.4g}"


def of(used: Resources, capacity: Resources) -> str:
    """What is taken of a capacity."""
    return f"{used.vcpus:,} of {capacity.vcpus:,} vCPU, {gib(used.memory)} of {gib(capacity.memory)} GiB"


def prices(offer: Prices) -> str:
    """For an hour."""
    return f"{price(offer.vcpu_hour)} vCPU · {price(offer.memory_gib_hour)} GiB"


def latency(ms: float) -> str:
    """One way."""
    return f"{ms:.3g} ms"


def counted(number: int, what: str) -> str:
    """With its plural."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
