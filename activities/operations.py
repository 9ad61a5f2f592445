"""The lease of a service: taking it, also from a dead operation, and giving it back."""

import asyncio
from contextlib import suppress

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.recovering import Recoveries
from activities.scoping import scope_of
from activities.translation import translated
from catalogue.store import Catalogue
from domain import names
from domain.errors import BusyError, InterlaceError
from domain.records import OperationRecord
from domain.recovery import BALANCED, Profile
from domain.requests import BeginOperation, FinishOperation, Held, Nothing
from domain.steering import Began, PlanOrder, Scope

_NOTHING_TO_MEND = (names.OperationKind.INSTANTIATE, names.OperationKind.TERMINATE)
"""There is nothing yet; or all of it goes, as the ledger has it."""


class OperationActivities:
    """Begins and finishes operations in the catalogue."""

    def __init__(self, catalogue: Catalogue, client: Client, profile: Profile = BALANCED) -> None:
        self._catalogue = catalogue
        self._recoveries = Recoveries(catalogue, profile)
        self._operations = catalogue.operations
        self._client = client

    @activity.defn(name=names.BEGIN)
    async def begin(self, start: BeginOperation) -> Held:
        """Take the service's lease; an operation whose workflow has ended without giving it back loses it."""
        with translated():
            return await self._begun(start)

    @activity.defn(name=names.START)
    async def start(self, start: BeginOperation) -> Began:
        """As `begin`, and tell whether an operation that died has left the service half changed.

        Where it has not, also what of the world a plan for the request depends on.
        """
        with translated():
            recovery, note = await asyncio.to_thread(self._recoveries.of, start)
            held = await self._begun(start)
            mend = start.kind not in _NOTHING_TO_MEND and await asyncio.to_thread(
                self._catalogue.services.unsettled, start.service
            )
            found = None if mend else await asyncio.to_thread(self._scope, start, held)
        return Began(held=held, mend=mend, recovery=recovery, note=note, scope=found)

    def _scope(self, start: BeginOperation, held: Held) -> Scope | None:
        """None where it cannot be told: the lease is held, so who asks for it alone is told why."""
        if start.request is None:
            return None
        order = PlanOrder(plan_id="", kind=start.kind, request=start.request, held=held)
        with suppress(InterlaceError):
            return scope_of(self._catalogue, order)
        return None

    async def _begun(self, start: BeginOperation) -> Held:
        try:
            return await asyncio.to_thread(self._take, start)
        except BusyError:
            holder = await asyncio.to_thread(self._operations.holder, start.service)
            if holder is None or await self._is_running(holder):
                raise
            activity.logger.warning("%s is dead: %s takes over", holder.operation_id, start.operation_id)
            await asyncio.to_thread(self._operations.take_over, start.service, holder.operation_id)
            return await asyncio.to_thread(self._take, start)

    def _take(self, start: BeginOperation) -> Held:
        lease = self._operations.begin(
            operation_id=start.operation_id,
            kind=start.kind.value,
            service=start.service,
            tenant=start.tenant,
            workflow_id=start.workflow_id,
            run_id=start.run_id,
            descriptor=start.descriptor,
            version=start.version,
        )
        return Held(operation_id=lease.operation_id, fence=lease.fence, service=lease.service)

    async def _is_running(self, holder: OperationRecord) -> bool:
        handle = self._client.get_workflow_handle(holder.workflow_id, run_id=holder.run_id)
        try:
            description = await handle.describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return description.status is WorkflowExecutionStatus.RUNNING

    @activity.defn(name=names.FINISH, no_thread_cancel_exception=True)
    def finish(self, ending: FinishOperation) -> Nothing:
        """Record the outcome, give the lease back, and let later plans expect what steps have taken."""
        held = ending.held
        with translated():
            self._operations.finish(held.operation_id, held.fence, ending.state, ending.failure)
            if ending.times:
                self._catalogue.timings.note(ending.times)
        return Nothing()
