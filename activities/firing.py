"""What watches note: decisions and how they ended; schedules that have fired, and what became of that."""

from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.translation import translated
from activities.watched import WatchedServices
from catalogue.store import Catalogue
from domain import names
from domain.names import OperationKind
from domain.requests import Nothing
from domain.watching import (
    Alarm,
    AlarmKind,
    Decision,
    Firing,
    FiringSeen,
    Hold,
    ScheduledScaleRequest,
    Severity,
)


class FiringActivities:
    """Reads and writes the catalogue for watches and schedules."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._services = WatchedServices(catalogue)

    @activity.defn(name=names.NOTE_DECISION, no_thread_cancel_exception=True)
    def note(self, decision: Decision) -> Nothing:
        """Keep a decision; what has failed is an alarm until the policy's next operation is done."""
        subject, kind = decision.policy, AlarmKind.OPERATION_FAILED
        with translated():
            self._catalogue.decisions.note(decision)
            if decision.outcome in ("failed", "refused"):
                self._catalogue.alarms.raise_(_failed(decision), datetime.now(UTC))
            elif decision.outcome == "done":
                self._catalogue.alarms.clear(decision.service, kind, subject, datetime.now(UTC))
        return Nothing()

    @activity.defn(name=names.FIRE, no_thread_cancel_exception=True)
    def fire(self, firing: Firing) -> Nothing:
        """The schedule's number is due from now on; of a service that is gone nothing is."""
        asked = firing.request
        with translated():
            self._catalogue.holds.set(
                Hold(
                    service=asked.service,
                    policy=asked.policy,
                    instances=asked.instances,
                    since=firing.fired_at,
                    until=_until(firing),
                )
            )
        return Nothing()

    @activity.defn(name=names.FIRING, no_thread_cancel_exception=True)
    def firing(self, firing: Firing) -> FiringSeen:
        """Whether the number is there; once its time is over, why it is not."""
        asked, now = firing.request, datetime.now(UTC)
        with translated():
            subject = self._services.find(asked.service)
            if subject is None:
                return FiringSeen(outcome="skipped", told=f"there is no service {asked.service} any more")
            number = subject.instances.get(asked.component)
            if number == asked.instances:
                self._catalogue.alarms.clear(asked.service, AlarmKind.SKIPPED, asked.policy, now)
                return FiringSeen(outcome="done", told=f"{asked.component} has {number} instances")
            why = self._why(asked, number, now)
            if now < _until(firing):
                return FiringSeen(outcome="under way", told=why)
            self._skip(firing, number or 0, why, now)
            return FiringSeen(outcome="skipped", told=why)

    def _why(self, asked: ScheduledScaleRequest, number: int | None, now: datetime) -> str:
        """Why a component has not the number that it should have."""
        has = f"{asked.component} has {number} instances, not {asked.instances}"
        pause = self._catalogue.pauses.of(asked.service, now)
        if pause is not None:
            return f"{has}: policies are paused until {pause.until:%Y-%m-%d %H:%M:%S} UTC"
        holder = self._catalogue.operations.holder(asked.service)
        if holder is not None:
            return f"{has}: {holder.kind} runs on the service since {holder.started_at:%H:%M:%S} UTC"
        if number is not None and number > asked.instances:
            return f"{has}: other policies want more, or cannot tell"
        return has

    def _skip(self, firing: Firing, number: int, why: str, now: datetime) -> None:
        asked = firing.request
        self._catalogue.decisions.note(
            Decision(
                decision_id=firing.decision_id,
                service=asked.service,
                policy=asked.policy,
                component=asked.component,
                kind=OperationKind.SCALE,
                what=f"{asked.component}: {number} to {asked.instances} instances",
                reason=f"scheduled for {firing.fired_at:%Y-%m-%d %H:%M:%S} UTC",
                decided_at=firing.fired_at,
                outcome="skipped",
                told=why,
                ended_at=now,
            )
        )
        if number < asked.instances:
            alarm = Alarm(
                service=asked.service,
                kind=AlarmKind.SKIPPED,
                subject=asked.policy,
                component=asked.component,
                severity=Severity.WARNING,
                words=f"scheduled for {firing.fired_at:%Y-%m-%d %H:%M:%S} UTC, skipped: {why}",
            )
            self._catalogue.alarms.raise_(alarm, now)


def _until(firing: Firing) -> datetime:
    return firing.fired_at + timedelta(seconds=max(firing.request.window_s, firing.request.hold_s))


def _failed(decision: Decision) -> Alarm:
    return Alarm(
        service=decision.service,
        kind=AlarmKind.OPERATION_FAILED,
        subject=decision.policy,
        component=decision.component,
        severity=Severity.MAJOR,
        words=f"{decision.what}: {decision.told}",
    )
