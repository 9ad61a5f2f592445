"""How long steps have taken, for the expected durations of later plans."""

from collections.abc import Sequence

from sqlalchemy import select, text

from catalogue.database import Database
from catalogue.tables import timings
from domain.requests import StepTime

_FIRST = 5
"""So many are averaged evenly; from then on each new one weighs 1 / _FIRST."""

_NOTE = text(
    f"""
    INSERT INTO timings (action, vim_kind, seconds, count) VALUES (:action, :vim_kind, :seconds, 1)
    ON CONFLICT (action, vim_kind) DO UPDATE SET
        count = timings.count + 1,
        seconds = timings.seconds + (excluded.seconds - timings.seconds) /
            CASE WHEN timings.count + 1 < {_FIRST} THEN timings.count + 1 ELSE {_FIRST} END
    """
)


class Timings:
    """Exponentially weighted means, by action and kind of VIM."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, times: Sequence[StepTime]) -> None:
        """Lets them count."""
        ordered = sorted(times, key=lambda time: (time.action, time.vim_kind))  # as all who write at once
        with self._database.write() as connection:
            for time in ordered:
                connection.execute(_NOTE, time.model_dump())

    def expected(self) -> dict[tuple[str, str], float]:
        """Seconds by (action, kind of VIM)."""
        with self._database.read() as connection:
            query = select(timings.c.action, timings.c.vim_kind, timings.c.seconds)
            return {(action, kind): seconds for action, kind, seconds in connection.execute(query)}
