"""Planning as an activity: the plan is solved, stored, and under a lease reserved."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from temporalio import activity

from activities.applying import StoredPlans, reserve
from activities.explaining import PlacementRefusedError, explained
from activities.others import OthersUse
from activities.tracing import span
from activities.translation import translated
from activities.wishes import descriptors_of, request_of, view_of
from catalogue.store import Catalogue
from domain import names
from domain.deployments import Deployment
from domain.errors import InfeasibleError, ReservationConflictError
from domain.infrastructure import Infrastructure
from domain.lifecycle import AnyRequest
from domain.operation_plans import OperationPlan, PlanBrief
from domain.plans import Plan
from domain.requests import TerminateRequest
from domain.steering import PlanOrder, ServiceView
from placement.solve import place
from placement.topology import Usage
from planning.deployed import deployed
from planning.in_place import to_be_counted
from planning.operation_plan import operation_plan
from planning.target import Target
from planning.targets import target
from planning.terminating import terminate_plan

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

_TRIES = 50
"""Of solving and reserving."""


class PlanningActivities:
    """Makes plans on the catalogue's present state, so that no topology travels through a history."""

    def __init__(self, catalogue: Catalogue, time_limit_s: float, others: OthersUse) -> None:
        self._catalogue = catalogue
        self._others = others
        self._time_limit_s = time_limit_s
        self._stored = StoredPlans(catalogue)

    @activity.defn(name=names.MAKE_PLAN)
    async def make(self, order: PlanOrder) -> PlanBrief:
        """The plan, made or taken. A cancel ends the solving at once, but no write of ours halfway."""
        with translated():
            request = request_of(order)
            if request.plan:
                return (await _to_its_end(lambda: self._stored.applied(order, request))).brief()
            if known := await _to_its_end(lambda: self._known(order)):
                return known.brief()
            try:
                return (await self._made(order, request)).brief()
            except PlacementRefusedError as refused:
                if order.avoid:  # one of several tries to heal elsewhere
                    raise InfeasibleError(str(refused)) from None
                raise await explained(refused) from None

    async def _made(self, order: PlanOrder, request: AnyRequest) -> OperationPlan:
        for _ in range(_TRIES - 1):
            try:
                return await self._try(order, request)
            except ReservationConflictError as conflict:
                _LOG.warning("%s; solving again", conflict)
        return await self._try(order, request)

    async def _try(self, order: PlanOrder, request: AnyRequest) -> OperationPlan:
        plan = await asyncio.to_thread(self._worked_out, order, request)
        return await _to_its_end(lambda: self._kept(order, plan))

    def _known(self, order: PlanOrder) -> OperationPlan | None:
        """The plan that an earlier attempt of this activity made."""
        record = self._catalogue.plans.find(order.plan_id)
        if record is None:
            return None
        return record.plan if order.held is None else self._stored.taken(order.held, record.plan)

    def _kept(self, order: PlanOrder, plan: OperationPlan) -> OperationPlan:
        """Reserved before it is stored: so what is found stored has its capacity, whatever crashed."""
        held = order.held
        if held is not None:
            reserve(self._catalogue, held, plan)
        self._catalogue.plans.keep(plan)
        if held is not None:
            self._catalogue.plans.take(held.operation_id, held.fence, plan.plan_id)
        return plan

    def _worked_out(self, order: PlanOrder, request: AnyRequest) -> OperationPlan:
        view = view_of(self._catalogue, order, request)
        if isinstance(request, TerminateRequest):
            return self._termination(order, request, view)
        self._others.refresh()
        before, known = view.deployment, self._catalogue.infrastructure.get()
        wanted, present = descriptors_of(self._catalogue, request, before)
        aim = target(order, request, before, wanted, known, present=present)
        after = before if before and aim.rehosted else self._deployed(order, aim, before, known)
        return operation_plan(
            order, aim, before, after, known, view.revision, self._catalogue.timings.expected(), _now()
        )

    def _deployed(
        self, order: PlanOrder, aim: Target, before: Deployment | None, known: Infrastructure
    ) -> Deployment:
        used = self._catalogue.infrastructure.usage(settled=aim.service)
        usage = Usage(pops=to_be_counted(used.pops, aim, before), links=used.links)
        world = aim.world(known)
        try:
            with span("placement.solve"):
                plan = place(aim.asked, world, usage, time_limit_s=self._time_limit_s, standing=aim.standing)
        except InfeasibleError as error:
            raise PlacementRefusedError(str(error), aim, world, usage, before) from None
        return deployed(aim, plan, before, order.plan_id, _vim_kinds(plan, known))

    def _termination(self, order: PlanOrder, request: TerminateRequest, view: ServiceView) -> OperationPlan:
        rows = self._catalogue.ledger.of_service(request.service)
        expected = self._catalogue.timings.expected()
        return terminate_plan(order, request, view.deployment, rows, view.revision, expected, _now())


async def _to_its_end(work: Callable[[], T]) -> T:
    """What `work` gives; a cancel waits for it, and comes too late where it succeeds."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    if task.exception() is not None and activity.is_cancelled():
        raise asyncio.CancelledError
    return task.result()


def _vim_kinds(plan: Plan, infrastructure: Infrastructure) -> dict[str, str]:
    """Of each PoP that the plan uses."""
    passed = {pop for route in plan.routes for pop in route.pops}
    pops = {*plan.placements.values(), *plan.endpoints.values(), *passed}
    return {pop: infrastructure.pops[pop].vim.kind for pop in sorted(pops)}


def _now() -> datetime:
    return datetime.now(UTC)
