"""A scrape of the instances: looked at now, with the figures of their chains."""

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from monitoring.sources.chain_samples import derived
from monitoring.sources.readings import Reading, by_service, reading, samples
from workers.exporter import chains
from workers.exporter.census import Watched
from workers.exporter.chains import Background, ChainSeen
from workers.exporter.instances import families, gaps
from workers.exporter.looking import Looker, Seen

_WINDOW_S = 5.0
"""Rates behind derived figures are over at least so long."""
_READINGS = 32
_AT_ONCE = 32
"""Services that are looked at side by side."""


class Scrapes:
    """What scrapes have in common: the looks, and what was read last of each service."""

    def __init__(self, looker: Looker, background: Background) -> None:
        self._looker = looker
        self._background = background
        self._earlier: dict[str, deque[tuple[datetime, Reading]]] = {}
        self._lock = threading.Lock()

    def of(self, services: Mapping[str, Watched], within_s: float) -> "Scrape":
        """One scrape of these services."""
        return Scrape(self, services, within_s)

    def look(self, watched: Watched, within_s: float) -> tuple[Seen, ...]:
        """Each of its places."""
        return self._looker.look(watched.name, watched.places, within_s)

    def chains(self, watched: Watched, now: Reading) -> list[ChainSeen]:
        """The figures of its chains."""
        at = datetime.now(UTC)
        before = self._before(watched.name, at, now)
        found, _ = samples(() if before is None else (before,), now, at)
        probing = self._background.of(watched.name)
        return [
            ChainSeen(
                service=watched.name,
                tenant=watched.tenant,
                chain=path.chain,
                measured=probing.figures(path.chain),
                derived=derived(path, found),
                probed_at=probing.at,
            )
            for path in chains.paths(watched)
        ]

    def trouble(self, watched: Watched) -> str:
        """Why its chains have no measured figures; empty where they have, or where it has no chain."""
        return self._background.of(watched.name).trouble if watched.deployment.graph.chains else ""

    def forget(self, services: Mapping[str, Watched]) -> None:
        """Those that are no more."""
        with self._lock:
            self._earlier = {name: kept for name, kept in self._earlier.items() if name in services}

    def _before(self, service: str, at: datetime, now: Reading) -> Reading | None:
        """The last reading that is old enough, else the oldest there is."""
        with self._lock:
            kept = self._earlier.setdefault(service, deque(maxlen=_READINGS))
            old = [each for each in kept if (at - each[0]).total_seconds() >= _WINDOW_S]
            before = old[-1][1] if old else kept[0][1] if kept else None
            kept.append((at, now))
            return before


class Scrape(Collector):
    """Collects once."""

    def __init__(self, scrapes: Scrapes, services: Mapping[str, Watched], within_s: float) -> None:
        self._scrapes = scrapes
        self._services = services
        self._within_s = within_s

    def collect(self) -> Iterator[Metric]:
        """Look at every instance now, all services at once."""
        seen = self._seen()
        found = [each for of_service in seen.values() for each in of_service]
        made = list(families(found))
        whole = by_service(reading(made[:-1]))  # the last are the gaps, which are no figures
        yield from made[:-1]
        yield from chains.families(
            each
            for name, watched in self._services.items()
            for each in self._scrapes.chains(watched, whole.get(name, Reading({})))
        )
        yield gaps(self._gaps(found))

    def _seen(self) -> dict[str, tuple[Seen, ...]]:
        deadline = time.monotonic() + self._within_s

        def look(watched: Watched) -> tuple[Seen, ...]:
            return self._scrapes.look(watched, max(0.1, deadline - time.monotonic()))

        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="scrape") as pool:
            found = pool.map(look, self._services.values())
            return dict(zip(self._services, found, strict=True))

    def _gaps(self, seen: list[Seen]) -> Iterator[tuple[str, str, str, str, str, str]]:
        for each in seen:
            service, component, instance, pop, tenant = each.place.labels
            yield from ((service, component, instance, pop, tenant, words) for words in each.gaps)
        for name, watched in self._services.items():
            if words := self._scrapes.trouble(watched):
                yield name, "", "", "", watched.tenant, words
