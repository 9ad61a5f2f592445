"""Alarms: what people should know of a service, as of one look at it; docs/policies.md has a table."""

from collections.abc import Iterator
from datetime import UTC, datetime

from domain.models import Name
from domain.policies import (
    MigrationPolicy,
    PredictedPolicy,
    ScalingPolicy,
    SchedulePolicy,
    TargetPolicy,
    ThresholdPolicy,
    name_of,
)
from domain.watching import Alarm, AlarmKind, Severity
from monitoring.decisions import Decided, Finding, Watched
from monitoring.healing import heals_of
from monitoring.states import HealingState, State, TargetState
from monitoring.windows import lasted, mean

_SILENT_LOOKS = 2
"""For how many looks a policy may have no value before that is an alarm."""

_SEVERITIES = {
    AlarmKind.THRESHOLD: Severity.MINOR,
    AlarmKind.NO_DATA: Severity.WARNING,
    AlarmKind.AT_LIMIT: Severity.MAJOR,
    AlarmKind.ILL: Severity.MAJOR,
    AlarmKind.GIVEN_UP: Severity.CRITICAL,
}


def alarms(service: str, watched: Watched, decided: Decided, before: State) -> tuple[Alarm, ...]:
    """Of the kinds `domain.watching.LOOKED`, all that there are now.

    :param before: the state that `decided` came from; where it is of the same moment nothing was looked at,
        and nothing is found: then the alarms of before still stand
    """
    if decided.state.at is None or decided.state.at == before.at:
        return ()
    return tuple(_Alarming(service, watched, decided, decided.state.at).all())


class _Alarming:
    """The alarms of one look."""

    def __init__(self, service: str, watched: Watched, decided: Decided, now: float) -> None:
        self._service, self._watched, self._now = service, watched, now
        self._state = decided.state
        self._findings = {each.policy: each for each in decided.findings}

    def all(self) -> Iterator[Alarm]:
        """Of policies, then of instances."""
        for policy in self._watched.policies.scaling:
            finding = self._findings.get(name_of(policy))
            if finding is not None and not isinstance(policy, SchedulePolicy):
                yield from self._of_scaling(policy, finding)
        for moving in self._watched.policies.migration:
            found = self._findings.get(name_of(moving))
            if found is not None:
                yield from self._of_migration(moving, found)
        yield from self._of_instances()

    def _of_scaling(self, policy: ScalingPolicy, finding: Finding) -> Iterator[Alarm]:
        yield from self._silence(finding)
        own = policy.component
        instances, limits = self._watched.instances.get(own), self._watched.limits.get(own)
        if instances is None or limits is None:
            return
        wanted = instances if finding.wanted is None else finding.wanted
        more = f"{wanted} instances are wanted, {instances} are there"
        if wanted > instances or self._beyond(policy, finding, instances):
            words = f"{finding.reason}: {more}" if wanted > instances else finding.reason
            yield self._alarm(AlarmKind.THRESHOLD, finding.policy, own, words)
        if wanted > limits.max:
            words = f"{finding.reason}: {more}, and scaling allows {limits.max}"
            yield self._alarm(AlarmKind.AT_LIMIT, finding.policy, own, words)

    def _beyond(self, policy: ScalingPolicy, finding: Finding, instances: int) -> bool:
        """Whether the value is, for as long as it must be, even where a cooldown forbids to act by it."""
        name, interval_s = name_of(policy), self._watched.interval_s
        match policy:
            case ThresholdPolicy():
                state = self._state.thresholds.get(name)
                since = state.above_since if state else None
                return since is not None and lasted(since, self._now, policy.sustained, interval_s)
            case TargetPolicy():
                history = self._state.targets.get(name, TargetState()).values
                value = mean(history, self._now, policy.sustained, interval_s)
                return value is not None and value > policy.target * (1 + policy.tolerance)
            case PredictedPolicy():
                return finding.value is not None and finding.value > policy.per_instance * instances
        return False

    def _of_migration(self, policy: MigrationPolicy, finding: Finding) -> Iterator[Alarm]:
        yield from self._silence(finding)
        since = self._state.migrations[policy.component].above_since.get(finding.policy)
        if since is not None and lasted(since, self._now, policy.sustained, self._watched.interval_s):
            words = f"since {_clock(since)}: {finding.reason}"
            yield self._alarm(AlarmKind.THRESHOLD, finding.policy, policy.component, words)

    def _silence(self, finding: Finding) -> Iterator[Alarm]:
        since = self._state.silent.get(finding.policy)
        if since is not None and self._now - since >= _SILENT_LOOKS * self._watched.interval_s:
            words = f"no value since {_clock(since)}, so it does nothing: {finding.reason}"
            yield self._alarm(AlarmKind.NO_DATA, finding.policy, finding.component, words)

    def _of_instances(self) -> Iterator[Alarm]:
        healing = {each.component: each for each in self._watched.policies.healing}
        for name, ailment in sorted(self._state.ailments.items()):
            own, told = ailment.component, f": {ailment.told}" if ailment.told else ""
            words = f"ill since {_clock(ailment.since)}{told}"
            yield self._alarm(AlarmKind.ILL, name, own, words)
            policy = healing.get(own)
            if policy is None or self._now - ailment.since < policy.unhealthy_for:
                continue
            tried = heals_of(name, self._state.healing.get(own, HealingState()))
            if tried >= policy.give_up_after:
                words = f"healed {tried} times within {policy.period:g} s, and {words}: left to people"
                yield self._alarm(AlarmKind.GIVEN_UP, name, own, words)

    def _alarm(self, kind: AlarmKind, subject: str, component: Name, words: str) -> Alarm:
        return Alarm(
            service=self._service,
            kind=kind,
            subject=subject,
            component=component,
            severity=_SEVERITIES[kind],
            words=words,
        )


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
