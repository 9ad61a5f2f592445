"""A span for each transaction that writes the catalogue."""

from opentelemetry import trace
from sqlalchemy import Connection, Engine, Pool, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from activities.tracing import NAME
from catalogue.database import writes

_SPAN = "interlace_span"


def follow_writes() -> None:
    """Those within another span, an activity's say; from now on, of what this process opens."""
    event.listen(Engine, "begin", _begun)
    event.listen(Engine, "rollback", _rolled_back)
    event.listen(Pool, "checkin", _ended)


def _begun(connection: Connection) -> None:
    """Before the database is asked, so that the span holds the wait for other writers."""
    if writes(connection) and _SPAN not in connection.info and trace.get_current_span().is_recording():
        connection.info[_SPAN] = trace.get_tracer(NAME).start_span("catalogue.write")


def _rolled_back(connection: Connection) -> None:
    if span := connection.info.get(_SPAN):
        span.set_status(trace.StatusCode.ERROR, "rolled back")


def _ended(_: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    if span := record.info.pop(_SPAN, None):
        span.end()
