"""The tables of the watch: alarms, what policies decided, and what people and schedules hold them to."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, text

from catalogue.tables import UtcDateTime, metadata

_OF_SERVICE = "services.name"
_ACTIVE = text("cleared_at IS NULL")

alarms = Table(
    "alarms",
    metadata,
    Column("serial", Integer, primary_key=True, autoincrement=True),
    Column("service", String(63), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("component", String(63)),
    Column("severity", String(20), nullable=False),
    Column("words", Text, nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
    Column("cleared_at", UtcDateTime, index=True),
    Index(None, "service", "cleared_at"),
    Index(
        "uq_alarms_active",
        *("service", "kind", "subject"),
        unique=True,
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
)
"""They outlive their service. Of one service, kind and subject at most one is active."""

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", String(255), primary_key=True),
    Column("service", String(63), nullable=False),
    Column("policy", Text, nullable=False),
    Column("component", String(63), nullable=False),
    Column("kind", String(63), nullable=False),
    Column("what", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False, index=True),
    Column("outcome", String(20), nullable=False),
    Column("told", Text, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("operation_id", String(255)),
    Index(None, "service", "decided_at"),
)
"""They outlive their service, too."""

decision_counts = Table(
    "decision_counts",
    metadata,
    Column("kind", String(63), primary_key=True),
    Column("outcome", String(20), primary_key=True),
    Column("number", Integer, nullable=False),
)
"""How often a decision came to an outcome; pruned decisions still count."""

pauses = Table(
    "pauses",
    metadata,
    Column("service", String(63), ForeignKey(_OF_SERVICE, ondelete="CASCADE"), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
)

holds = Table(
    "holds",
    metadata,
    Column("service", String(63), ForeignKey(_OF_SERVICE, ondelete="CASCADE"), primary_key=True),
    Column("policy", String(255), primary_key=True),
    Column("instances", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
