"""`python -m bench.placement [--quick]`: placements side by side, and print tables beside the targets."""

import argparse
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from bench.placement import campaign, contenders, online
from bench.placement.cases import COMPONENTS, cases
from bench.placement.report import report
from bench.placement.worlds import TOPOLOGIES


@dataclass(frozen=True)
class _Extent:
    sizes: tuple[int, ...]
    components: tuple[int, ...]
    rounds: int
    limit_s: float
    minutes: float
    requests: tuple[int, ...]


_QUICK = _Extent((22, 50), (3, 6), rounds=1, limit_s=3.0, minutes=0.4, requests=(50,))
_WHOLE = _Extent(tuple(TOPOLOGIES), COMPONENTS, rounds=2, limit_s=30.0, minutes=90.0, requests=(200, 2000))


def main() -> None:
    """Measure; a missed target is printed, and is no failure of the benchmark."""
    given = _arguments()
    extent = _QUICK if given.quick else _WHOLE
    compare(extent, given)
    for requests, mix in product(extent.requests if given.requests is None else given.requests, online.MIXES):
        online.report(online.compared(requests, given.seed, mix), mix)


def compare(extent: _Extent, given: argparse.Namespace) -> None:
    """All contenders on all cases."""
    away = contenders.absent()
    for name, why in away.items():
        print(f"{name} does not take part: {why}")
    names = tuple(name for name in given.contenders or contenders.ALL if name not in away)
    seeds = tuple(range(given.seed, given.seed + (given.rounds or extent.rounds)))
    wanted = cases(given.sizes or extent.sizes, given.components or extent.components, seeds)
    report(
        campaign.run(
            wanted, names, given.limit or extent.limit_s, given.json, given.minutes or extent.minutes
        )
    )
    print(f"seeds {seeds[0]} to {seeds[-1]}; topologies (topohub): {TOPOLOGIES}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.placement", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and small instances: under a minute")
    parser.add_argument("--json", type=Path, help="one line an outcome; what is there is not run again")
    parser.add_argument("--seed", type=int, default=1, help="of the first round (1)")
    parser.add_argument("--rounds", type=int, help="each all combinations, with a seed of its own")
    parser.add_argument("--sizes", type=int, nargs="+", choices=tuple(TOPOLOGIES), help="only these")
    parser.add_argument("--components", type=int, nargs="+", help="only these")
    parser.add_argument("--contenders", nargs="+", choices=contenders.ALL, help="only these")
    parser.add_argument("--limit", type=float, help="seconds for each answer; twice as long at 778 PoPs")
    parser.add_argument("--requests", type=int, nargs="*", help="how many that come and go; nothing: none")
    parser.add_argument("--minutes", type=float, help="begin no instance after so long")
    return parser.parse_args()


if __name__ == "__main__":
    main()
