"""What an operation may have done that the ledger does not show."""

from dataclasses import dataclass
from functools import cached_property

from domain.operation_plans import NetworkStage, OperationPlan, Step, StepAction
from domain.phases import ResourceKind


@dataclass(frozen=True)
class Doubts:
    """By its plan; without one, anything may have been done."""

    plan: OperationPlan | None
    begun: frozenset[str] | None = None
    """Ids of its steps that began; None: any may have."""
    dead: tuple[OperationPlan, ...] = ()
    """Without a plan: those that operations that died may have followed."""

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """All that it may have done."""
        return tuple(step for step in self._all if self.begun is None or step.id in self.begun)

    @cached_property
    def _all(self) -> tuple[Step, ...]:
        return tuple(step for wave in self.plan.waves for step in wave.steps) if self.plan else ()

    def ended(self, resource: str) -> bool:
        """Whether an instance may be drained, or deleted without the ledger knowing."""
        return self.plan is None or resource in self._ended

    def told(self, resource: str) -> bool:
        """Whether an instance may have been told another config."""
        return self.plan is None or resource in self._told

    def resized(self, resource: str) -> bool:
        """Whether an instance may have other resources than are committed."""
        return resource in self._resized

    @cached_property
    def connects(self) -> bool:
        """Whether switches may have been programmed."""
        return self.plan is None or any(
            step.action is StepAction.PROGRAM or step.kind is ResourceKind.NETWORK for step in self.steps
        )

    @cached_property
    def switched(self) -> int | None:
        """The last round in which packets may have entered new ways; None: in none, or nobody knows."""
        if self.begun is None:
            return None
        rounds = [step.round for step in self.steps if step.stage is NetworkStage.SWITCH]
        return max(rounds, default=None)

    def disconnects(self, pop: str) -> bool:
        """Whether a PoP, which is not lost, may have nothing of the network any more."""
        return self.plan is None or pop in self._disconnected

    def lost(self, pop: str) -> bool:
        """Whether a PoP was given up as lost: nothing is changed there but by its last, short deletions."""
        return pop in self._lost

    @cached_property
    def _ended(self) -> frozenset[str | None]:
        return frozenset(
            step.resource
            for step in self.steps
            if step.action in (StepAction.DRAIN, StepAction.DELETE) and not self.lost(step.pop)
        )

    @cached_property
    def _disconnected(self) -> frozenset[str]:
        return frozenset(
            step.pop for step in self.steps if step.kind is ResourceKind.NETWORK and step.limit_s is None
        )

    @cached_property
    def _resized(self) -> frozenset[str | None]:
        """Where nobody knows, only what was ever planned: else each instance of every mend were looked at."""
        dead = (step for plan in self.dead for wave in plan.waves for step in wave.steps)
        return frozenset(step.resource for step in (*self.steps, *dead) if step.action is StepAction.RESIZE)

    @cached_property
    def _told(self) -> frozenset[str | None]:
        return frozenset(step.resource for step in self.steps if step.action is StepAction.CONFIGURE)

    @cached_property
    def _lost(self) -> frozenset[str]:
        return frozenset(
            step.pop for step in self._all if step.action is StepAction.DELETE and step.limit_s is not None
        )
