"""What the policies of services do: from the catalogue, and from Temporal where it answers."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim
from pydantic import AwareDatetime

from activities.watched import Subject, WatchedServices, policies_of
from catalogue.store import Catalogue
from domain.descriptor import Scaling
from domain.errors import InputError
from domain.models import Model
from domain.policies import Policies, SchedulePolicy, name_of
from domain.records import ServiceRecord
from domain.watching import AlarmRecord, Decision, Hold, Pause
from interfaces.cli.policy_rules import healing_rule, migration_rule, scaling_rule
from interfaces.cli.watching import Seen, Watching, ask, watched_services

_LAST = 5


class Rule(Model):
    """A policy."""

    policy: str
    component: str
    kind: str
    rule: str
    """In words."""


class NextTime(Model):
    """When a schedule fires next."""

    policy: str
    at: AwareDatetime | None
    """None: it is paused, or there is no such time."""
    by: Literal["temporal", "cron"]
    """`cron`: worked out here, since Temporal does not say."""
    paused: str | None = None
    """Why a person has paused it in Temporal."""


class Fired(Model):
    """A schedule that has fired of late."""

    policy: str
    instances: int
    at: AwareDatetime
    held_until: AwareDatetime | None
    """No policy goes below its number until then."""


class Component(Model):
    """What policies scale."""

    instances: int
    limits: Scaling | None


class Policed(Model):
    """A service, as its policies see it."""

    service: str
    state: str
    tenant: str
    interval_s: float
    """Between two looks."""
    rules: tuple[Rule, ...]
    components: dict[str, Component]
    """Those that have policies."""
    watch: Watching
    pause: Pause | None
    fired: tuple[Fired, ...]
    schedules: tuple[NextTime, ...]
    alarms: tuple[AlarmRecord, ...]
    """That are active."""
    decisions: tuple[Decision, ...]
    """The last ones, the newest first."""


class Brief(Model):
    """A service among others."""

    service: str
    state: str
    policies: int
    watched: bool | None
    """None: Temporal does not answer."""
    paused_until: AwareDatetime | None
    alarms: int
    last: Decision | None


def policed(store: Catalogue, service: str) -> Policed:
    """One service.

    :raises UnknownError: if there is no such service
    :raises InputError: if it has no policies
    """
    subject, now = subject_of(store, service), datetime.now(UTC)
    policies = subject.policies
    planned = [each for each in policies.scaling if isinstance(each, SchedulePolicy)]
    seen = ask(service, [name_of(each) for each in planned])
    rules = (*_rules(policies),)
    return Policed(
        service=service,
        state=subject.standing.state,
        tenant=subject.standing.tenant,
        interval_s=policies.interval,
        rules=rules,
        components={
            name: Component(instances=subject.instances.get(name, 0), limits=subject.rules.limits.get(name))
            for name in sorted({each.component for each in rules})
        },
        watch=seen.watching,
        pause=store.pauses.of(service, now),
        fired=tuple(_fired(each, policies) for each in store.holds.of(service, now)),
        schedules=tuple(_next_time(each, seen, now) for each in planned),
        alarms=store.alarms.list(service),
        decisions=store.decisions.list(service, limit=_LAST),
    )


def subject_of(store: Catalogue, service: str) -> Subject:
    """A service that has policies.

    :raises UnknownError: if there is no such service
    :raises InputError: if it has no policies, or nothing of it runs yet
    """
    record = store.services.get(service)
    found = WatchedServices(store).find(service)
    if found is None:
        raise InputError(f"service {service} is {record.state}: its policies begin once it is ACTIVE")
    if not found.policies.watched:
        made_of = f"{record.descriptor} {record.version}"
        raise InputError(
            f"service {service} has no policies: its descriptor {made_of} has none. "
            "`interlace update` brings it to a version that has some (docs/policies.md)"
        )
    return found


def all_policed(store: Catalogue) -> tuple[Brief, ...]:
    """All services that have policies, by name."""
    now, known = datetime.now(UTC), dict[tuple[str, str], Policies]()
    watched, pauses = watched_services(), store.pauses.all(now)
    alarms = Counter[str]()
    for (service, _, _), number in store.alarms.counts().items():
        alarms[service] += number
    return tuple(
        Brief(
            service=each.name,
            state=each.state,
            policies=number,
            watched=each.name in watched if watched is not None else None,
            paused_until=pauses[each.name].until if each.name in pauses else None,
            alarms=alarms[each.name],
            last=next(iter(store.decisions.list(each.name, limit=1)), None),
        )
        for each in store.services.list()
        if (number := _number(store, each, known))
    )


def _number(store: Catalogue, record: ServiceRecord, known: dict[tuple[str, str], Policies]) -> int:
    """How many policies a service has."""
    made_of = record.descriptor or "", record.version or ""
    if made_of not in known:
        known[made_of] = policies_of(store, *made_of)
    return len((*_rules(known[made_of]),))


def _rules(policies: Policies) -> Iterator[Rule]:
    for policy in policies.scaling:
        yield _rule(name_of(policy), policy.component, policy.kind, scaling_rule(policy))
    for moving in policies.migration:
        yield _rule(name_of(moving), moving.component, "migration", migration_rule(moving))
    for healing in policies.healing:
        name = f"{healing.component}-healing"
        yield _rule(name, healing.component, "healing", healing_rule(healing))


def _rule(policy: str, component: str, kind: str, rule: str) -> Rule:
    return Rule(policy=policy, component=component, kind=kind, rule=rule)


def _next_time(policy: SchedulePolicy, seen: Seen, now: datetime) -> NextTime:
    name = name_of(policy)
    found = next((each for each in seen.schedules if each.policy == name), None)
    if found is not None:
        return NextTime(policy=name, at=found.next_at, by="temporal", paused=found.paused)
    time = next(CronSim(policy.cron, now.astimezone(ZoneInfo(policy.time_zone))), None)
    return NextTime(policy=name, at=time.astimezone(UTC) if time else None, by="cron")


def _fired(hold: Hold, policies: Policies) -> Fired:
    holds = [
        each.hold
        for each in policies.scaling
        if isinstance(each, SchedulePolicy) and name_of(each) == hold.policy and each.hold
    ]
    until = hold.since + timedelta(seconds=holds[0]) if holds else None
    return Fired(policy=hold.policy, instances=hold.instances, at=hold.since, held_until=until)
