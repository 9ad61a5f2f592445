"""One look at a service: what each of its policies reads, wants and remembers, put together."""

from domain.policies import (
    MigrationPolicy,
    PredictedPolicy,
    ScalingPolicy,
    SchedulePolicy,
    TargetPolicy,
    ThresholdPolicy,
    name_of,
)
from monitoring.decisions import Finding, Scale, Watched
from monitoring.evaluating import Gauges
from monitoring.freshness import Values
from monitoring.healing import Heal, ailments, ill
from monitoring.moving import Move, by_migration
from monitoring.precedence import verdict
from monitoring.predicted import by_forecast
from monitoring.readings import Reading, missing
from monitoring.schedule import by_cron, by_schedule, fired_elsewhere, floor_of
from monitoring.states import (
    ComponentState,
    HealingState,
    MigrationState,
    PredictedState,
    ScheduleState,
    State,
    TargetState,
    ThresholdState,
)
from monitoring.target import by_target
from monitoring.threshold import by_threshold
from monitoring.wishes import Situation, Wish


class Looking:
    """One look: what each policy wants, put together."""

    def __init__(self, service: Watched, state: State, values: Values, now: float) -> None:
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self._service, self._before, self._now = service, state, now
        self._gauges = Gauges(values, service.instances, now, service.interval_s, state.figures)
        self._components: dict[str, ComponentState] = {}
        self._thresholds: dict[str, ThresholdState] = {}
        self._targets: dict[str, TargetState] = {}
        self._schedules: dict[str, ScheduleState] = {}
        self._predictions: dict[str, PredictedState] = {}
        self._healing: dict[str, HealingState] = {}
        self._migrations: dict[str, MigrationState] = {}
        self._silent: dict[str, float] = {}

    def state(self) -> State:
        """What to remember."""
        return State(
            at=self._now,
            components=self._components,
            thresholds=self._thresholds,
            targets=self._targets,
            schedules=self._schedules,
            predictions=self._predictions,
            healing=self._healing,
            ailments=ailments(self._before.ailments, self._service.health, self._now),
            migrations=self._migrations,
            silent=self._silent,
            figures=self._gauges.histories,
        )

    def scaling(self, component: str) -> Scale | None:
        """What is to be done with a component."""
        instances = self._service.instances.get(component)
        if instances is None:
            self.notes.append(f"{component}: how many instances it has is not known")
            return None
        here = self._situation(component, instances)
        policies = [each for each in self._service.policies.scaling if each.component == component]
        wishes = {name_of(each): self._wish(each, here) for each in policies}
        floors = {name_of(each): held for each in policies if (held := self._floor(each)) is not None}
        found = verdict(instances, self._service.limits[component], self._paused(), floors, wishes)
        if found.policy is None or found.instances == instances:
            return None
        return Scale(
            component=component,
            before=instances,
            after=found.instances,
            policy=found.policy,
            reason=found.reason,
        )

    def _situation(self, component: str, instances: int) -> Situation:
        """With when it was scaled: a number that changed was changed by somebody."""
        before = self._before.components.get(component)
        scaled_at = before.scaled_at if before else None
        if before and before.instances != instances:
            scaled_at = self._now
        self._components[component] = ComponentState(instances=instances, scaled_at=scaled_at)
        return Situation(self._now, self._service.interval_s, instances, scaled_at)

    def _paused(self) -> str | None:
        until = self._service.paused_until
        return f"{until:%Y-%m-%d %H:%M:%S %Z}" if until and until.timestamp() > self._now else None

    def _floor(self, policy: ScalingPolicy) -> int | None:
        if not isinstance(policy, SchedulePolicy):
            return None
        return floor_of(policy, self._schedules[name_of(policy)], self._now)

    def _wish(self, policy: ScalingPolicy, here: Situation) -> Wish:
        """What a policy wants; what it remembers is kept aside."""
        name, reading = name_of(policy), self._reading(policy)
        anew = here.scaled_at == self._now
        match policy:
            case ThresholdPolicy():
                held = ThresholdState() if anew else self._before.thresholds.get(name, ThresholdState())
                self._thresholds[name], wish = by_threshold(policy, held, reading, here)
            case TargetPolicy():
                kept = self._before.targets.get(name, TargetState())
                kept = kept.model_copy(update={"values": ()}) if anew else kept
                self._targets[name], wish = by_target(policy, kept, reading, here)
            case SchedulePolicy():
                wish = self._scheduled(policy, name, here)
            case PredictedPolicy():
                seen = self._before.predictions.get(name, PredictedState())
                self._predictions[name], wish = by_forecast(policy, seen, reading, here)
        self._told(policy, name, reading, wish)
        return wish

    def _scheduled(self, policy: SchedulePolicy, name: str, here: Situation) -> Wish:
        was = self._before.schedules.get(name, ScheduleState())
        if self._service.fired is None:
            was = by_cron(policy, was, self._now)
        else:
            at = self._service.fired.get(name)
            was = fired_elsewhere(was, at.timestamp() if at else None)
        self._schedules[name], wish = by_schedule(policy, was, here)
        return wish

    def _told(self, policy: ScalingPolicy, name: str, reading: Reading, wish: Wish) -> None:
        if not wish.abstains and wish.wanted is None:
            self.notes.append(f"{name} does nothing: {wish.why}")
        elif wish.aloud:
            self.notes.append(f"{name}: {wish.why}")
        if not isinstance(policy, SchedulePolicy):
            self._heard(name, reading)
        self._found(policy, reading.value, wish.wanted, wish.why)

    def _heard(self, name: str, reading: Reading) -> None:
        """Keep since when a policy has no value; what is not known for long enough yet begins no silence."""
        since = self._before.silent.get(name, None if reading.early else self._now)
        if reading.value is None and since is not None:
            self._silent[name] = since

    def _found(
        self, policy: ScalingPolicy | MigrationPolicy, value: float | None, wanted: int | None, why: str
    ) -> None:
        self.findings.append(
            Finding(
                policy=name_of(policy), component=policy.component, value=value, wanted=wanted, reason=why
            )
        )

    def _reading(self, policy: ScalingPolicy) -> Reading:
        if isinstance(policy, SchedulePolicy):
            return missing("a schedule goes by no value")
        return self._gauges.read(policy.metric, policy.component)

    def healing(self) -> list[Heal]:
        """What is to be healed of all components."""
        heals: list[Heal] = []
        for policy in self._service.policies.healing:
            before = self._before.healing.get(policy.component, HealingState())
            health = {
                name: each
                for name, each in self._service.health.items()
                if each.component == policy.component
            }
            after, found, notes = ill(policy, before, health, self._now)
            self._healing[policy.component] = after
            heals += found
            self.notes += notes
        return heals

    def moving(self) -> list[Move]:
        """What is to leave the PoPs where it is, of all components."""
        moves: dict[str, Move] = {}
        for policy in self._service.policies.migration:
            name, own = name_of(policy), policy.component
            known = self._migrations.get(own) or self._before.migrations.get(own, MigrationState())
            reading = self._gauges.read(policy.metric, own)
            self._migrations[own], move, why = by_migration(
                policy, known, reading, self._now, self._service.interval_s, self._paused()
            )
            if reading.value is None:
                self.notes.append(f"{name} does nothing: {why}")
            self._heard(name, reading)
            self._found(policy, reading.value, None, why)
            if move is not None:
                moves.setdefault(own, move)
        return list(moves.values())
