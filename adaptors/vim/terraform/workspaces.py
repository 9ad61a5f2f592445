"""What this home keeps of one component at one PoP: its root module, its state, and who wants what of it."""

import fcntl
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, TypeVar

from adaptors.machine.processes import Process
from adaptors.vim.port import Progress
from adaptors.vim.terraform.processes import PACE_S
from adaptors.vim.terraform.root import save
from domain.instances import InstanceSpec
from domain.models import Model


class Wish(Model):
    """An instance that somebody who is still alive waits for."""

    id: str
    spec: InstanceSpec
    owner: Process
    since: float
    """As the clock shows."""


class Failure(Model):
    """Why an instance is not there as it should be."""

    words: str
    at: float


class Applied(Model):
    """The last round that did all it was to do."""

    began: float


class Run(Model):
    """A run of Terraform that may change something, from before its start until it was made good."""

    mark: str
    command: str
    log: str
    """Name of the file of what it says."""
    started: float
    deadline: float
    grace_s: float


class CutOff(Model):
    """When a run was cut off: what it had locked, nobody else gives back."""

    started: float
    until: float
    locked: bool
    """Whether it had the state's lock, as far as its words show."""


class Drift(Model):
    """What Terraform's last look found to be other than the state says."""

    at: float
    """When that look began."""
    ills: dict[str, str]
    """By name of the instance."""
    gone: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    """Those among the ill that do not run; the others were changed by somebody."""


_Fact = TypeVar("_Fact", bound=Model)

_queues: dict[str, threading.Lock] = {}
"""Threads of this process queue here: who is next has the turn at once, and not at its next look."""
os.register_at_fork(after_in_child=_queues.clear)
_FIRST_LOOK_S = 0.001


class Workspace:
    """The directory of one component; everything in it is written in one step."""

    def __init__(self, pop_directory: Path, service: str, component: str) -> None:
        self.directory = pop_directory / f"{service}.{component}"
        self.service = service
        self.component = component
        self.values = self.directory / "values.json"
        self.log = self.directory / "run.log"
        self.plan = self.directory / "plan.bin"
        self._lock = pop_directory / ".locks" / f"{service}.{component}"
        self._wishes = self.directory / "wishes"
        self._removals = self.directory / "removals"

    def lay_out(self) -> None:
        """Make the directory, for nobody else to read: states hold secrets."""
        for directory in (self.directory.parent.parent, self.directory.parent, self.directory):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextmanager
    def turn(self, progress: Progress) -> Iterator[None]:
        """Be the only one to change anything here, in all processes of this machine."""
        with turn(self._lock, progress, f"waiting for other changes of {self.directory.name}"):
            self.lay_out()
            yield

    @contextmanager
    def turn_if_free(self) -> Iterator[bool]:
        """As `turn`, but False at once where somebody else has it."""
        self._lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def wish(self, spec: InstanceSpec) -> Wish:
        """Let whoever has the next turn make this too."""
        wish = Wish(id=uuid.uuid4().hex, spec=spec, owner=Process.of(os.getpid()), since=time.time())
        self.lay_out()
        self._wishes.mkdir(exist_ok=True)
        save(self._wishes / wish.id, wish.model_dump(mode="json"))
        return wish

    def withdraw(self, wish: Wish) -> None:
        (self._wishes / wish.id).unlink(missing_ok=True)

    def wishes(self) -> list[Wish]:
        """Of those who are alive, in their order; what the dead have left goes."""
        found = []
        for path in _files(self._wishes):
            with suppress(FileNotFoundError):
                wish = Wish.model_validate_json(path.read_text())
                if wish.owner.alive():
                    found.append(wish)
                else:
                    path.unlink(missing_ok=True)
        return sorted(found, key=lambda wish: wish.since)

    def remove(self, name: str) -> None:
        """An instance is to go; that outlives whoever wants it."""
        self.lay_out()
        self._removals.mkdir(exist_ok=True)
        save(self._removals / _key(name), name)

    def removed(self, name: str) -> None:
        (self._removals / _key(name)).unlink(missing_ok=True)

    def removals(self) -> frozenset[str]:
        found = set()
        for path in _files(self._removals):
            with suppress(FileNotFoundError):
                found.add(json.loads(path.read_text()))
        return frozenset(found)

    def journal(self, wanted: Callable[[str], bool] = lambda _: True) -> dict[str, InstanceSpec]:
        """What the last round was to make, of the names that are wanted."""
        try:
            records = json.loads(self.values.read_text())["records"]
        except (FileNotFoundError, ValueError, KeyError):
            return {}
        found = {name: text for name, text in records.items() if wanted(name)}
        return {name: InstanceSpec.model_validate_json(text) for name, text in found.items()}

    def failures(self) -> dict[str, Failure]:
        """By name, of the last rounds."""
        try:
            said = json.loads((self.directory / "failures.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return {name: Failure.model_validate(each) for name, each in said.items()}

    def note_failures(self, failures: dict[str, Failure]) -> None:
        said = {name: each.model_dump() for name, each in failures.items()}
        save(self.directory / "failures.json", said)

    def note(self, fact: Applied | Run | CutOff | Drift) -> None:
        save(self.directory / _file(type(fact)), fact.model_dump())

    def forget(self, kind: type[Applied | Run | CutOff | Drift]) -> None:
        (self.directory / _file(kind)).unlink(missing_ok=True)

    def applied(self) -> Applied | None:
        return self._fact(Applied)

    def run(self) -> Run | None:
        return self._fact(Run)

    def cut_off(self) -> CutOff | None:
        return self._fact(CutOff)

    def drift(self) -> Drift | None:
        return self._fact(Drift)

    def _fact(self, kind: type[_Fact]) -> _Fact | None:
        try:
            return kind.model_validate_json((self.directory / _file(kind)).read_text())
        except (FileNotFoundError, ValueError):
            return None


@contextmanager
def turn(path: Path, progress: Progress, words: str) -> Iterator[None]:
    """Hold a lock between threads and processes; a process that dies gives it back."""
    queue = _queues.setdefault(str(path), threading.Lock())
    while not queue.acquire(timeout=PACE_S):
        progress(words)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("a") as file:
            _locked(file, progress, words)
            yield
    finally:
        queue.release()


def _locked(file: IO[str], progress: Progress, words: str) -> None:
    """Between processes nobody is told when it is free: look, at first often."""
    pause_s = _FIRST_LOOK_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            progress(words)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, PACE_S)


def _files(directory: Path) -> list[Path]:
    try:
        return [path for path in directory.iterdir() if path.suffix != ".new"]
    except FileNotFoundError:
        return []


def _file(kind: type[Model]) -> str:
    return f"{kind.__name__.lower()}.json"


def _key(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:32]
