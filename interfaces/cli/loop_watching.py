"""Watching a service live: looked at again and again, kept for a report, shown as it goes."""

import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pydantic import Field

from catalogue.store import Catalogue
from domain.models import Model
from domain.units import DurationS
from interfaces.cli.loop_charts import Look
from interfaces.cli.loop_views import view
from interfaces.cli.measured import measure
from interfaces.cli.reported import FRESH_S, alarms_of, decisions_of, subject_of
from interfaces.cli.session import catalogue
from interfaces.report.story import Note, Story
from interfaces.report.telling import charts, gaps
from lab.runtime import load
from monitoring.metrics import Snapshot
from workers.settings import Settings

_MOST = 4000
"""Snapshots that are kept; of more, each second one of the older half goes."""


class WatchAsked(Model):
    """What the command line asks of a watch."""

    interval: DurationS = Field(ge=0.5, le=3600)
    lasting: DurationS | None = None
    notes: bool = False


def watched(service: str, url: str | None, credential: str | None, asked: WatchAsked) -> Story:
    """Watch until it is over; what was seen.

    :param url: of a metrics source; None: what `interlace up` serves, else looks from here
    :raises UnknownError: if there is no such service
    """
    url = url or _served()
    notes = Notes(sys.stdin if asked.notes else None)
    with catalogue() as store:
        store.services.get(service)
        recording = Recording(store, service, url or "this machine", notes)
        with measure(service, url, credential) as snapshots, view(recording.subject) as shown:
            try:
                for _ in _looks(asked, notes):
                    shown.show(recording.look(next(snapshots)))
            except KeyboardInterrupt:
                pass
        return recording.story()


def _served() -> str | None:
    runtime = load(Settings.from_environment().home)
    return runtime.metrics if runtime else None


def _looks(asked: WatchAsked, notes: "Notes") -> Iterator[None]:
    """A moment for each look: at each interval, until the time or the notes are over."""
    began = time.monotonic()
    due = began
    while not notes.over.is_set() and (asked.lasting is None or due - began <= asked.lasting):
        yield
        due = max(due + asked.interval, time.monotonic())
        notes.over.wait(max(0.0, due - time.monotonic()))


class Notes:
    """What people say meanwhile, line by line, with the time when they said it."""

    def __init__(self, lines: Iterable[str] | None) -> None:
        """:param lines: None: nobody says anything"""
        self.over = threading.Event()
        self._said: deque[Note] = deque()
        if lines is not None:
            threading.Thread(target=self._listen, args=(lines,), name="notes", daemon=True).start()

    def so_far(self) -> tuple[Note, ...]:
        """The oldest first."""
        return tuple(self._said)

    def _listen(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line.strip():
                self._said.append(Note(at=datetime.now(UTC), text=line.strip()))
        self.over.set()


class Recording:
    """What was seen so far."""

    def __init__(self, store: Catalogue, service: str, source: str, notes: Notes) -> None:
        self.subject = subject_of(store, service)
        self._store = store
        self._source = source
        self._notes = notes
        self._start = datetime.now(UTC)
        self._snapshots: list[Snapshot] = []

    def look(self, snapshot: Snapshot) -> Look:
        """What is to be shown now."""
        if len(self._snapshots) >= _MOST:
            del self._snapshots[1 : len(self._snapshots) // 2 : 2]
        self._snapshots.append(snapshot)
        name = self.subject.service
        found = self._store.services.find(name)
        return Look(
            state=found.state if found else "gone",
            start=self._start,
            snapshots=tuple(self._snapshots[-500:]),
            decisions=decisions_of(self._store, name, self._start),
            alarms=alarms_of(self._store, name, self._start),
            notes=self._notes.so_far(),
        )

    def story(self) -> Story:
        """All of it, with what the catalogue knows now."""
        name = self.subject.service
        return Story(
            service=name,
            tenant=self.subject.tenant,
            start=self._start,
            end=datetime.now(UTC),
            source=f"figures from {self._source}",
            charts=charts(self.subject, self._snapshots, FRESH_S),
            decisions=decisions_of(self._store, name, self._start),
            alarms=alarms_of(self._store, name, self._start),
            notes=self._notes.so_far(),
            gaps=gaps(self._snapshots),
        )
