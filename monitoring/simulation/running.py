"""Policies run over a recorded series: look by look, as the watch of a service would."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.descriptor import Descriptor, Scaling
from domain.models import Name
from domain.policies import Policies, ScalingPolicy
from monitoring.deciding import decide, started
from monitoring.decisions import Decided, Scale, Watched
from monitoring.evaluating import Gauges
from monitoring.freshness import fresh
from monitoring.metrics import Snapshot
from monitoring.simulation.accounting import account, violations
from monitoring.simulation.courses import Act, Course, Moment, Note
from monitoring.simulation.targets import Target
from monitoring.simulation.worlds import World
from monitoring.states import State
from monitoring.windows import History


@dataclass(frozen=True)
class Setting:
    """What a simulation is of."""

    descriptor: Descriptor
    component: Name
    world: World
    targets: tuple[Target, ...]
    interval_s: float
    startup_s: float
    """From a decision to the new instances serving. Meanwhile nothing else is decided."""
    price_per_hour: float | None


def run(setting: Setting, name: str, policies: Sequence[ScalingPolicy], instances: int) -> Course:
    """One course over the whole series; without policies the number stays."""
    running = _Running(setting, policies, instances)
    times = setting.world.recorded.times
    looks = int((times[-1] - times[0]) // setting.interval_s) + 1
    for number in range(looks):
        running.look(times[0] + number * setting.interval_s)
    found = tuple(violations(running.moments, setting.targets, setting.interval_s))
    return Course(
        name=name,
        acts=tuple(running.acts),
        notes=tuple(running.notes()),
        violations=found,
        account=account(
            running.moments, setting.targets, len(running.acts), setting.interval_s, setting.price_per_hour
        ),
        moments=tuple(running.moments),
    )


class _Running:
    """One course under way."""

    def __init__(self, setting: Setting, policies: Sequence[ScalingPolicy], instances: int) -> None:
        self.acts: list[Act] = []
        self.moments: list[Moment] = []
        self._setting, self._instances = setting, instances
        self._limits = {setting.component: _limits(setting, policies, instances)}
        self._policies = Policies(scaling=tuple(policies))
        self._coming: tuple[float, int] | None = None
        self._state = State()
        self._histories: dict[str, History] = {}
        self._told: dict[str, Note] = {}
        self._over: list[Note] = []

    def look(self, now: float) -> None:
        """What is seen and done at one moment."""
        if self._coming and now >= self._coming[0]:
            self._instances, self._coming = self._coming[1], None
        snapshot = self._setting.world.at(now, self._instances)
        if not self._coming and self._policies.scaling:
            self._decide(now, snapshot)
        self.moments.append(self._moment(now, snapshot))

    def _decide(self, now: float, snapshot: Snapshot) -> None:
        setting = self._setting
        service = Watched(
            policies=self._policies,
            limits=self._limits,
            instances=self._counts(),
            interval_s=setting.interval_s,
        )
        decided = decide(service, self._state, snapshot)
        self._state = decided.state
        self._note(snapshot.at, decided)
        for scale in decided.scalings:
            self._scale(now, scale, snapshot.at)

    def _scale(self, now: float, scale: Scale, at: datetime) -> None:
        self._state = started(self._state, scale, at)
        self.acts.append(
            Act(at=at, policy=scale.policy, before=scale.before, after=scale.after, reason=scale.reason)
        )
        if scale.after > scale.before:
            self._coming = (now + self._setting.startup_s, scale.after)
        else:
            self._instances = scale.after

    def _counts(self) -> dict[str, int]:
        components = self._setting.descriptor.components
        return {name: each.instances for name, each in components.items()} | {
            self._setting.component: self._instances
        }

    def _note(self, at: datetime, decided: Decided) -> None:
        """What is told again is told for longer."""
        for text in [each for each in self._told if each not in decided.notes]:
            self._over.append(self._told.pop(text))
        for text in decided.notes:
            first = self._told[text].at if text in self._told else at
            self._told[text] = Note(at=first, until=at, text=text)

    def notes(self) -> Iterable[Note]:
        """All, in their order."""
        return sorted([*self._over, *self._told.values()], key=lambda each: each.at)

    def _moment(self, now: float, snapshot: Snapshot) -> Moment:
        setting = self._setting
        values = fresh(snapshot, setting.interval_s)
        gauges = Gauges(values, self._counts(), now, setting.interval_s, self._histories)
        read = [gauges.read(each.expression, setting.component).value for each in setting.targets]
        self._histories = gauges.histories
        return Moment(
            at=now,
            load=setting.world.whole(now),
            instances=self._instances,
            paid=max(self._instances, self._coming[1]) if self._coming else self._instances,
            values=tuple(read),
        )


def _limits(setting: Setting, policies: Sequence[ScalingPolicy], instances: int) -> Scaling:
    limits = setting.descriptor.components[setting.component].scaling
    return limits if limits and policies else Scaling(min=instances, max=instances)
