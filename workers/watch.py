"""The files through which a proof and its workers speak: what was passed, and where it is to be struck."""

import fcntl
import os
import signal
import time
from pathlib import Path
from typing import Any

from reliability.points import Passage, Point, Strike


class Watch:
    """The files of a proof: what each service's operation has passed, and where it is to be struck."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def arm(self, service: str, strike: Strike) -> None:
        """Who comes to this point will kill."""
        self._file(service, "armed").write_text(strike.model_dump_json())

    def fail(self, service: str, point: Point) -> None:
        """The activity that comes to this point fails for good."""
        self._file(service, "failing").write_text(point.model_dump_json())

    def struck(self, service: str) -> float | None:
        """When the armed point was reached; None if it was not."""
        try:
            return float(self._file(service, "struck").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def passages(self, service: str) -> tuple[Passage, ...]:
        """What was passed since `forget`."""
        try:
            lines = self._file(service, "journal").read_text().splitlines()
        except FileNotFoundError:
            return ()
        return tuple(map(Passage.model_validate_json, lines))

    def forget(self, service: str) -> None:
        """Begin anew, as if nothing had been passed."""
        for kind in ("journal", "armed", "failing", "struck"):
            self._file(service, kind).unlink(missing_ok=True)

    def note(self, service: str, point: Point, attempt: int) -> Point:
        """Write the passage down, and give the point with its occurrence."""
        with self._file(service, "journal").open("a+") as journal:
            fcntl.flock(journal, fcntl.LOCK_EX)
            journal.seek(0)
            known = [Passage.model_validate_json(line).point for line in journal.read().splitlines()]
            occurrence = 1 + sum(point.of_same_place(other) for other in known)
            numbered = point.model_copy(update={"occurrence": occurrence})
            passage = Passage(point=numbered, at=time.time(), pid=os.getpid(), attempt=attempt)
            journal.write(passage.model_dump_json() + "\n")
        return numbered

    def strike(self, service: str, point: Point) -> None:
        """Kill, if this is the point to do so and nobody has; of several that come here, one claims it."""
        armed = self._read(service, "armed", Strike)
        if armed is None or armed.point != point:
            return
        try:
            self._file(service, "armed").rename(self._file(service, "struck"))
        except FileNotFoundError:
            return
        self._file(service, "struck").write_text(str(time.time()))
        os.kill(armed.server_pid or os.getpid(), signal.SIGKILL)

    def is_to_fail(self, service: str, point: Point) -> bool:
        """Whether an activity is to fail here; where its worker seemed dead, its next attempt is, too."""
        failing = self._read(service, "failing", Point)
        return failing is not None and point.of_same_place(failing) and point.occurrence >= failing.occurrence

    def _read(self, service: str, kind: str, model: type[Any]) -> Any:
        try:
            return model.model_validate_json(self._file(service, kind).read_text())
        except FileNotFoundError:
            return None

    def _file(self, service: str, kind: str) -> Path:
        return self._directory / f"{service}.{kind}"
