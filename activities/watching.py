"""Looking at a service again and again, until its policies want something done."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity

from activities.wanting import remembered, wanted
from activities.watched import WatchedServices
from catalogue.store import Catalogue
from domain import names
from domain.watching import (
    LOOKED,
    Alarm,
    AlarmKind,
    LookDetails,
    Looked,
    LookOrder,
    PolicyFinding,
    Severity,
    Wanted,
)
from monitoring.alarming import alarms
from monitoring.custom import own_metrics
from monitoring.deciding import decide
from monitoring.decisions import Decided
from monitoring.sources.port import MetricsSource
from monitoring.states import State
from monitoring.windows import RATES_S

_LOG = logging.getLogger(__name__)

_AT_ONCE = 4
_RETRY_S = 5.0
"""Between two looks at a service of which nothing is committed yet."""

OpenSource = Callable[[Collection[str]], MetricsSource]
"""Gives the source that knows these metrics of users' own, too; the same one for the same names."""


@dataclass(frozen=True)
class _Look:
    """One look at a service, and what came of it."""

    state: State
    interval_s: float
    wanted: Wanted | None = None
    gone: bool = False
    findings: tuple[PolicyFinding, ...] = ()
    notes: tuple[str, ...] = ()
    is_new: bool = False
    """Nobody has looked yet."""


class WatchingActivities:
    """Looks at many services; looks of one worker at the same moment share what they ask for."""

    def __init__(self, catalogue: Catalogue, source: OpenSource) -> None:
        self._catalogue = catalogue
        self._source = source
        self._services = WatchedServices(catalogue)
        self._raised: dict[str, frozenset[tuple[AlarmKind, str, Severity]]] = {}
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="look")
        self._preparing = ThreadPoolExecutor(1, thread_name_prefix="prepare")  # no look waits for it

    @activity.defn(name=names.LOOK)
    async def look(self, order: LookOrder) -> Looked:
        """Look each interval; what is remembered is in the heartbeats, where the next attempt finds it.

        It ends when something is to be done, when its time is over, and when the worker is to stop.
        """
        seen, began = _before(order), time.monotonic()  # what an operation changed before it counts
        self._raised.pop(order.service, None)  # another worker may have told of others since
        while not (seen.gone or seen.wanted):
            pause_s = _to_next(seen, datetime.now(UTC))
            over = time.monotonic() + pause_s > began + order.lasting_s
            if over or await self._stopped(order.service, seen.interval_s, pause_s):
                break
            seen = await self._now(order.service, seen.state, began)
            activity.heartbeat(_details(seen))
        return Looked(
            state=_packed(seen.state), interval_s=seen.interval_s, wanted=seen.wanted, gone=seen.gone
        )

    async def _stopped(self, service: str, interval_s: float, pause_s: float) -> bool:
        """Whether the worker is to stop before the next look; for that the source is prepared meanwhile."""
        ahead_s = min(RATES_S, pause_s)
        if interval_s <= RATES_S or not pause_s:
            return await _stopped_within(pause_s)
        if await _stopped_within(pause_s - ahead_s):
            return True
        loop, began = asyncio.get_running_loop(), time.monotonic()
        preparing = loop.run_in_executor(self._preparing, self._prepare, service)
        stopped = await _stopped_within(max(0.0, ahead_s - (time.monotonic() - began)))
        preparing.cancel()  # what has not begun is too late
        return stopped

    def _prepare(self, service: str) -> None:
        try:
            subject = self._services.find(service)
            if subject is not None and subject.steady and subject.policies.watched:
                self._source(own_metrics(subject.policies)).prepare(service)
        except Exception:  # the look meets it, too, and tells
            _LOG.debug("preparing a look at %s", service, exc_info=True)

    async def _now(self, service: str, state: State, since: float) -> _Look:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._once, service, state, since)

    def _once(self, service: str, state: State, since: float) -> _Look:
        at = datetime.now(UTC)
        subject = self._services.find(service, since)
        if subject is None:
            return _Look(state=state, interval_s=_RETRY_S, gone=True)
        policies = subject.policies
        if not policies.watched:
            return _Look(state=state, interval_s=policies.interval, gone=True)
        if not subject.steady:
            words = f"{service} is {subject.standing.state}: nothing is decided"
            return _Look(state=state, interval_s=policies.interval, notes=(words,))
        snapshot = self._source(own_metrics(policies)).snapshot(service, at)
        watched = self._services.watched(subject, snapshot)
        decided = decide(watched, state, snapshot)
        if decided.state.at != state.at:
            self._tell(service, alarms(service, watched, decided, state), at)
        return _Look(
            state=decided.state,
            interval_s=policies.interval,
            wanted=wanted(service, subject.standing.tenant, decided, at, subject.pops),
            findings=_findings(decided),
            notes=decided.notes,
        )

    def _tell(self, service: str, found: Collection[Alarm], at: datetime) -> None:
        """Note the alarms, where they are not those of the last look."""
        keys = frozenset((each.kind, each.subject, each.severity) for each in found)
        if self._raised.get(service) != keys:
            self._catalogue.alarms.reconcile(service, found, LOOKED, at)
            self._raised[service] = keys


def _before(order: LookOrder) -> _Look:
    """What the last look left: that of an attempt which died, else that of the activity before."""
    said = activity.info().heartbeat_details
    if said:
        details = LookDetails.model_validate(said[0])
        return _Look(_unpacked(details.state), details.interval_s)
    state = _unpacked(order.state)
    if order.began_at is not None:
        state = remembered(state, order.began, order.began_at)
    return _Look(state, order.interval_s, is_new=state.at is None)


def _packed(state: State) -> str:
    return state.model_dump_json(exclude_defaults=True)


def _unpacked(state: str) -> State:
    return State.model_validate_json(state) if state else State()


def _details(seen: _Look) -> LookDetails:
    at = seen.state.at
    return LookDetails(
        state=_packed(seen.state),
        interval_s=seen.interval_s,
        at=datetime.fromtimestamp(at, UTC) if at is not None else None,
        findings=seen.findings,
        notes=seen.notes,
    )


def _findings(decided: Decided) -> tuple[PolicyFinding, ...]:
    return tuple(PolicyFinding.model_validate(each.model_dump()) for each in decided.findings)


def _to_next(seen: _Look, now: datetime) -> float:
    """Seconds to the next look: at the same moments for all, so that they share what they ask for."""
    if seen.is_new:
        return 0.0
    every = seen.interval_s
    return every - now.timestamp() % every


async def _stopped_within(pause_s: float) -> bool:
    """Whether the worker is to stop; else the pause is over."""
    try:
        await asyncio.wait_for(activity.wait_for_worker_shutdown(), pause_s)
    except TimeoutError:
        return False
    return True
