"""Applying a stored plan: for the operation that it was made for, once, while the world is as it was."""

from collections.abc import Iterator

from activities.wishes import view_of
from catalogue.changes import changes_between
from catalogue.store import Catalogue
from domain.errors import InputError, ReservationConflictError
from domain.infrastructure import Infrastructure
from domain.lifecycle import AnyRequest
from domain.operation_plans import OperationPlan, PlanRecord, PlanState, StepAction
from domain.records import Change
from domain.requests import Held
from domain.steering import PlanOrder, ServiceView


class StoredPlans:
    """Checks stored plans, and lets operations take them; what is refused has changed nothing."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def applied(self, order: PlanOrder, request: AnyRequest) -> OperationPlan:
        """The plan that the request names, under a lease reserved and taken.

        :raises InputError: if it is another's, was taken, or no longer holds
        """
        record = self._catalogue.plans.get(request.plan or "")
        _refuse_another(record.plan, order, request)
        held = order.held
        if held is not None and record.operation_id == held.operation_id:
            return record.plan  # by an earlier attempt of this activity
        if record.state is PlanState.TAKEN and held is None:
            raise InputError(f"plan {record.plan.plan_id} was taken by operation {record.operation_id}")
        if record.state is PlanState.TAKEN and held is not None:
            self._catalogue.plans.take(held.operation_id, held.fence, record.plan.plan_id)  # says by whom
        self._refuse_stale(record, view_of(self._catalogue, order, request))
        return record.plan if held is None else self.taken(held, record.plan)

    def taken(self, held: Held, plan: OperationPlan) -> OperationPlan:
        """A plan, with what it needs reserved, that no other operation may follow any more.

        :raises InputError: if there is no room for it any more
        """
        try:
            reserve(self._catalogue, held, plan)
        except ReservationConflictError as conflict:
            raise _outdated(plan, [str(conflict)]) from conflict
        return self._catalogue.plans.take(held.operation_id, held.fence, plan.plan_id).plan

    def _refuse_stale(self, record: PlanRecord, view: ServiceView) -> None:
        plan = record.plan
        reasons = [*_of_service(plan, view), *self._of_ledger(plan)]
        if plan.infrastructure is not None:
            current = self._catalogue.infrastructure.get()
            reasons += [_words(each) for each in changes_between(plan.infrastructure, _part(current, plan))]
        if reasons:
            raise _outdated(plan, reasons)

    def _of_ledger(self, plan: OperationPlan) -> Iterator[str]:
        """What a Terminate would leave because nobody knew of it when it was planned."""
        if plan.after is not None:
            return
        known = {
            (step.resource, step.pop)
            for wave in plan.waves
            for step in wave.steps
            if step.action is StepAction.DELETE
        }
        for row in self._catalogue.ledger.of_service(plan.service):
            if (row.resource_name, row.pop) not in known:
                yield f"{row.resource_name} has come to PoP {row.pop}"


def reserve(catalogue: Catalogue, held: Held, plan: OperationPlan) -> None:
    """Take what is needed while the old becomes the new.

    :raises ReservationConflictError: if it is not there
    """
    if plan.after is not None:
        catalogue.reservations.transition(
            held.operation_id, held.fence, held.service, plan.before, plan.after, plan.given_up
        )


def _refuse_another(plan: OperationPlan, order: PlanOrder, request: AnyRequest) -> None:
    if (plan.kind, plan.service) != (order.kind, request.service):
        asked = f"{order.kind} of {request.service}"
        raise InputError(f"plan {plan.plan_id} is for {plan.kind} of {plan.service}, not for {asked}")
    if plan.tenant != request.tenant:
        raise InputError(f"plan {plan.plan_id} is of tenant {plan.tenant}, not of {request.tenant}")


def _outdated(plan: OperationPlan, reasons: list[str]) -> InputError:
    return InputError(f"plan {plan.plan_id} no longer holds: {'; '.join(reasons)}; make a new one")


def _of_service(plan: OperationPlan, view: ServiceView) -> Iterator[str]:
    before = plan.before.resources if plan.before else {}
    now = view.deployment.resources if view.deployment else {}
    if view.revision == plan.revision and before == now:
        return
    came, went = sorted(now.keys() - before.keys()), sorted(before.keys() - now.keys())
    other = sorted(name for name in now.keys() & before.keys() if now[name] != before[name])
    details = [
        f"{what} {', '.join(instances)}"
        for what, instances in (("with", came), ("without", went), ("with another", other))
        if instances
    ]
    since = f"it is at revision {view.revision}, was at {plan.revision}"
    yield f"service {plan.service} was changed: {'; '.join([since, *details])}"


def _part(current: Infrastructure, plan: OperationPlan) -> Infrastructure:
    """Of the infrastructure as it is, what the plan relies on: not what new plans are to be good at."""
    used = plan.infrastructure or current
    return current.model_copy(
        update={
            "pops": {name: pop for name, pop in current.pops.items() if name in used.pops},
            "links": {name: link for name, link in current.links.items() if name in used.links},
            "licences": {name: fee for name, fee in current.licences.items() if name in used.licences},
            "objective": used.objective,
        }
    )


def _words(change: Change) -> str:
    what = "PoP" if change.what == "pop" else change.what
    if change.action == "remove":
        return f"{what} {change.name} is gone"
    return f"{what} {change.name} has {change.after}, had {change.before}"
