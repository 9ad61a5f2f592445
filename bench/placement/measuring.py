"""How much is measured, and the measuring of it all."""

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from bench.placement import campaign, contenders, online
from bench.placement.cases import COMPONENTS, cases
from bench.placement.report import report
from bench.placement.worlds import TOPOLOGIES


@dataclass(frozen=True)
class Extent:
    """Which instances, by whom, for how long."""

    sizes: tuple[int, ...]
    components: tuple[int, ...]
    rounds: int
    """Each all combinations, with a seed of its own."""
    limit_s: float
    minutes: float
    """After so many, no instance is begun."""
    requests: tuple[int, ...]
    seed: int = 1
    names: tuple[str, ...] = contenders.ALL


QUICK = Extent((22, 50), (3, 6), rounds=1, limit_s=3.0, minutes=0.3, requests=(50,))
WHOLE = Extent(tuple(TOPOLOGIES), COMPONENTS, rounds=2, limit_s=30.0, minutes=90.0, requests=(200, 2000))


def measure(extent: Extent, path: Path | None = None) -> None:
    """Instances side by side, then requests that come and go; a missed target is no failure.

    :param path: outcomes that are there already, and where new ones are added
    """
    away = contenders.absent()
    for name, why in away.items():
        print(f"{name} does not take part: {why}")
    _compare(replace(extent, names=tuple(name for name in extent.names if name not in away)), path)
    for requests, mix in product(extent.requests, online.MIXES):
        online.report(online.compared(requests, extent.seed, mix), mix)


def _compare(extent: Extent, path: Path | None) -> None:
    seeds = tuple(range(extent.seed, extent.seed + extent.rounds))
    wanted = cases(extent.sizes, extent.components, seeds)
    report(campaign.run(wanted, extent.names, extent.limit_s, path, extent.minutes))
    where = "; ".join(f"{size}: {', '.join(names)}" for size, names in TOPOLOGIES.items())
    print(f"seeds {seeds[0]} to {seeds[-1]}; topologies of topohub: {where}")
