"""The end of an operation: committed, or the service as it was; and the way back to that."""

from collections.abc import Iterable

from temporalio import activity

from activities.translation import translated
from activities.watched import policies_of
from catalogue.store import Catalogue
from domain import names
from domain.deployments import Deployment
from domain.descriptor import Descriptor
from domain.errors import UnknownError
from domain.networking import MODELLED, Connection, ServiceNetwork
from domain.operation_plans import OperationPlan, PlanBrief, PlanState, StepAction
from domain.records import ResourceRecord
from domain.requests import Nothing
from domain.steering import Committed, PlanRef, StepNote, StepTimes, UndoBrief
from planning.estimates import duration
from planning.undoing import undo_waves


class LifecycleActivities:
    """What operations write of their outcome."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    @activity.defn(name=names.COMMIT_PLAN, no_thread_cancel_exception=True)
    def commit(self, ref: PlanRef) -> Committed:
        """The service is as planned; after a Terminate it is gone."""
        held = ref.held
        with translated():
            plan = self._catalogue.plans.get(ref.plan_id or "").plan
            if plan.after is None:
                self._catalogue.reservations.release(held.operation_id, held.fence, held.service)
                self._catalogue.services.remove(held.operation_id, held.fence, held.service)
                return Committed(note="its record is removed", watched=self._watched(plan))
            self._catalogue.services.commit_deployment(
                held.operation_id,
                held.fence,
                plan.after,
                self._network(plan),
                self._connection(plan),
            )
            return Committed(watched=self._watched(plan))

    @activity.defn(name=names.RESTORE, no_thread_cancel_exception=True)
    def restore(self, ref: PlanRef) -> StepNote:
        """The service is as it was, and holds no more than that needs; one that never was has no record."""
        held = ref.held
        with translated():
            self._catalogue.services.restore_committed(held.operation_id, held.fence, held.service)
        return StepNote()

    @activity.defn(name=names.PLAN_UNDO, no_thread_cancel_exception=True)
    def plan_undo(self, ref: PlanRef) -> UndoBrief:
        """From what the ledger says is there to what is committed, and where to compare afterwards."""
        service = ref.held.service
        with translated():
            committed, plan = self._catalogue.services.deployment(service), self._plan(ref)
            network = self._catalogue.services.network(service) if committed else None
            rows = self._catalogue.ledger.of_service(service)
            expected = self._catalogue.timings.expected()
            waves = undo_waves(
                service,
                committed,
                network,
                rows,
                plan,
                expected,
                self._descriptor(committed),
                ref.begun,
                () if plan else self._dead(service),
            )
        brief = PlanBrief(
            plan_id=ref.plan_id or "",
            waves=waves,
            cost_per_hour=committed.plan.cost_per_hour if committed else 0.0,
            currency=committed.plan.currency if committed else plan.currency if plan else "",
            expected_duration_s=duration(waves),
        )
        return UndoBrief(brief=brief, pops=_pops(rows, (committed, plan.after if plan else None)))

    @activity.defn(name=names.NOTE_TIMES, no_thread_cancel_exception=True)
    def note_times(self, times: StepTimes) -> Nothing:
        """Let later plans expect what steps have taken."""
        with translated():
            self._catalogue.timings.note(times.times)
        return Nothing()

    def _network(self, plan: OperationPlan) -> ServiceNetwork | None:
        """That of the last round; the committed one where the operation left it alone."""
        if plan.after is None or plan.after.network is None:
            return None
        rounds = [s.round for w in plan.waves for s in w.steps if s.action is StepAction.COMPILE]
        if rounds:
            return self._catalogue.plans.network(plan.plan_id, max(rounds))
        return self._catalogue.services.network(plan.service)

    def _connection(self, plan: OperationPlan) -> Connection:
        found = self._catalogue.plans.connection(plan.plan_id)
        return found or self._catalogue.services.get(plan.service).connection or MODELLED

    def _watched(self, plan: OperationPlan) -> bool:
        known = (each for each in (plan.before, plan.after) if each is not None)
        return any(policies_of(self._catalogue, each.descriptor, each.version).watched for each in known)

    def _descriptor(self, committed: Deployment | None) -> Descriptor | None:
        known = self._catalogue.descriptors
        return known.get(committed.descriptor, committed.version) if committed else None

    def _dead(self, service: str) -> list[OperationPlan]:
        """Those that operations have followed, or begun to, since the service was last committed."""
        revision = self._catalogue.services.view(service).revision
        taken = (each for each in self._catalogue.plans.list(service) if each.state is PlanState.TAKEN)
        return [each.plan for each in taken if each.plan.revision == revision]

    def _plan(self, ref: PlanRef) -> OperationPlan | None:
        try:
            return self._catalogue.plans.get(ref.plan_id).plan if ref.plan_id else None
        except UnknownError:  # it was never stored
            return None


def _pops(
    rows: Iterable[ResourceRecord], deployments: Iterable[Deployment | None]
) -> dict[str, tuple[str, ...]]:
    """Kind of VIM -> all PoPs at which the service has, had, or was to have something."""
    kinds = {row.pop: row.vim_kind for row in rows}
    for deployment in deployments:
        kinds |= deployment.vim_kinds if deployment else {}
    found: dict[str, list[str]] = {}
    for pop, kind in sorted(kinds.items()):
        found.setdefault(kind, []).append(pop)
    return {kind: tuple(pops) for kind, pops in found.items()}
