"""What an order for a step refers to: its plan, the deployment it belongs to, who serves meanwhile."""

from functools import cached_property

from activities.specs import Outputs, Serving, outputs
from catalogue.store import Catalogue
from domain.adjusting import adjusted
from domain.deployments import Deployment, PlacedInstance
from domain.descriptor import Descriptor
from domain.errors import FencedError, InputError
from domain.operation_plans import OperationPlan
from domain.phases import ResourceKind, ResourceState
from domain.steering import StepOrder

Resources = dict[str, str]
"""Instance or endpoint -> its name in its VIM."""


class Ordered:
    """What the catalogue says to one order. Each thing is read once; none of it travels through a history."""

    def __init__(self, catalogue: Catalogue, order: StepOrder) -> None:
        self._catalogue = catalogue
        self._order = order

    def admit(self) -> None:
        """Let nobody act outside who has lost the service to another operation, or has ended.

        :raises FencedError: if that is so
        """
        held = self._order.held
        holder = self._catalogue.operations.holder(held.service)
        if holder is None or (holder.operation_id, holder.fence) != (held.operation_id, held.fence):
            now = f"{holder.operation_id} holds it" if holder else "nobody holds it"
            raise FencedError(f"operation {held.operation_id} has lost service {held.service}: {now} now")

    @cached_property
    def plan(self) -> OperationPlan:
        """The plan that the step belongs to.

        :raises InputError: if it belongs to none
        """
        order = self._order
        if order.plan_id is None:
            raise InputError(f"step {order.step.id}: there is no plan that it could be a step of")
        return self._catalogue.plans.get(order.plan_id).plan

    @cached_property
    def committed(self) -> Deployment:
        """How the service runs.

        :raises InputError: if nothing of it is committed
        """
        service = self._order.held.service
        found = self._catalogue.services.deployment(service)
        if found is None:
            raise InputError(f"service {service}: nothing of it is committed, so nothing can be as it was")
        return found

    @property
    def deployment(self) -> Deployment:
        """How the service is to be: as planned, or as it is committed where the step is one of an undo."""
        return self.committed if self._order.step.committed else planned(self.plan)

    @property
    def own_deployment(self) -> Deployment:
        """That which the step's instance is one of: what a later round replaces is still as it was."""
        step, wanted = self._order.step, self.deployment
        before = None if step.committed else self.plan.before
        former = before.instance(step.instance or "") if before else None
        if before and former and former.resource == step.resource != wanted.resources.get(former.name):
            return before
        return wanted

    @cached_property
    def descriptor(self) -> Descriptor:
        """That of the deployment, adjusted."""
        return self.descriptor_of(self.deployment)

    def descriptor_of(self, deployment: Deployment) -> Descriptor:
        """The adjusted descriptor of a deployment."""
        known = self._catalogue.descriptors.get(deployment.descriptor, deployment.version)
        return adjusted(known, deployment.adjustments)

    @property
    def serving(self) -> Resources:
        """Who serves when the step's round is over, or as it is committed."""
        if self._order.step.committed:
            return self.committed.resources
        number, rounds = self._order.step.round, self.plan.rounds
        if not 1 <= number <= len(rounds):
            raise InputError(f"plan {self.plan.plan_id} has {len(rounds)} rounds, not {number}")
        return rounds[number - 1].resources

    def outputs_now(self) -> Outputs:
        """What components offer while the step's instance is built.

        An instance that is replaced later in this operation is still served by its predecessor.
        """
        before = None if self._order.step.committed else self.plan.before
        return self._outputs(self.deployment.resources, before.resources if before else {})

    def outputs_then(self) -> Outputs:
        """What components offer when the step's round is over."""
        return self._outputs(self.serving, {})

    def _outputs(self, wanted: Resources, former: Resources) -> Outputs:
        rows = {
            row.resource_name: row
            for row in self._catalogue.ledger.of_service(self._order.held.service)
            if row.address and row.kind is ResourceKind.INSTANCE
        }
        found = []
        for each in self.deployment.instances:
            row = rows.get(wanted.get(each.name, "")) or rows.get(former.get(each.name, ""))
            if row and not each.endpoint:
                found.append(Serving(each.component, each.name, row.address or "", row.pop))
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


def made(catalogue: Catalogue, service: str) -> frozenset[tuple[str, str]]:
    """(name in the VIM, PoP) of what the ledger knows to be there: it needs no further intent, nor owner."""
    rows = catalogue.ledger.of_service(service)
    return frozenset((row.resource_name, row.pop) for row in rows if row.state is ResourceState.CREATED)
