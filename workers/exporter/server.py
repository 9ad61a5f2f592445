"""The HTTP server: /metrics, /instances and /sd, by prometheus-client and the standard library alone."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from sqlalchemy.exc import SQLAlchemyError

from catalogue.store import Catalogue
from domain.errors import InputError, InterlaceError
from workers.exporter.census import Census, Watched
from workers.exporter.chains import Background, Probed, every_service
from workers.exporter.discovery import targets
from workers.exporter.looking import Looker
from workers.exporter.phases import Phases
from workers.exporter.records import Records
from workers.exporter.scraping import Scrapes
from workers.settings import Settings
from workers.telemetry import address

DEFAULT_LISTEN = "127.0.0.1:9464"
DEFAULT_PROBE_INTERVAL_S = 30.0
_WITHIN_S = 8.0
_MARGIN_S = 0.5
"""Before whoever scrapes gives up."""

INDEX = b"""Interlace's metrics:
/metrics            Interlace itself: operations, services, reservations, the ledger
/instances          the instances of all ACTIVE services; ?service=NAME: of one
/sd                 what to scrape, for Prometheus' HTTP service discovery
"""

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]


@dataclass(frozen=True)
class Exporter:
    """Answers requests."""

    census: Census
    records: Records
    phases: Phases
    scrapes: Scrapes
    home: Path

    def __call__(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        """As WSGI has it."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _say(start, "405 Method Not Allowed", b"only GET\n")
        pages = {"/": self._index, "/metrics": self._metrics, "/instances": self._instances, "/sd": self._sd}
        page = pages.get(environ["PATH_INFO"].rstrip("/") or "/")
        if page is None:
            return _say(start, "404 Not Found", b"there is /metrics, /instances and /sd\n")
        try:
            return page(environ, start)
        except (InterlaceError, SQLAlchemyError) as error:
            return _say(start, "503 Service Unavailable", f"{error}\n".encode())

    def _index(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        return _say(start, "200 OK", INDEX)

    def _metrics(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        registry = CollectorRegistry()
        registry.register(self.records)
        registry.register(self.phases)
        return _exposed(registry, environ, start)

    def _instances(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        services = self.census.services()
        self.scrapes.forget(services)
        wanted = parse_qs(environ.get("QUERY_STRING", "")).get("service")
        if wanted and (unknown := [name for name in wanted if name not in services]):
            return _say(start, "404 Not Found", f"no service {unknown[0]!r} is ACTIVE\n".encode())
        chosen: Mapping[str, Watched] = {name: services[name] for name in wanted} if wanted else services
        registry = CollectorRegistry()
        registry.register(self.scrapes.of(chosen, _within_s(environ)))
        return _exposed(registry, environ, start)

    def _sd(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        here = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        found = targets(self.census.services(), here, self.home)
        return _say(start, "200 OK", found, "application/json; charset=utf-8")


def _exposed(registry: CollectorRegistry, environ: Environ, start: StartResponse) -> Iterable[bytes]:
    app: App = make_wsgi_app(registry)
    return app(environ, start)


def _within_s(environ: Environ) -> float:
    """How long whoever scrapes waits, by Prometheus' header."""
    try:
        said = float(environ.get("HTTP_X_PROMETHEUS_SCRAPE_TIMEOUT_SECONDS", ""))
    except ValueError:
        return _WITHIN_S
    return min(60.0, max(0.5, said - _MARGIN_S))


def _say(
    start: StartResponse, status: str, body: bytes, kind: str = "text/plain; charset=utf-8"
) -> list[bytes]:
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Scrapes are not logged."""


@contextmanager
def exporting(
    catalogue: Catalogue,
    settings: Settings,
    listen: str,
    probe_interval_s: float,
    temporal: str | None = None,
    probed: Probed = every_service,
) -> Iterator[str]:
    """Serve for as long as this lasts.

    :param listen: host:port; port 0 is any that is free
    :param probe_interval_s: between two rounds of probes along the chains; 0 for none
    :param temporal: its address; None: as the environment says
    :param probed: which services' chains
    :returns: the host:port where it listens
    :raises InputError: where nobody can listen there
    """
    host, port = address(listen, "--listen")
    census, looker = Census(catalogue), Looker(catalogue, settings.home)
    background = Background(catalogue, census, settings.home, probe_interval_s, probed)
    exporter = Exporter(
        census, Records(catalogue, census), Phases(temporal), Scrapes(looker, background), settings.home
    )
    try:
        server = make_server(host, port, exporter, _server_of(host), _Quiet)
    except OSError as error:
        raise InputError(f"--listen {listen}: nobody can listen there: {error.strerror or error}") from error
    threading.Thread(target=server.serve_forever, name="exporter", daemon=True).start()
    background.start()
    try:
        yield f"{f'[{host}]' if ':' in host else host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        background.stop()
        looker.close()


def _server_of(host: str) -> type[_Server]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return type("Server", (_Server,), {"address_family": family})
