"""`python -m workers.exporter [--listen HOST:PORT] [--probe-interval S]`: serve metrics."""

import argparse
import signal
import sys
import threading

from catalogue.store import open_catalogue
from domain.errors import InterlaceError
from workers.exporter.server import DEFAULT_LISTEN, DEFAULT_PROBE_INTERVAL_S, exporting
from workers.settings import Settings


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m workers.exporter", description=__doc__)
    parser.add_argument("--listen", default=DEFAULT_LISTEN, help="default: %(default)s")
    parser.add_argument("--probe-interval", type=float, default=DEFAULT_PROBE_INTERVAL_S)
    arguments = parser.parse_args()
    try:
        serve(arguments.listen, arguments.probe_interval)
    except InterlaceError as error:
        sys.exit(f"error: {error}")


def serve(listen: str, probe_interval_s: float, temporal: str | None = None) -> None:
    """Serve until SIGTERM or SIGINT.

    :raises InputError: where a setting is wrong, or nobody can listen there
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = Settings.from_environment()
    catalogue = open_catalogue(settings.catalogue_url)
    try:
        with exporting(catalogue, settings, listen, probe_interval_s, temporal) as where:
            print(f"metrics on http://{where}/metrics, /instances and /sd", flush=True)
            stop.wait()
    finally:
        catalogue.close()


if __name__ == "__main__":
    main()
