"""What an order for a step refers to: its plan, the deployment it belongs to, who serves meanwhile."""

from collections.abc import Callable

from activities.specs import Outputs, Serving, outputs
from catalogue.store import Catalogue
from domain.deployments import Deployment, PlacedInstance
from domain.errors import InputError
from domain.operation_plans import OperationPlan
from domain.phases import ResourceKind
from domain.records import ResourceRecord
from domain.steering import StepOrder

Resources = dict[str, str]
"""Instance or endpoint -> its name in its VIM."""


class Orders:
    """Reads from the catalogue; nothing of it travels through a history."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def plan(self, order: StepOrder) -> OperationPlan:
        """The plan that the step belongs to.

        :raises InputError: if it belongs to none
        """
        if order.plan_id is None:
            raise InputError(f"step {order.step.id}: there is no plan that it could be a step of")
        return self._catalogue.plans.get(order.plan_id).plan

    def deployment(self, order: StepOrder) -> Deployment:
        """How the service is to be: as planned, or as it is committed where the step is one of an undo."""
        if order.step.committed:
            return self.committed(order.held.service)
        return planned(self.plan(order))

    def committed(self, service: str) -> Deployment:
        """How the service runs.

        :raises InputError: if nothing of it is committed
        """
        found = self._catalogue.services.deployment(service)
        if found is None:
            raise InputError(f"service {service}: nothing of it is committed, so nothing can be as it was")
        return found

    def serving_now(self, order: StepOrder) -> Outputs:
        """What components offer while the step's instance is built.

        An instance that is replaced later in this operation is still served by its predecessor.
        """
        if order.step.committed:
            return self._outputs(order, self.committed(order.held.service))
        plan = self.plan(order)
        former = plan.before.resources if plan.before else {}
        return self._outputs(order, planned(plan), lambda name: former.get(name))

    def serving_then(self, order: StepOrder) -> Outputs:
        """What components offer when the step's round is over."""
        if order.step.committed:
            return self._outputs(order, self.committed(order.held.service))
        plan = self.plan(order)
        return self._outputs(order, planned(plan), of_round=resources_of(plan, order.step.round))

    def _outputs(
        self,
        order: StepOrder,
        deployment: Deployment,
        former: Callable[[str], str | None] = lambda _: None,
        of_round: Resources | None = None,
    ) -> Outputs:
        rows = {
            row.resource_name: row
            for row in self._catalogue.ledger.of_service(order.held.service)
            if row.address and row.kind is ResourceKind.INSTANCE
        }
        found = []
        for placed in deployment.instances:
            if not placed.endpoint:
                resource = placed.resource if of_round is None else of_round.get(placed.name, "")
                row = rows.get(resource) or rows.get(former(placed.name) or "")
                found += [_serving(placed, row)] if row else []
        return outputs(found)


def planned(plan: OperationPlan) -> Deployment:
    """The deployment that a plan leads to.

    :raises InputError: if it leads to none
    """
    if plan.after is None:
        raise InputError(f"plan {plan.plan_id} ends service {plan.service}: there is nothing to build")
    return plan.after


def placed(deployment: Deployment, instance: str | None) -> PlacedInstance:
    """An instance of a deployment.

    :raises InputError: if it has none of this name
    """
    found = deployment.instance(instance or "")
    if found is None:
        raise InputError(f"service {deployment.service} has no instance {instance} in what is wanted")
    return found


def resources_of(plan: OperationPlan, number: int) -> Resources:
    """Who serves when a round is over."""
    if not 1 <= number <= len(plan.rounds):
        raise InputError(f"plan {plan.plan_id} has {len(plan.rounds)} rounds, not {number}")
    return plan.rounds[number - 1].resources


def _serving(placed: PlacedInstance, row: ResourceRecord) -> Serving:
    return Serving(placed.component, placed.name, row.address or "", row.pop)
