"""`python -m bench.meters HOME PORT`: an exporter that tells as much of each instance as a real one does.

What it tells is made up: nothing on modelled VIMs uses a processor. POST /rise makes the load of all rise.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from catalogue.overview import Standing
from catalogue.store import Catalogue, open_catalogue
from domain.phases import ServiceState
from monitoring import exposition as names

LOW, HIGH = 0.5, 0.9
"""Cores in use by each instance of `web`."""
LOADED = "web"
_BOUNDS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "+Inf")
_GAUGES: Mapping[str, str] = {names.VCPUS: "1", names.MEMORY: "3e8", names.MEMORY_LIMIT: "1e9"}
_COUNTED = (names.REQUESTS, names.ERRORS, names.REFUSED)
_COUNTED_AT_POINTS = (
    *(names.RECEIVED_BYTES, names.SENT_BYTES, names.RECEIVED_PACKETS),
    *(names.SENT_PACKETS, names.RECEIVED_DROPS, names.SENT_DROPS),
)


class Meters:
    """Knows the instances of all ACTIVE services; what is large of one is read when it has changed."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._known: dict[str, tuple[Standing, tuple[str, ...]]] = {}
        self.high = False

    def exposition(self) -> str:
        """In the text format of Prometheus, each series by itself."""
        now = time.time()
        figures = {"now": f"{now:.3f}", "count": f"{now % 1e6:.1f}", "cpu": str(HIGH if self.high else LOW)}
        standings = self._catalogue.overview.services()
        self._known = {each.name: self._of(each) for each in standings if each.state == ServiceState.ACTIVE}
        templates = itertools.chain.from_iterable(found for _, found in self._known.values())
        return "".join(each.format_map(figures) for each in templates)

    def _of(self, standing: Standing) -> tuple[Standing, tuple[str, ...]]:
        known = self._known.get(standing.name)
        if known is not None and known[0] == standing:
            return known
        deployment = self._catalogue.services.deployment(standing.name)
        placed = deployment.instances if deployment else ()
        return standing, tuple(
            "".join(_lines((standing.name, each.component, each.name, each.pop, standing.tenant)))
            for each in placed
        )


def _lines(instance: tuple[str, str, str, str, str]) -> Iterator[str]:
    """To be formatted with the moment's figures."""
    own = ",".join(
        f"{key}={json.dumps(value)}" for key, value in zip(names.INSTANCE_LABELS, instance, strict=True)
    )
    yield f"{names.UP}{{{{{own}}}}} 1.0\n{names.OBSERVED}{{{{{own}}}}} {{now}}\n"
    yield f"{names.CPU_CORES}{{{{{own}}}}} {'{cpu}' if instance[1] == LOADED else '0.5'}\n"
    for name, value in _GAUGES.items():
        yield f"{name}{{{{{own}}}}} {value}\n"
    for name in _COUNTED:
        yield f"{names.counter(name)}{{{{{own}}}}} {{count}}\n"
    for name in _COUNTED_AT_POINTS:
        yield f'{names.counter(name)}{{{{{own},connection_point="data"}}}} {{count}}\n'
    for bound in _BOUNDS:
        yield f'{names.DURATION}_bucket{{{{{own},le="{bound}"}}}} {{count}}\n'
    yield f"{names.DURATION}_sum{{{{{own}}}}} {{count}}\n{names.DURATION}_count{{{{{own}}}}} {{count}}\n"


class _Handler(BaseHTTPRequestHandler):
    meters: Meters

    def do_GET(self) -> None:
        body = self.meters.exposition().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.meters.high = True
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def main() -> None:
    """Serve until it is ended."""
    home, port = sys.argv[1:]
    catalogue = open_catalogue(f"sqlite:///{Path(home) / 'catalogue.db'}")
    handler = type("Handler", (_Handler,), {"meters": Meters(catalogue)})
    ThreadingHTTPServer(("127.0.0.1", int(port)), handler).serve_forever()


if __name__ == "__main__":
    main()
