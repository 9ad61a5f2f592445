"""The load of all services rises at the same second: how long until each has been scaled out, once."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.crowded import INTERVAL_S, Crowded, crowded
from bench.crowds import DESCRIPTOR, PAIR, beside
from bench.meters import LOADED
from catalogue.documents import read_descriptor
from domain.names import OperationKind
from domain.watching import Decision

_SETTLING_S = 2 * INTERVAL_S
_BETWEEN_S = 1.0
_PATIENCE_S = 900.0
_MEASURED, _UNWATCHED = "measured", "unwatched"
_AFTER_LOOK_S = 5.0
"""All have looked by then."""


@dataclass(frozen=True)
class Herd:
    """What became of the services; seconds."""

    out_s: list[float] = field(default_factory=list)
    """From the rise of the load until each was scaled out, in order."""
    lost: list[str] = field(default_factory=list)
    """Services that were not."""
    doubled: list[str] = field(default_factory=list)
    """Services of which more than one thing was decided, or more was done."""
    failed: list[str] = field(default_factory=list)
    """What the decisions that were not done tell."""
    calm_s: list[float] = field(default_factory=list)
    """What the operations of another service took before the rise."""
    beside_s: list[float] = field(default_factory=list)
    """And from then until all had been scaled out."""


def measure(services: int) -> Herd:
    """With one worker on modelled VIMs without delay."""
    return asyncio.run(_measured(services))


async def _measured(services: int) -> Herd:
    async with crowded(services) as crowd:
        unwatched = PAIR.replace(f"name: {DESCRIPTOR}", f"name: {_UNWATCHED}")
        crowd.catalogue.descriptors.onboard(read_descriptor(unwatched.encode(), "bench"))
        await crowd.machinery.instantiate(_MEASURED, _UNWATCHED)
        await crowd.watch(services)
        found = Herd()
        calm = asyncio.create_task(_operate(crowd, found.calm_s))
        await asyncio.sleep(_SETTLING_S)
        calm.cancel()
        await asyncio.sleep(INTERVAL_S - time.time() % INTERVAL_S + _AFTER_LOOK_S)
        return await _risen(crowd, services, found)


async def _risen(crowd: Crowded, services: int, found: Herd) -> Herd:
    risen = time.time()
    await asyncio.to_thread(crowd.rise)
    operating = asyncio.create_task(_operate(crowd, found.beside_s))
    try:
        decisions = await _all_over(crowd, services, risen)
    finally:
        operating.cancel()
    await asyncio.sleep(_SETTLING_S)  # what is begun twice shows
    ended = [each.ended_at.timestamp() for each in decisions if each.ended_at and each.outcome == "done"]
    found.out_s.extend(sorted(when - risen for when in ended))
    found.failed.extend(f"{each.service}: {each.told}" for each in decisions if each.outcome != "done")
    numbers = [len(crowd.catalogue.decisions.list(beside(n))) for n in range(services)]
    placed = [_instances(crowd, beside(n)) for n in range(services)]
    found.lost.extend(beside(n) for n in range(services) if placed[n] < 2)
    found.doubled.extend(beside(n) for n in range(services) if placed[n] > 2 or numbers[n] > 1)
    return found


async def _all_over(crowd: Crowded, services: int, risen: float) -> Sequence[Decision]:
    """All decisions, when there is one for each service and none is under way, or patience is over."""
    while True:
        decisions = await asyncio.to_thread(crowd.catalogue.decisions.list, None, None, 2 * services)
        over = sum(each.ended_at is not None for each in decisions)
        if over >= services or time.time() > risen + _PATIENCE_S:
            return decisions
        await asyncio.sleep(_BETWEEN_S)


async def _operate(crowd: Crowded, took: list[float]) -> None:
    """One more instance and one less, again and again."""
    while True:
        for by in (1, -1):
            started = time.perf_counter()
            await crowd.machinery.operate(OperationKind.SCALE, _MEASURED, component=LOADED, by=by)
            took.append(time.perf_counter() - started)
            await asyncio.sleep(_BETWEEN_S)


def _instances(crowd: Crowded, service: str) -> int:
    deployment = crowd.catalogue.services.deployment(service)
    return sum(each.component == LOADED for each in deployment.instances) if deployment else 0
