"""The source `direct`: scrapes the exporter itself, and keeps what it read before."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime

from monitoring import exposition as names
from monitoring.metrics import Snapshot
from monitoring.sources.exposed import Exposed, Figures
from monitoring.sources.fetching import Away, Fetcher, Shared
from monitoring.sources.healths import health_of
from monitoring.sources.memory import GivingBack
from monitoring.sources.readings import samples

_TIMEOUT_S = 20.0
_LARGEST = 64 * 2**20
_READINGS = 3
"""Of the last snapshot, of what was prepared since, and of now."""
_KEPT = 240
"""Snapshots of a service: an hour of one each 15 s."""


class DirectSource:
    """Serves the port `MetricsSource`: rates are over the time since `prepare`, else since the last snapshot.

    The first snapshot of a service takes a little longer, where nothing was prepared: it is scraped twice.
    """

    def __init__(
        self,
        url: str,
        together: bool = False,
        first_window_s: float = 2.0,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        :param url: of the exporter, such as http://127.0.0.1:9464
        :param together: scrape all services at once, and keep no history: for who asks of many of them
        :param first_window_s: between the first two scrapes of a service; 0: no rates at first
        """
        self._fetcher = Fetcher("the exporter", url, _TIMEOUT_S, _LARGEST)
        self._exposed = Exposed()
        self._giving = GivingBack()
        self._together = together
        self._first_window_s = first_window_s
        self._keep = 0 if together else _KEPT
        self._pause = pause
        fresh_s = 2.0 if together else 0.0
        self._shared: Shared[Mapping[str, Figures]] = Shared(fresh_s)
        self._prepared: Shared[Mapping[str, Figures]] = Shared(fresh_s)  # no look takes it for its own
        self._readings: dict[str, deque[Figures]] = {}
        self._snapshots: dict[str, deque[Snapshot]] = {}

    def snapshot(self, service: str, at: datetime) -> Snapshot:
        """What is measured of a service now; `at` is what the snapshot is dated with."""
        try:
            kept = self._readings.get(service) or self._begun(service)
            self._add(kept, self._read(service, self._shared))
        except Away as away:
            return Snapshot(at=at, gaps=(str(away),))
        if not kept[-1].series:
            self._readings.pop(service, None)  # it is gone, or not there yet
        *earlier, now = (each.reading() for each in kept)
        found, gaps = samples(earlier, now, at)
        if not now.instances():
            gaps.append(f"{service}: none of its instances was seen")
        snapshot = Snapshot(at=at, samples=tuple(found), health=health_of(now), gaps=tuple(gaps))
        self._snapshots.setdefault(service, deque(maxlen=self._keep)).append(snapshot)
        return snapshot

    def prepare(self, service: str) -> None:
        """Scrape; what comes only after a snapshot that was taken meanwhile is of no use."""
        last = next(reversed(self._readings.get(service, ())), None)
        try:
            now = self._read(service, self._prepared)
        except Away:
            return  # the snapshot tells
        kept = self._readings.setdefault(service, deque(maxlen=_READINGS))
        if now.series and last is next(reversed(kept), None):
            self._add(kept, now)

    def history(self, service: str, start: datetime, end: datetime, step_s: float) -> tuple[Snapshot, ...]:
        """Those of its own snapshots: it reaches back no further than it was asked itself."""
        chosen: list[Snapshot] = []
        for each in self._snapshots.get(service, ()):
            near = chosen and (each.at - chosen[-1].at).total_seconds() < step_s
            if start <= each.at <= end and not near:
                chosen.append(each)
        if not chosen or chosen[0].at > start:
            words = f"{service}: the source `direct` knows nothing from before it was asked first"
            chosen.insert(0, Snapshot(at=start, gaps=(words,)))
        return tuple(chosen)

    def close(self) -> None:
        """Give back its connections."""
        self._giving.end()
        self._fetcher.close()

    def _begun(self, service: str) -> deque[Figures]:
        kept = self._readings.setdefault(service, deque(maxlen=_READINGS))
        if self._first_window_s:
            self._add(kept, self._read(service, self._shared))
            self._pause(self._first_window_s)
        return kept

    def _add(self, kept: deque[Figures], now: Figures) -> None:
        """One that is the same look as the last tells nothing new: the rates before it stand."""
        if kept and now.named(names.OBSERVED) == kept[-1].named(names.OBSERVED):
            kept[-1] = now
        else:
            kept.append(now)

    def _read(self, service: str, shared: Shared[Mapping[str, Figures]]) -> Figures:
        key = "" if self._together else service
        return shared.get(key, lambda: self._scraped(key)).get(service, Figures())

    def _scraped(self, service: str) -> Mapping[str, Figures]:
        try:
            query = {"service": service} if service else {}
            found = self._fetcher.read("/instances", query, self._exposed.by_service)
        except (ValueError, KeyError, IndexError) as error:
            raise self._fetcher.away(f"its answer is no exposition: {error}") from None
        if self._together:
            self._giving.begin()
        return found
