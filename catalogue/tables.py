"""The tables. Their history is in catalogue/migrations; a test holds the two together."""

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

descriptors = Table(
    "descriptors",
    metadata,
    Column("serial", Integer, primary_key=True, autoincrement=True),
    Column("name", String(63), nullable=False),
    Column("version", String(40), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("document", Text, nullable=False),
    Column("onboarded_at", UtcDateTime, nullable=False),
    UniqueConstraint("name", "version"),
)

settings = Table(
    "settings",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("value", Text, nullable=False),
)

pops = Table(
    "pops",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("vcpus", Integer, nullable=False),
    Column("memory_mib", Integer, nullable=False),
    Column("disk_gib", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("foreign_vcpus", Integer, nullable=False, server_default="0"),
    Column("foreign_memory_mib", Integer, nullable=False, server_default="0"),
    Column("foreign_disk_gib", Integer, nullable=False, server_default="0"),
)

links = Table(
    "links",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("first_pop", String(63), ForeignKey("pops.name"), nullable=False),
    Column("second_pop", String(63), ForeignKey("pops.name"), nullable=False),
    Column("bandwidth_mbps", Float, nullable=False),
    Column("document", Text, nullable=False),
)

operations = Table(
    "operations",
    metadata,
    Column("operation_id", String(255), primary_key=True),
    Column("kind", String(63), nullable=False),
    Column("service", String(63), nullable=False, index=True),
    Column("tenant", String(255), nullable=False),
    Column("workflow_id", String(1000), nullable=False),
    Column("run_id", String(255), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("failure", Text),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
)

leases = Table(
    "leases",
    metadata,
    Column("service", String(63), primary_key=True),
    Column("fence", Integer, nullable=False),
    Column("holder", String(255), ForeignKey("operations.operation_id")),
    Column("revision", Integer, nullable=False, server_default="0"),
)
"""One row a service name, kept after the service is gone: no fence and no revision is given out twice."""

services = Table(
    "services",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("descriptor", String(63)),
    Column("version", String(40)),
    Column("tenant", String(255), nullable=False, index=True),
    Column("since", UtcDateTime, nullable=False),
    Column("plan", Text),
    Column("network", Text),
    Column("connection", Text),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("adjustments", Text),
    Column("deployment", Text),
    Column("committed_by", String(255)),
    Column("changed_by", String(255)),
)
"""`deployment`: None where the service was committed before there were any. `committed_by`: the operation.

`changed_by`: the operation that has reserved the way to another deployment, until it has arrived or is back.
"""

_OF_SERVICE = "services.name"

service_instances = Table(
    "service_instances",
    metadata,
    Column("service", String(63), ForeignKey(_OF_SERVICE, ondelete="CASCADE"), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("pop", String(63), nullable=False),
    Column("document", Text, nullable=False),
)

service_links = Table(
    "service_links",
    metadata,
    Column("service", String(63), ForeignKey(_OF_SERVICE, ondelete="CASCADE"), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("document", Text, nullable=False),
)

instance_reservations = Table(
    "instance_reservations",
    metadata,
    Column("service", String(63), primary_key=True),
    Column("resource_name", String(255), primary_key=True),
    Column("pop", String(63), ForeignKey("pops.name"), primary_key=True),
    Column("instance", String(80), nullable=False),
    Column("operation_id", String(255), nullable=False),
    Column("vcpus", Integer, nullable=False),
    Column("memory_mib", Integer, nullable=False),
    Column("disk_gib", Integer, nullable=False),
    Column("released", Boolean, nullable=False),
    Index(None, "pop", "vcpus", "memory_mib", "disk_gib"),
)
"""One row a name in a VIM. `released`: nobody wants it any more, but its resource is still there.

The index holds all that usage sums.
"""

link_reservations = Table(
    "link_reservations",
    metadata,
    Column("service", String(63), primary_key=True),
    Column("graph_link", String(255), primary_key=True),
    Column("physical_link", String(63), ForeignKey("links.name"), primary_key=True),
    Column("operation_id", String(255), nullable=False),
    Column("bandwidth_mbps", Float, nullable=False),
    Index(None, "physical_link", "bandwidth_mbps"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("resource_name", String(255), primary_key=True),
    Column("pop", String(63), ForeignKey("pops.name"), primary_key=True),
    Column("vim_kind", String(63), nullable=False),
    Column("kind", String(20), nullable=False, server_default="instance"),
    Column("service", String(63), nullable=False, index=True),
    Column("component", String(63), nullable=False),
    Column("instance", String(80), nullable=False),
    Column("operation_id", String(255), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("external_id", String(255)),
    Column("address", String(255)),
    Column("addresses", Text, nullable=False, server_default="{}"),
    Column("tags", Text, nullable=False),
    Column("reason", Text),
    Column("since", UtcDateTime, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("plan_id", String(255), primary_key=True),
    Column("service", String(63), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),
    Column("operation_id", String(255)),
    Column("taken_at", UtcDateTime),
    Column("connection", Text),
    Index(None, "service", "created_at"),
)
"""`operation_id`: the operation that took it."""

plan_networks = Table(
    "plan_networks",
    metadata,
    Column("plan_id", String(255), ForeignKey("plans.plan_id", ondelete="CASCADE"), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
)

timings = Table(
    "timings",
    metadata,
    Column("action", String(63), primary_key=True),
    Column("vim_kind", String(63), primary_key=True),
    Column("seconds", Float, nullable=False),
    Column("count", Integer, nullable=False),
)
