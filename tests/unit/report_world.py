"""A shop whose load rises and falls, as a source, the catalogue and people would tell of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from domain.descriptor import Scaling
from domain.names import OperationKind
from domain.policies import Policies
from domain.watching import AlarmKind, AlarmRecord, Decision, Severity
from interfaces.report.story import Note, Story
from interfaces.report.telling import Subject, charts, gaps
from monitoring.metrics import Sample, Snapshot

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVERY_S = 2.0
LOOKS = 36
POLICIES = Policies.model_validate(
    {
        "scaling": [
            {"component": "web", "kind": "target", "metric": "sum(requests_per_s) / instances", "target": 20},
            {"component": "web", "metric": "cpu", "scale_out_above": 0.8, "scale_in_below": 0.2},
        ],
        "healing": [{"component": "web", "action": "restart"}],
        "migration": [{"component": "web", "metric": 'chain("shopping").latency_ms', "above": 20}],
    }
)
SUBJECT = Subject(
    service="shop",
    tenant="default",
    components=("load-balancer", "web"),
    policies=POLICIES,
    limits={"web": Scaling(min=1, max=4)},
)


def moment(seconds: float) -> datetime:
    """So long after the start."""
    return START + timedelta(seconds=seconds)


def replicas(seconds: float) -> int:
    """Of web."""
    return 3 if 18 <= seconds < 44 else 1


def load(seconds: float) -> float:
    """Requests a second, of all."""
    return 55.0 if 10 <= seconds < 36 else 15.0


def snapshots() -> tuple[Snapshot, ...]:
    """A look each two seconds; one of them had nothing."""
    return tuple(_snapshot(number * EVERY_S) for number in range(LOOKS))


def _snapshot(seconds: float) -> Snapshot:
    if seconds == 30:
        return Snapshot(at=moment(seconds), gaps=("the exporter does not answer: timed out",))
    return Snapshot(at=moment(seconds), samples=tuple(_samples(seconds)), gaps=("shop: no probes yet",))


def _samples(seconds: float) -> Iterator[Sample]:
    each = load(seconds) / replicas(seconds)
    for number in range(1, replicas(seconds) + 1):
        figures = {"requests_per_s": each, "cpu": each / 60, "latency_p95_ms": 3 + each / 4}
        yield from _of("web", f"web-{number}", figures, seconds)
    figures = {"requests_per_s": load(seconds), "cpu": 0.11, "latency_p95_ms": 6 + each / 4}
    yield from _of("load-balancer", "load-balancer-1", figures, seconds)
    yield from _of("customers", "customers", {"cpu": 0.5}, seconds)
    degraded = 46.0 if 54 <= seconds < 64 else 6.2
    yield Sample(metric="chain_latency_ms", labels={"chain": "shopping"}, at=moment(seconds), value=degraded)


def _of(component: str, instance: str, figures: dict[str, float], seconds: float) -> Iterator[Sample]:
    labels = {"component": component, "instance": instance, "pop": "north"}
    for metric, value in {"memory_mib": 30.0, **figures}.items():
        yield Sample(metric=metric, labels=labels, at=moment(seconds), value=value)


def decision(number: int, at: float, what: str, **more: object) -> Decision:
    """One that was done within 4 s, unless said otherwise."""
    usual: dict[str, object] = {
        "policy": "web-target",
        "component": "web",
        "kind": OperationKind.SCALE,
        "reason": "sum(requests_per_s) / instances is 55, target 20",
        "outcome": "done",
        "ended_at": moment(at + 4),
    }
    return Decision.model_validate(
        {"decision_id": f"d{number}", "service": "shop", "what": what, "decided_at": moment(at)}
        | usual
        | more
    )


DECISIONS = (
    decision(1, 14, "web: 1 to 3 instances"),
    decision(2, 40, "web: 3 to 1 instances", reason="sum(requests_per_s) / instances is 5, target 20"),
    decision(
        3,
        48,
        "web-1 built anew",
        policy="web-healing",
        kind=OperationKind.HEAL,
        reason="ill for 4 s: its process has ended",
    ),
    decision(
        4,
        60,
        "web leaves north",
        policy="web-migration",
        kind=OperationKind.MIGRATE,
        reason='chain("shopping").latency_ms is 46, above 20',
        outcome="failed",
        told="no other PoP has <room> & board",
    ),
)


def alarm(
    kind: AlarmKind, subject: str, since: float, until: float | None, severity: Severity
) -> AlarmRecord:
    """One of web."""
    return AlarmRecord(
        service="shop",
        kind=kind,
        subject=subject,
        component="web",
        severity=severity,
        words=f"{subject}: something is wrong",
        raised_at=moment(since),
        cleared_at=None if until is None else moment(until),
    )


ALARMS = (
    alarm(AlarmKind.THRESHOLD, "web-target", 12, 20, Severity.WARNING),
    alarm(AlarmKind.ILL, "web-1", 46, 52, Severity.MAJOR),
    alarm(AlarmKind.THRESHOLD, "web-migration", 55, None, Severity.MINOR),
)


def story(**more: object) -> Story:
    """The shop's."""
    looked = snapshots()
    told: dict[str, object] = {
        "service": "shop",
        "tenant": "default",
        "start": looked[0].at,
        "end": looked[-1].at,
        "source": "figures from a test",
        "charts": charts(SUBJECT, looked, 30.0),
        "decisions": DECISIONS,
        "alarms": ALARMS,
        "notes": (Note(at=moment(10), text="customers ask for 55 pages a second"),),
        "gaps": gaps(looked),
    }
    return Story.model_validate(told | more)
