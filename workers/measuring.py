"""Where a worker's watches get their figures: from a source that is named, else an exporter of its own."""

import threading
from collections.abc import Collection
from contextlib import AbstractContextManager, ExitStack

from activities.watched import policies_of
from catalogue.store import Catalogue
from domain.policies import Policies
from monitoring.custom import asks_for_chains
from monitoring.sources.opening import open_source
from monitoring.sources.port import MetricsSource
from workers.exporter.census import Watched
from workers.exporter.server import exporting
from workers.settings import Settings

_PROBES_S = 15.0
_WINDOW_S = 60.0


class Sources:
    """Opened when something is first looked at: a worker that watches nothing measures nothing."""

    def __init__(self, catalogue: Catalogue, settings: Settings) -> None:
        self._catalogue = catalogue
        self._settings = settings
        self._open = ExitStack()
        self._url: str | None = settings.metrics_source
        self._sources: dict[frozenset[str], MetricsSource] = {}
        self._lock = threading.Lock()

    def source(self, more: Collection[str]) -> MetricsSource:
        """The source that knows these metrics of users' own, too."""
        key = frozenset(more) if self._settings.metrics_source else frozenset[str]()
        with self._lock:
            found = self._sources.get(key)
            if found is None:
                found = self._sources[key] = self._opened(key)
            return found

    def close(self) -> None:
        """Give back what was opened."""
        with self._lock:
            self._open.close()
            self._sources.clear()
            self._url = self._settings.metrics_source

    def _opened(self, more: Collection[str]) -> MetricsSource:
        if self._url is None:
            self._url = f"http://{self._open.enter_context(self._exporter())}"
        credential = self._settings.metrics_credential
        source = open_source(self._url, credential, _WINDOW_S, together=True, more=more)
        self._open.callback(source.close)
        return source

    def _exporter(self) -> AbstractContextManager[str]:
        return exporting(self._catalogue, self._settings, "127.0.0.1:0", _PROBES_S, probed=self._probed)

    def _probed(self, watched: Watched) -> bool:
        """Packets are sent along the chains of those alone whose policies ask for it."""
        deployment = watched.deployment
        policies: Policies = policies_of(self._catalogue, deployment.descriptor, deployment.version)
        return asks_for_chains(policies)
