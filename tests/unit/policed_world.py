"""A catalogue with services that have policies, and something to tell of them."""

import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from catalogue.store import Catalogue
from domain.descriptor import Descriptor
from domain.expansion import expand
from domain.names import OperationKind
from domain.phases import OperationState
from domain.plans import Plan
from domain.watching import Alarm, AlarmKind, Decision, Hold, Outcome, Severity
from tests.unit.cli_world import DESCRIPTOR, active, catalogue_at

NOW = datetime.now(UTC).replace(microsecond=0)
POLICIES: dict[str, Any] = {
    "scaling": [
        {"component": "web", "kind": "target", "metric": "avg(cpu)", "target": 0.6, "name": "web-cpu"},
        {"component": "web", "metric": "connections", "scale_out_above": 90, "scale_in_below": 20},
        {
            "component": "web",
            "name": "morning",
            "kind": "schedule",
            "cron": "0 8 * * *",
            "time_zone": "Europe/Berlin",
            "instances": 3,
            "hold": "2 h",
        },
    ],
    "healing": [{"component": "web", "action": "restart"}],
}


def watched_descriptor(version: str = "2") -> Descriptor:
    """The descriptor tiny, with policies."""
    document = copy.deepcopy(DESCRIPTOR) | {"version": version, "policies": POLICIES}
    document["components"]["web"]["scaling"] = {"min": 1, "max": 4}
    return Descriptor.model_validate(document)


def policed_at(home: Path) -> Catalogue:
    """`shop` has policies, `calm` has none; both are ACTIVE."""
    store = catalogue_at(home)
    active(store, "calm", "op-calm")
    descriptor = watched_descriptor()
    store.descriptors.onboard(descriptor)
    run = {"workflow_id": "service/shop", "run_id": "run", "descriptor": "tiny", "version": "2"}
    lease = store.operations.begin("op-shop", "Instantiate", "shop", "default", **run)
    graph = expand("shop", descriptor)
    places = {each.name: "north" for each in graph.instances}
    solved = {"routes": (), "cost_per_hour": 0.5, "currency": "EUR", "solver": "by hand", "gap": 0}
    plan = Plan.model_validate(
        {"placements": places, "endpoints": {"users": "north"}, "solve_ms": 0, **solved}
    )
    store.services.commit(lease.operation_id, lease.fence, "shop", plan, graph)
    store.operations.finish(lease.operation_id, lease.fence, OperationState.COMPLETED)
    return store


def decided(
    store: Catalogue, number: int, outcome: Outcome = "done", told: str = "", service: str = "shop"
) -> None:
    """A Scale by the policy web-cpu, so many minutes ago."""
    at = NOW - timedelta(minutes=number)
    store.decisions.note(
        Decision(
            decision_id=f"decision-{service}-{number}",
            service=service,
            policy="web-cpu",
            component="web",
            kind=OperationKind.SCALE,
            what=f"web: {number} to {number + 1} instances",
            reason="avg(cpu) is 0.9, to be 0.6",
            decided_at=at,
            outcome=outcome,
            told=told,
            ended_at=None if outcome == "under way" else at + timedelta(seconds=4),
        )
    )


def alarmed(
    store: Catalogue, subject: str = "web-1", severity: Severity = Severity.MAJOR, service: str = "shop"
) -> None:
    """An instance is ill."""
    ill = {
        "kind": AlarmKind.ILL,
        "component": "web",
        "severity": severity,
        "words": "the check says: refused",
    }
    store.alarms.raise_(Alarm.model_validate({"service": service, "subject": subject, **ill}), NOW)


def fired(store: Catalogue, ago: timedelta = timedelta(minutes=10)) -> None:
    """The schedule `morning`."""
    since = NOW - ago
    hold = {"service": "shop", "policy": "morning", "instances": 3}
    store.holds.set(Hold.model_validate({**hold, "since": since, "until": since + timedelta(hours=2)}))
