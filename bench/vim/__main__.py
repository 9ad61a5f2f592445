"""`python -m bench.vim`: the VIM adaptors at the labs' clouds, beside scripts that do the same by hand."""

import argparse
import signal
import sys
from pathlib import Path

from bench.vim.reporting import FULL, KINDS, QUICK, report


def main() -> None:
    """Measure; labs of our own are removed, also when it is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m bench.vim", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    parser.add_argument("--only", choices=KINDS, help="this cloud alone")
    parser.add_argument("--jsonl", type=Path, metavar="FILE", help="add each measurement as a line of JSON")
    asked = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs would ignore it
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        report(QUICK if asked.quick else FULL, (asked.only,) if asked.only else KINDS, asked.jsonl)
    except KeyboardInterrupt:
        sys.exit("interrupted; what was made is removed")


if __name__ == "__main__":
    main()
