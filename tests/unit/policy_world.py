"""What the tests of policies share: a web component, its samples, and looks at it one after the other."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.descriptor import Scaling
from domain.policies import Policies
from monitoring.deciding import decide, started
from monitoring.decisions import Decided, Watched
from monitoring.healing import Heal, Health
from monitoring.metrics import Sample, Snapshot
from monitoring.moving import Move
from monitoring.states import State

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""A Monday."""


def sample(
    metric: str, value: float, at: datetime, instance: str = "web-1", component: str = "web"
) -> Sample:
    labels = {"service": "shop", "component": component, "instance": instance}
    return Sample(metric=metric, labels=labels, at=at, value=value)


def policies(*scaling: dict[str, Any], healing: tuple[dict[str, Any], ...] = ()) -> Policies:
    """Of the component web."""
    return Policies.model_validate(
        {
            "scaling": [{"component": "web", **each} for each in scaling],
            "healing": [{"component": "web", **each} for each in healing],
        }
    )


class World:
    """A service under watch: each look is an interval later, and what is decided is done at once."""

    def __init__(self, asked: Policies, instances: int = 2, limits: tuple[int, int] = (1, 10)) -> None:
        self.asked, self.instances, self.now = asked, instances, START
        self.limits = Scaling(min=limits[0], max=limits[1])
        self.interval = timedelta(seconds=15)
        self.state = State()
        self.paused_until: datetime | None = None
        self.fired: Mapping[str, datetime] | None = None
        self.obeys = True

    def look(self, health: Mapping[str, Health] | None = None, **values: float) -> Decided:
        """With the same value of each metric for every instance."""
        names = [f"web-{number + 1}" for number in range(self.instances)]
        given = [sample(metric, value, self.now, name) for metric, value in values.items() for name in names]
        return self.seen(Snapshot(at=self.now, samples=tuple(given)), health)

    def seen(self, snapshot: Snapshot, health: Mapping[str, Health] | None = None) -> Decided:
        watched = Watched(
            policies=self.asked,
            limits={"web": self.limits},
            instances={"web": self.instances},
            health=health or {},
            interval_s=self.interval.total_seconds(),
            paused_until=self.paused_until,
            fired=self.fired,
        )
        decided = decide(watched, self.state, snapshot)
        again = State.model_validate_json(decided.state.model_dump_json())
        assert again == decided.state
        self.state = again
        if self.obeys:
            for scale in decided.scalings:
                self.state = started(self.state, scale, self.now)
                self.instances = scale.after
            acts: tuple[Heal | Move, ...] = (*decided.heals, *decided.moves)
            for done in acts:
                self.state = started(self.state, done, self.now)
        self.now += self.interval
        return decided

    def looks(self, count: int, **values: float) -> list[int]:
        """The number of instances after each look."""
        found = []
        for _ in range(count):
            self.look(None, **values)
            found.append(self.instances)
        return found
