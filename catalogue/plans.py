"""The plans of operations: kept, taken by one operation, and what their steps worked out."""

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from catalogue.database import Database, now
from catalogue.fencing import lock_lease, require_lease
from catalogue.names import unknown
from catalogue.tables import leases, plan_networks, plans
from domain.errors import FencedError, InputError
from domain.networking import Connection as ServiceConnection
from domain.networking import ServiceNetwork
from domain.operation_plans import OperationPlan, PlanRecord, PlanState

KEPT = 100
"""Plans of a service; older ones are pruned."""

_COMPARED = 500
"""Of ids with an unknown one: there may be very many."""


class Plans:
    """What operations are going to do, are doing, and have done."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, plan: OperationPlan) -> None:
        """Stores it, and prunes old ones of the service. Again under its id it replaces the former.

        :raises FencedError: if an operation took the former and has lost its lease since
        """
        document = plan.model_dump_json()
        with self._database.write() as connection:
            lease = lock_lease(connection, plan.service)
            former = _find(connection, plan.plan_id)
            if former is None:
                values = {"plan_id": plan.plan_id, "service": plan.service, "created_at": plan.created_at}
                connection.execute(insert(plans).values(**values, document=document))
                _prune(connection, plan.service)
            elif former.operation_id in (None, lease.holder):
                _write(connection, plan)
            else:
                taken = f"plan {plan.plan_id} was taken by operation {former.operation_id}"
                raise FencedError(f"{taken}, which is over: it changes nothing more")

    def get(self, plan_id: str) -> PlanRecord:
        """A plan and what became of it."""
        with self._database.read() as connection:
            return _record(_require(connection, plan_id))

    def find(self, plan_id: str) -> PlanRecord | None:
        """As `get`; None where there is none."""
        with self._database.read() as connection:
            row = _find(connection, plan_id)
        return _record(row) if row is not None else None

    def list(self, service: str | None = None, limit: int | None = None) -> tuple[PlanRecord, ...]:
        """All of them, or those of one service, the newest first."""
        query = select(plans).order_by(plans.c.created_at.desc(), plans.c.plan_id).limit(limit)
        if service is not None:
            query = query.where(plans.c.service == service)
        with self._database.read() as connection:
            return tuple(map(_record, connection.execute(query)))

    def take(self, operation_id: str, fence: int, plan_id: str) -> PlanRecord:
        """The operation will follow it, and no other one may any more. Again for the same one is fine."""
        with self._database.write() as connection:
            row = _held(connection, operation_id, fence, plan_id)
            if row.operation_id is None:
                mine = {"operation_id": operation_id, "taken_at": now()}
                connection.execute(update(plans).where(plans.c.plan_id == plan_id).values(mine))
            elif row.operation_id != operation_id:
                by = f"operation {row.operation_id} on {row.taken_at:%Y-%m-%dT%H:%M:%SZ}"
                raise InputError(f"plan {plan_id} was taken by {by}: make a new one")
            return _record(_require(connection, plan_id))

    def replace(self, operation_id: str, fence: int, plan: OperationPlan) -> None:
        """The operation's plan, amended."""
        with self._database.write() as connection:
            row = _held(connection, operation_id, fence, plan.plan_id)
            if row.operation_id != operation_id:
                raise InputError(f"plan {plan.plan_id} is not followed by operation {operation_id}")
            _write(connection, plan)

    def keep_network(
        self, operation_id: str, fence: int, plan_id: str, round: int, network: ServiceNetwork
    ) -> None:
        """The network that the service's switches are to be programmed with in a round of the plan."""
        this = (plan_networks.c.plan_id == plan_id) & (plan_networks.c.round == round)
        with self._database.write() as connection:
            _held(connection, operation_id, fence, plan_id)
            connection.execute(delete(plan_networks).where(this))
            kept = {"plan_id": plan_id, "round": round, "document": network.model_dump_json()}
            connection.execute(insert(plan_networks).values(kept))

    def network(self, plan_id: str, round: int) -> ServiceNetwork | None:
        """The network of a round; None where none was kept."""
        this = (plan_networks.c.plan_id == plan_id) & (plan_networks.c.round == round)
        with self._database.read() as connection:
            document = connection.scalar(select(plan_networks.c.document).where(this))
        return ServiceNetwork.model_validate_json(document) if document else None

    def keep_connection(
        self, operation_id: str, fence: int, plan_id: str, connection: ServiceConnection
    ) -> None:
        """What the last probing found."""
        found = {"connection": connection.model_dump_json()}
        with self._database.write() as database:
            _held(database, operation_id, fence, plan_id)
            database.execute(update(plans).where(plans.c.plan_id == plan_id).values(found))

    def connection(self, plan_id: str) -> ServiceConnection | None:
        """What the last probing found; None where there was none."""
        with self._database.read() as database:
            document = database.scalar(select(plans.c.connection).where(plans.c.plan_id == plan_id))
        return ServiceConnection.model_validate_json(document) if document else None


def _write(connection: Connection, plan: OperationPlan) -> None:
    document = {"document": plan.model_dump_json()}
    connection.execute(update(plans).where(plans.c.plan_id == plan.plan_id).values(document))


def _prune(connection: Connection, service: str) -> None:
    """Never the plan of an operation that holds the service."""
    mine = select(plans.c.plan_id).where(plans.c.service == service)
    old = connection.scalars(mine.order_by(plans.c.created_at.desc(), plans.c.plan_id).offset(KEPT)).all()
    if not old:
        return
    holder = connection.scalar(select(leases.c.holder).where(leases.c.service == service))
    free = plans.c.operation_id.is_distinct_from(holder) | plans.c.operation_id.is_(None)
    connection.execute(delete(plans).where(plans.c.plan_id.in_(old), free))


def _held(connection: Connection, operation_id: str, fence: int, plan_id: str) -> Row[Any]:
    """The plan's row, of a service whose lease is the operation's own."""
    row = _require(connection, plan_id)
    require_lease(connection, operation_id, fence, row.service)
    return _require(connection, plan_id)


def _find(connection: Connection, plan_id: str) -> Row[Any] | None:
    return connection.execute(select(plans).where(plans.c.plan_id == plan_id)).one_or_none()


def _require(connection: Connection, plan_id: str) -> Row[Any]:
    row = _find(connection, plan_id)
    if row is None:
        raise unknown("plan", plan_id, connection.scalars(select(plans.c.plan_id).limit(_COMPARED)))
    return row


def _record(row: Row[Any]) -> PlanRecord:
    return PlanRecord(
        plan=OperationPlan.model_validate_json(row.document),
        state=PlanState.TAKEN if row.operation_id else PlanState.READY,
        operation_id=row.operation_id,
    )
