"""Instances come and go, by the adaptor and by the script in turns: how long, with how many requests."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from bench.vim.contenders import LOOK_S, Contender, Stage
from bench.vim.traffic import listening

SIX = 6


@dataclass(frozen=True)
class Run:
    """So many instances at the same time: made from nothing until they ran, deleted until none was left."""

    count: int
    created_s: float
    deleted_s: float
    requests: int
    """Of both."""
    cloud_cpu_s: float
    """That the cloud's processes had of a CPU while they were made."""
    own_cpu_s: float
    """And that we had."""

    @property
    def took_s(self) -> float:
        return self.created_s + self.deleted_s


@dataclass(frozen=True)
class Pair:
    """The adaptor's run, and the script's right after it."""

    adaptor: Run
    script: Run

    @property
    def time(self) -> float:
        return self.adaptor.took_s / self.script.took_s

    @property
    def requests(self) -> float:
        return self.adaptor.requests / self.script.requests


@dataclass(frozen=True)
class Looks:
    """One, then six made at the same time, at a cloud that is slow to build them as real hypervisors are."""

    count: int
    """How often instances were listed while the six were waited for."""
    intervals: int
    seconds: float
    """From the first list to the last."""
    one_s: float
    six_s: float
    """Until they ran."""


def pairs(stage: Stage, count: int, at_once: int = 1) -> list[Pair]:
    """In turns, after a first one that does not count."""
    found = [
        Pair(_run(stage, stage.adaptor, at_once), _run(stage, stage.script, at_once))
        for _ in range(count + (at_once == 1))
    ]
    return found[-count:]


def looks(stage: Stage) -> Looks:
    """One and then six are waited for at a cloud that is slow to build them."""
    numbers = range(SIX)
    with stage.slow() as adaptor:
        one_s = _run(stage, adaptor, 1).created_s
        with listening() as heard:
            began = time.monotonic()
            adaptor.create(numbers)
            ended = time.monotonic()
            moments = [each.at for each in heard if stage.is_look(each)]
        adaptor.delete(numbers)
    waited = ended - moments[0] if moments else 0.0
    return Looks(len(moments), floor(waited / LOOK_S) + 1, waited, one_s, ended - began)


def _run(stage: Stage, contender: Contender, count: int) -> Run:
    numbers: Sequence[int] = range(count)
    with listening() as heard:
        cloud, own, began = stage.cloud_cpu(), time.process_time(), time.perf_counter()
        contender.create(numbers)
        created = time.perf_counter()
        cloud, own = stage.cloud_cpu() - cloud, time.process_time() - own
        deleting = time.perf_counter()
        contender.delete(numbers)
        deleted = time.perf_counter()
    return Run(count, created - began, deleted - deleting, len(heard), cloud, own)
