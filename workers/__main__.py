"""`python -m workers [--queues A,B] [--check]`: serve task queues until told to stop."""

import argparse
import asyncio
import sys

from domain.errors import InputError
from domain.names import TASK_QUEUES
from workers.loading import loading


def main() -> None:
    """Parse the command line and serve, or check that somebody does."""
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument("--queues", default=",".join(TASK_QUEUES), help="default: all (%(default)s)")
    parser.add_argument("--check", action="store_true", help="exit 0 when each queue has a poller")
    arguments = parser.parse_args()
    queues = arguments.queues.split(",")
    if unknown := [queue for queue in queues if queue not in TASK_QUEUES]:
        parser.error(f"no task queue {unknown[0]!r}; there are {', '.join(TASK_QUEUES)}")
    with loading():
        from workers.serving import check, serve
    try:
        sys.exit(asyncio.run(check(queues) if arguments.check else serve(queues)))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
