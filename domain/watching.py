"""What the watch of a service, its activities, the catalogue and people tell each other."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from domain.lifecycle import HealRequest, MigrateRequest, ScaleRequest
from domain.models import Model, Name
from domain.names import OperationKind


class Severity(StrEnum):
    """How bad an alarm is (ITU-T X.733, clause 8.1.2.3, as ETSI GS NFV-SOL 005 takes it over)."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    WARNING = "warning"


class AlarmKind(StrEnum):
    """What an alarm is about."""

    THRESHOLD = "threshold"
    """A policy's value is beyond what it allows."""
    NO_DATA = "no-data"
    """A policy has no value to go by, so it does nothing."""
    AT_LIMIT = "at-limit"
    """A policy wants more instances than `scaling` allows."""
    ILL = "ill"
    """An instance is not well."""
    GIVEN_UP = "given-up"
    """An instance was healed so often that it is left to people."""
    OPERATION_FAILED = "operation-failed"
    """What a policy had begun has failed."""
    SKIPPED = "skipped"
    """A scheduled scaling did not take place."""


LOOKED = frozenset(
    {AlarmKind.THRESHOLD, AlarmKind.NO_DATA, AlarmKind.AT_LIMIT, AlarmKind.ILL, AlarmKind.GIVEN_UP}
)
"""Alarms that each look finds anew: those that it does not find are over."""


class Alarm(Model):
    """Something that people should know of a service, for as long as it lasts."""

    service: Name
    kind: AlarmKind
    subject: str = Field(min_length=1, max_length=255)
    """The policy or the instance."""
    component: Name | None = None
    severity: Severity
    words: str
    """What is wrong, and since when or by how much."""


class AlarmRecord(Alarm):
    """An alarm as the catalogue keeps it."""

    raised_at: AwareDatetime
    cleared_at: AwareDatetime | None = None


class Pause(Model):
    """A person has paused the policies of a service: nothing is scaled or moved by them. Healing goes on."""

    service: Name
    until: AwareDatetime
    reason: str = ""
    since: AwareDatetime


class Hold(Model):
    """The last time that a schedule has fired: its number is due, and no policy goes below it for a while."""

    service: Name
    policy: str
    instances: int
    since: AwareDatetime
    """When it fired."""
    until: AwareDatetime
    """For how long that counts: the longer one of its window and its hold."""


Outcome = Literal["under way", "done", "failed", "refused", "busy", "skipped"]
"""`refused`: nothing was changed; `busy`: another operation had the service, it is tried again."""


class Decision(Model):
    """Something that a policy began, or could not."""

    decision_id: str
    """The same however often it is noted."""
    service: Name
    policy: str
    component: Name
    kind: OperationKind
    what: str
    """`web: 2 to 3 instances`, say."""
    reason: str
    decided_at: AwareDatetime
    outcome: Outcome = "under way"
    told: str = ""
    """How it ended, in the operation's words."""
    ended_at: AwareDatetime | None = None
    operation_id: str | None = None


class Wanted(Model):
    """An operation that a policy wants."""

    policy: str
    component: Name
    what: str
    reason: str
    decided_at: AwareDatetime
    request: ScaleRequest | HealRequest | MigrateRequest
    kind: OperationKind
    acts: tuple[str, ...]
    """What monitoring has to be told when it began, for itself."""


class WatchRequest(Model):
    """Input of the workflow Watch: looks at a service for as long as it is there."""

    service: Name
    tenant: Name = "default"
    interval_s: float = Field(default=15.0, gt=0)
    """Between two looks."""
    state: str = ""
    """What monitoring remembers of it, for itself; empty at first."""


class LookOrder(Model):
    """Look at a service again and again, until something is to be done or the time is over."""

    service: Name
    state: str = ""
    began: tuple[str, ...] = ()
    """`Wanted.acts` of what has begun since."""
    began_at: AwareDatetime | None = None
    interval_s: float = Field(gt=0)
    """As it was when the service was last looked at."""
    lasting_s: float = Field(gt=0)


class Looked(Model):
    """What came of looking."""

    state: str
    interval_s: float
    """As the service's policies have it now."""
    wanted: Wanted | None = None
    gone: bool = False
    """There is nothing to watch any more."""


class PolicyFinding(Model):
    """What a policy went by at the last look."""

    policy: str
    component: Name
    value: float | None
    wanted: int | None
    reason: str


class LookDetails(Model):
    """What a look says of itself while it goes on: the last heartbeat's detail."""

    state: str
    interval_s: float
    at: AwareDatetime | None = None
    """Of the last look."""
    findings: tuple[PolicyFinding, ...] = ()
    notes: tuple[str, ...] = ()


class ScheduledScaleRequest(Model):
    """Input of the workflow ScheduledScale, which a Temporal Schedule starts: it makes the number due."""

    service: Name
    tenant: Name = "default"
    policy: str
    component: Name
    instances: int = Field(ge=1, le=1000)
    window_s: float = Field(ge=0)
    """How long the number may be waited for before it counts as skipped."""
    hold_s: float = Field(default=0.0, ge=0)


class Firing(Model):
    """A schedule that has fired, by the workflow that follows it up."""

    request: ScheduledScaleRequest
    fired_at: AwareDatetime
    decision_id: str


class FiringSeen(Model):
    """How a firing stands."""

    outcome: Outcome
    told: str
