"""Capacity taken for services: checked and taken in one transaction, one at a time."""

from collections.abc import Collection

from sqlalchemy import Connection, update

from catalogue.capacity import holding_of, shortages, vanished
from catalogue.claims import NOTHING, Claims, claims_between, claims_of, claims_of_plan
from catalogue.database import Database
from catalogue.fencing import require_lease
from catalogue.holding import hold
from catalogue.tables import services
from domain.deployments import Deployment
from domain.errors import ReservationConflictError
from domain.plans import Plan, ServiceGraph


class Reservations:
    """What each service holds of PoPs and physical links."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self, operation_id: str, fence: int, service: str, graph: ServiceGraph, plan: Plan) -> None:
        """Takes all that the plan wants, or nothing. Again for the same operation, it replaces the former."""
        with self._database.write_capacity() as connection:
            require_lease(connection, operation_id, fence, service)
            _take(connection, operation_id, service, claims_of_plan(service, graph, plan, operation_id))

    def transition(
        self,
        operation_id: str,
        fence: int,
        service: str,
        before: Deployment | None,
        after: Deployment,
        given_up: Collection[str] = (),
    ) -> None:
        """Takes what the way from `before` to `after` needs, or changes nothing.

        Whatever then fails, coming back to `before` fits. Another one of the same operation replaces it.

        :param given_up: names in the VIM of instances that are deleted before their successors are built
        :raises ReservationConflictError: with what lacks where
        """
        with self._database.write_capacity() as connection:
            require_lease(connection, operation_id, fence, service)
            _take(connection, operation_id, service, claims_between(before, after, given_up))
            under_way = {"changed_by": operation_id}
            connection.execute(update(services).where(services.c.name == service).values(under_way))

    def settle(self, operation_id: str, fence: int, service: str, deployment: Deployment | None) -> None:
        """Holds what the deployment takes, and what of the rest is still in the ledger, until it is gone."""
        with self._database.write_capacity() as connection:
            require_lease(connection, operation_id, fence, service)
            hold(connection, operation_id, service, claims_of(deployment))

    def release(self, operation_id: str, fence: int, service: str) -> None:
        """Gives back all but what resources in the ledger still occupy; that follows when they are gone."""
        with self._database.write_capacity() as connection:
            require_lease(connection, operation_id, fence, service)
            release_all(connection, operation_id, service)


def release_all(connection: Connection, operation_id: str, service: str) -> None:
    """`release` inside a transaction that holds the capacity lock."""
    hold(connection, operation_id, service, NOTHING)


def _take(connection: Connection, operation_id: str, service: str, claims: Claims) -> None:
    lacking = vanished(connection, claims)
    if not lacking:
        before = holding_of(connection, service)
        hold(connection, operation_id, service, claims)
        lacking = shortages(connection, service, before)
    if lacking:
        where = "; ".join(lacking)
        raise ReservationConflictError(f"service {service}: the plan does not fit any more: {where}")
