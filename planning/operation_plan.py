"""From a placed target to the plan of its operation."""

from datetime import datetime

from domain.deployments import Deployment
from domain.infrastructure import Infrastructure
from domain.operation_plans import OperationPlan, Round
from domain.steering import PlanOrder
from planning.balance import link_changes, pop_changes
from planning.changes import changes
from planning.estimates import Expected, duration
from planning.interruptions import interruptions
from planning.notes import notes
from planning.rounds import rounds
from planning.target import Target
from planning.transition import Transition
from planning.turns import turns
from planning.waves import all_waves


def operation_plan(
    order: PlanOrder,
    target: Target,
    before: Deployment | None,
    after: Deployment,
    infrastructure: Infrastructure,
    revision: int,
    expected: Expected,
    now: datetime,
) -> OperationPlan:
    """All that makes `after` of `before`, and what it means for people.

    :param revision: of the service as it is; 0 where there is none
    :param expected: how long steps took before
    """
    transition = Transition(target, before, after, order.survey, expected)
    changed = changes(before, after, target)
    passes = turns(transition, rounds(transition, changed))
    waves = all_waves(transition, passes)
    return OperationPlan(
        plan_id=order.plan_id,
        kind=order.kind,
        service=after.service,
        tenant=after.tenant,
        request=order.request,
        created_at=now,
        revision=revision,
        before=before,
        after=after,
        given_up=tuple(sorted(transition.given_up)),
        infrastructure=_relied_on(infrastructure, after),
        rounds=tuple(
            Round(resources={name: each.resource for name, each in turn.after.items()}) for turn in passes
        ),
        waves=waves,
        pops=pop_changes(before, after, transition.given_up, infrastructure),
        links=link_changes(before, after),
        cost_before=before.plan.cost_per_hour if before else 0.0,
        cost_after=after.plan.cost_per_hour,
        currency=after.plan.currency,
        expected_duration_s=duration(waves),
        interruptions=interruptions(transition, passes, waves),
        notes=notes(transition, changed, passes),
    )


def _relied_on(infrastructure: Infrastructure, after: Deployment) -> Infrastructure:
    """The PoPs, links and licences that a deployment uses: only their changes make its plan stale."""
    plan = after.plan
    links = {link for route in plan.routes for link in route.physical_links}
    pops = {*plan.placements.values(), *plan.endpoints.values()}
    pops |= {pop for route in plan.routes for pop in route.pops}
    licences = {name for instance in after.graph.instances for name in instance.licences}
    return infrastructure.model_copy(
        update={
            "pops": {name: pop for name, pop in infrastructure.pops.items() if name in pops},
            "links": {name: link for name, link in infrastructure.links.items() if name in links},
            "licences": {name: fee for name, fee in infrastructure.licences.items() if name in licences},
        }
    )
