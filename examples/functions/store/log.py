"""The store's data: a dictionary, and a log on disk from which it is the same again after a crash."""

import fcntl
import io
import json
import os
from pathlib import Path


class Log:
    """Each change is a line `["key", "value"]`, on disk before it is acknowledged; null deletes."""

    def __init__(self, path: Path) -> None:
        self.data: dict[str, str] = {}
        self._path = path
        self._file = self._opened()
        self._recover()
        self._compact()

    def write(self, key: str, value: str | None) -> None:
        self._file.write(encoded(key, value))
        os.fsync(self._file.fileno())
        self._apply(key, value)

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
                key, value = json.loads(line)
            except ValueError:
                raise ValueError(f"{self._path}, line {number}: damaged; {line[:40]!r}") from None
            self._apply(key, value)

    def _compact(self) -> None:
        """Leave only what is still true: into a new file, which then takes the old one's place."""
        new = self._path.with_suffix(".new")
        with new.open("wb") as file:
            file.writelines(encoded(key, value) for key, value in self.data.items())
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        directory = os.open(self._path.parent, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)
        self._file.close()
        self._file = self._opened()

    def _apply(self, key: str, value: str | None) -> None:
        if value is None:
            self.data.pop(key, None)
        else:
            self.data[key] = value


def encoded(key: str, value: str | None) -> bytes:
    return json.dumps([key, value]).encode() + b"\n"
