"""Steps at instances that stay themselves: given other resources, or moved to another host of their PoP."""

from temporalio import activity

from activities.orders import Ordered, placed
from activities.pops import Pops
from activities.translation import translated
from catalogue.store import Catalogue
from domain.operation_plans import StepAction
from domain.steering import StepNote, StepOrder


class HostingActivities:
    """Does these steps of plans; each may be tried again at any time."""

    def __init__(self, catalogue: Catalogue, pops: Pops) -> None:
        self._catalogue = catalogue
        self._pops = pops

    @activity.defn(name=StepAction.RESIZE.value)
    def resize(self, order: StepOrder) -> StepNote:
        """Give an instance the resources that it is to have; those that it has already are no error."""
        with translated():
            ordered = Ordered(self._catalogue, order)
            ordered.admit()
            wanted = placed(ordered.deployment, order.step.instance)
            vim = self._pops.at_once().hosted(order.step.pop)
            return StepNote(note=vim.resize(wanted.resource, wanted.resources, activity.heartbeat))

    @activity.defn(name=StepAction.REHOST.value)
    def rehost(self, order: StepOrder) -> StepNote:
        """Move an instance to another host; after a lost answer it may move once more, which is harmless."""
        step = order.step
        with translated():
            ordered = Ordered(self._catalogue, order)
            ordered.admit()
            name = placed(ordered.deployment, step.instance).resource
            vim = self._pops.at_once().hosted(step.pop)
            return StepNote(note=vim.move(name, step.live, activity.heartbeat))
