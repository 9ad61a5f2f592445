"""Several steps as one activity: fewer checkpoints, at the price of doing more anew after a crash."""

import time
from collections.abc import Callable, Iterable, Mapping

from temporalio import activity
from temporalio.exceptions import TemporalError, is_cancelled_exception

from domain import names
from domain.errors import InterlaceError
from domain.operation_plans import StepAction
from domain.steering import FusedNote, FusedOrder, StepNote, StepOrder

Do = Callable[[StepOrder], StepNote]


class FusedActivities:
    """Does steps one after the other; each is what it is as an activity of its own."""

    def __init__(self, steps: Mapping[StepAction, Do]) -> None:
        self._steps = steps

    @activity.defn(name=names.FUSED)
    def carry_out(self, order: FusedOrder) -> FusedNote:
        """Do as many as can be done. What fails is left to the workflow, which tries it as a step alone."""
        done: dict[str, StepNote] = {}
        seconds: dict[str, float] = {}
        for each in order.each():
            begun = time.monotonic()
            try:
                done[each.step.id] = self._steps[each.step.action](each)
            except (TemporalError, InterlaceError) as error:
                if is_cancelled_exception(error):
                    raise
                activity.logger.warning("%s is tried by itself: %s", each.step.title, error)
                return FusedNote(done=done, seconds=seconds, stopped=str(error))
            seconds[each.step.id] = time.monotonic() - begun
        return FusedNote(done=done, seconds=seconds)


def by_action(steps: Iterable[Callable[..., StepNote]]) -> dict[StepAction, Do]:
    """Which step does what, by the names that they have as activities."""
    known = {action.value: action for action in StepAction}
    named = ((getattr(each, "__temporal_activity_definition").name, each) for each in steps)
    return {known[name]: each for name, each in named if name in known}
