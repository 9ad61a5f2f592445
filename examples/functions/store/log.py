"""The store's data: a dictionary, and a log on disk from which it is the same again after a crash."""

import fcntl
import io
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

Change = tuple[str, str | None, int]
"""Key, value or None where it was deleted, and when, in nanoseconds."""


class Log:
    """Each change is a line `["key", "value", when]`, on disk before it is acknowledged; null deletes.

    Of two changes of a key the later one holds, so those of another log may be taken over in any order, and
    more than once.
    """

    def __init__(self, path: Path) -> None:
        self.data: dict[str, str] = {}
        self._times: dict[str, int] = {}
        """Of all keys, those deleted too."""
        self._path = path
        self._file = self._opened()
        self._recover()
        self._compact()

    def write(self, key: str, value: str | None) -> None:
        self.take([(key, value, max(time.time_ns(), self._times.get(key, 0) + 1))])

    def take(self, changes: Iterable[Change]) -> int:
        """Take over those that are later than what is known of their keys; how many these were."""
        news = [change for change in changes if change[2] > self._times.get(change[0], -1)]
        self._file.write(b"".join(map(encoded, news)))
        os.fsync(self._file.fileno())
        for change in news:
            self._apply(change)
        return len(news)

    def changes(self) -> list[Change]:
        """The last change of each key."""
        return [(key, self.data.get(key), when) for key, when in self._times.items()]

    def close(self) -> None:
        self._file.close()

    def _opened(self) -> io.FileIO:
        file = self._path.open("ab", buffering=0)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"{self._path} is in use by another process") from None
        return file

    def _recover(self) -> None:
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:  # a crash cut the last line off: it was never acknowledged
            self._file.truncate(len(whole))
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                change = decoded(line)
            except ValueError:
                raise ValueError(f"{self._path}, line {number}: damaged; {line[:40]!r}") from None
            self._apply(change)

    def _compact(self) -> None:
        """Leave only what is still true: into a new file, which then takes the old one's place."""
        new = self._path.with_suffix(".new")
        with new.open("wb") as file:
            file.writelines(map(encoded, self.changes()))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        directory = os.open(self._path.parent, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)
        self._file.close()
        self._file = self._opened()

    def _apply(self, change: Change) -> None:
        key, value, when = change
        self._times[key] = when
        if value is None:
            self.data.pop(key, None)
        else:
            self.data[key] = value


def encoded(change: Change) -> bytes:
    return json.dumps(change).encode() + b"\n"


def decoded(line: bytes) -> Change:
    """A change; those of an earlier form of the log have no time."""
    key, value, *when = json.loads(line)
    return key, value, when[0] if when else 0
