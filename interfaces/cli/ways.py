"""Where links lead and how long chains take, in words that `plan` and `status` share."""

from collections.abc import Iterable, Iterator, Sequence

from domain.latencies import ChainLatency

CHAIN_COLUMNS = ("chain", "ways", "latency ms", "limit ms")
ChainRow = tuple[str, str, str, str]


def way(pops: Sequence[str]) -> str:
    """The PoPs that a route passes; one that leaves none says so."""
    return f"within {pops[0]}" if len(pops) == 1 else " > ".join(pops)


def mbps(amount: float) -> str:
    """A bandwidth with every digit that is kept of it, never as 1e+06."""
    return f"{amount:.3f}".rstrip("0").rstrip(".")


def chain_rows(after: Iterable[ChainLatency], before: Iterable[ChainLatency] = ()) -> Iterator[ChainRow]:
    """Each chain with the latency of its slowest way; with what was before, where that is something else."""
    old, new = ({each.chain: each for each in chains} for chains in (before, after))
    for name in [*new, *(name for name in old if name not in new)]:
        was, will = _amounts(old.get(name)), _amounts(new.get(name))
        ways, latency, limit = (_changed(*pair) for pair in zip(was, will, strict=True))
        yield name, ways, latency, limit


def _amounts(chain: ChainLatency | None) -> tuple[str, str, str]:
    """As texts; all empty where there is none."""
    if chain is None:
        return "", "", ""
    limit = "-" if chain.limit_ms is None else f"{chain.limit_ms:g}"
    return str(chain.ways), f"{chain.latency_ms:.3f}", limit


def _changed(was: str, will: str) -> str:
    if not was or was == will:
        return will
    return f"{was} -> {will or 'none'}"
