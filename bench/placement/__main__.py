"""`python -m bench.placement [--quick]`: placements side by side, and tables beside the targets."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.placement import contenders
from bench.placement.measuring import QUICK, WHOLE, measure
from bench.placement.worlds import TOPOLOGIES


def main() -> None:
    """Measure; a missed target is printed, and is no failure of the benchmark."""
    given = vars(_arguments())
    extent, path = QUICK if given.pop("quick") else WHOLE, given.pop("json")
    measure(
        replace(extent, **{name: _fixed(value) for name, value in given.items() if value is not None}), path
    )


def _fixed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.placement", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and small instances: under a minute")
    parser.add_argument("--json", type=Path, help="one line an outcome; what is there is not run again")
    parser.add_argument("--seed", type=int, help="of the first round (1)")
    parser.add_argument("--rounds", type=int, help="each all combinations, with a seed of its own")
    parser.add_argument("--sizes", type=int, nargs="+", choices=tuple(TOPOLOGIES), help="only these")
    parser.add_argument("--components", type=int, nargs="+", help="only these")
    parser.add_argument("--contenders", dest="names", nargs="+", choices=contenders.ALL, help="only these")
    parser.add_argument(
        "--requests", type=int, nargs="*", help="how many that come and go; none, if no number"
    )
    parser.add_argument(
        "--limit", dest="limit_s", type=float, help="seconds an answer; twice that at 778 PoPs"
    )
    parser.add_argument("--minutes", type=float, help="begin no instance after so long")
    return parser.parse_args()


if __name__ == "__main__":
    main()
