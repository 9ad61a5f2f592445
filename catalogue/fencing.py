"""The fenced lease: an operation may write only while the service's lease is its own."""

from typing import Any

from sqlalchemy import Connection, Row, select, text

from catalogue.tables import leases
from domain.errors import FencedError


def lock_lease(connection: Connection, service: str) -> Row[Any]:
    """The lease's row, held until the transaction ends; made on first use."""
    new = text("INSERT INTO leases (service, fence) VALUES (:service, 0) ON CONFLICT DO NOTHING")
    connection.execute(new, {"service": service})
    return connection.execute(select(leases).where(leases.c.service == service).with_for_update()).one()


def require_lease(connection: Connection, operation_id: str, fence: int, service: str) -> None:
    """Raises FencedError unless this very lease is in force; it stays so until the transaction ends."""
    query = select(leases).where(leases.c.service == service).with_for_update()
    lease = connection.execute(query).one_or_none()
    if lease is None or lease.holder != operation_id or lease.fence != fence:
        holder = f"operation {lease.holder} holds it" if lease and lease.holder else "nobody holds it"
        stale = f"operation {operation_id} (fence {fence}) lost its lease on service {service}"
        raise FencedError(
            f"{stale}: {holder} now (fence {lease.fence if lease else 0}); it changes nothing more"
        )
