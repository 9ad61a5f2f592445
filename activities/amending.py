"""An operator's edit of a step that failed: it becomes part of the plan, and so of what is committed."""

from collections.abc import Iterator
from typing import Any

from temporalio import activity

from activities.applying import reserve
from activities.orders import placed, planned
from activities.translation import translated
from catalogue.store import Catalogue
from domain import names
from domain.deployments import Deployment, PlacedInstance
from domain.errors import InputError
from domain.operation_plans import OperationPlan, StepAction
from domain.references import OUTPUTS, references, split
from domain.steering import Amendment, StepEdit, StepNote

_EDITABLE = {
    StepAction.CREATE: ("image", "resources", "config", "environment"),
    StepAction.CONFIGURE: ("config",),
}


class AmendingActivities:
    """Amends plans."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    @activity.defn(name=names.AMEND, no_thread_cancel_exception=True)
    def amend(self, amendment: Amendment) -> StepNote:
        """Change what one instance is to be; what it takes must fit."""
        held, step, edit = amendment.held, amendment.step, amendment.edit
        with translated():
            plan = self._catalogue.plans.get(amendment.plan_id).plan
            after = planned(plan)
            known = placed(after, step.instance)
            given = _given(amendment, known)
            _refuse_dangling(edit, after)
            amended = _amended(plan, known.model_copy(update=given))
            if "resources" in given:
                reserve(self._catalogue, held, amended)
            self._catalogue.plans.replace(held.operation_id, held.fence, amended)
        return StepNote(note=f"{known.name}: {', '.join(sorted(given))} edited")


def _given(amendment: Amendment, known: PlacedInstance) -> dict[str, Any]:
    """The fields that the edit changes, with their new values.

    :raises InputError: if the step has no such fields
    """
    step, edit = amendment.step, amendment.edit
    if step.committed or step.action not in _EDITABLE:
        raise InputError(f"{step.title}: nothing of this step can be edited")
    given = {name: value for name, value in edit if name != "step" and value}
    if not given:
        raise InputError("say what to change: image, resources, config or environment")
    may = () if known.endpoint else _EDITABLE[step.action]
    if fixed := sorted(given.keys() - set(may)):
        allowed = f"only {', '.join(may)}" if may else "nothing"
        raise InputError(f"{step.title}: {', '.join(fixed)} cannot be edited here, {allowed} can")
    for name in ("config", "environment"):
        if name in given:
            given[name] = {**getattr(known, name), **given[name]}
    return given


def _refuse_dangling(edit: StepEdit, after: Deployment) -> None:
    for key, text in (*edit.config.items(), *edit.environment.items()):
        for complaint in _dangling(text, after) if isinstance(text, str) else ():
            raise InputError(f"{key}: {complaint}")


def _dangling(text: str, after: Deployment) -> Iterator[str]:
    components = {each.component for each in after.instances if not each.endpoint}
    for reference in references(text):
        target = split(reference)
        if target is None or target[0] not in components or target[1] not in OUTPUTS:
            known = f"components: {', '.join(sorted(components))}; outputs: {', '.join(OUTPUTS)}"
            yield f"${{{reference}}} refers to nothing ({known})"


def _amended(plan: OperationPlan, instance: PlacedInstance) -> OperationPlan:
    """The plan with that one instance of its outcome changed, in the graph too."""
    after = planned(plan)
    graph = after.graph.model_copy(
        update={
            "instances": tuple(
                each.model_copy(update={"resources": instance.resources})
                if each.name == instance.name
                else each
                for each in after.graph.instances
            )
        }
    )
    instances = tuple(instance if each.name == instance.name else each for each in after.instances)
    changed = after.model_copy(update={"graph": graph, "instances": instances})
    return plan.model_copy(update={"after": changed})
