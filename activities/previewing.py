"""What VIMs would change to carry out a plan, in their own words: to be shown with it."""

from temporalio import activity

from activities.orders import Ordered
from activities.pops import Pops
from activities.specs import Outputs, Serving, outputs
from activities.steps import spec_of
from activities.translation import translated
from adaptors.vim.port import PreviewingVim
from catalogue.store import Catalogue
from domain import names
from domain.errors import InterlaceError, VimUnavailableError
from domain.instances import InstanceSpec
from domain.operation_plans import OperationPlan, Step, StepAction
from domain.phases import ResourceKind
from domain.requests import Held
from domain.steering import PreviewNotes, PreviewOrder, StepOrder

_UNKNOWN = "(known after apply)"
"""Stands for an address that an instance is yet to be given."""


class PreviewingActivities:
    """Asks the VIMs of one kind."""

    def __init__(self, catalogue: Catalogue, pops: Pops, kind: str) -> None:
        self._catalogue = catalogue
        self._pops = pops
        self._kind = kind

    @activity.defn(name=names.PREVIEW)
    def preview(self, order: PreviewOrder) -> PreviewNotes:
        """Keep with a plan what they tell. One that cannot is noted, in its own words."""
        with translated():
            plan = self._catalogue.plans.get(order.plan_id).plan
            asking = _Asking(self._catalogue, self._pops.at_once(), plan)
            for pop in sorted({step.pop for step in asking.steps if step.vim_kind == self._kind}):
                asking.at(pop, self._kind)
            told = {"vim_changes": tuple(asking.changes), "notes": (*plan.notes, *asking.notes)}
            self._catalogue.plans.keep(plan.model_copy(update=told))
            return PreviewNotes(notes=tuple(asking.notes))


class _Asking:
    def __init__(self, catalogue: Catalogue, pops: Pops, plan: OperationPlan) -> None:
        self._catalogue = catalogue
        self._pops = pops
        self._plan = plan
        self.steps = [step for wave in plan.waves for step in wave.steps if _builds(step) or _deletes(step)]
        self.changes = [*plan.vim_changes]
        self.notes: list[str] = []

    def at(self, pop: str, kind: str) -> None:
        """Ask the VIM of one PoP."""
        here = [step for step in self.steps if step.pop == pop]
        unwanted = [step.resource for step in here if _deletes(step) and step.resource]
        try:
            vim = self._pops.vim(pop)
            if isinstance(vim, PreviewingVim):
                wanted = [self._spec(step) for step in here if _builds(step)]
                self.changes += vim.preview(wanted, unwanted, activity.heartbeat)
        except VimUnavailableError as error:
            self.notes.append(f"{pop}: {kind}'s own plan could not be had: {error}")
        except InterlaceError as refusal:
            self.notes.append(f"{pop}: {kind} refuses to plan this, and so may the operation fail: {refusal}")

    def _spec(self, step: Step) -> InstanceSpec:
        plan = self._plan
        nobody = Held(operation_id=plan.plan_id, fence=0, service=plan.service)
        order = StepOrder(held=nobody, tenant=plan.tenant, plan_id=plan.plan_id, step=step)
        return spec_of(order, _Foreseen(self._catalogue, order))


class _Foreseen(Ordered):
    """What components will offer: of those that are yet to be built, the address is not known."""

    def outputs_now(self) -> Outputs:
        yet = [
            Serving(each.component, each.name, _UNKNOWN, each.pop)
            for each in self.deployment.instances
            if not each.endpoint
        ]
        return {**outputs(yet), **super().outputs_now()}


def _builds(step: Step) -> bool:
    return step.action is StepAction.CREATE


def _deletes(step: Step) -> bool:
    return step.action is StepAction.DELETE and step.kind is ResourceKind.INSTANCE
