"""Deployments, plans and timings; reservations by the name that a resource has in its VIM."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _services()
    _reservations()
    _plans()
    addresses = sa.Column("addresses", sa.Text(), nullable=False, server_default="{}")
    op.add_column("ledger", addresses)


def _services() -> None:
    op.add_column("leases", sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("services", sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("services", sa.Column("adjustments", sa.Text(), nullable=True))
    op.add_column("services", sa.Column("deployment", sa.Text(), nullable=True))
    op.add_column("services", sa.Column("committed_by", sa.String(length=255), nullable=True))
    op.add_column("services", sa.Column("changed_by", sa.String(length=255), nullable=True))
    op.execute(  # until now only Instantiate has committed
        """
        UPDATE services SET committed_by = (
            SELECT operation_id FROM operations
            WHERE operations.service = services.name AND kind = 'Instantiate'
            ORDER BY fence DESC LIMIT 1
        )
        WHERE plan IS NOT NULL
        """
    )


def _reservations() -> None:
    table = "instance_reservations"
    op.add_column(table, sa.Column("resource_name", sa.String(length=255), nullable=True))
    op.execute(  # the name that Instantiate gave it
        """
        UPDATE instance_reservations SET resource_name = service || '-' || instance || '-' ||
            CASE WHEN length(operation_id) > 8
                THEN substr(operation_id, length(operation_id) - 7)
                ELSE operation_id
            END
        """
    )
    op.drop_index("ix_instance_reservations_pop", table_name=table)
    with op.batch_alter_table(table) as batch:
        batch.alter_column("resource_name", existing_type=sa.String(length=255), nullable=False)
        batch.drop_constraint("pk_instance_reservations", type_="primary")
        batch.create_primary_key("pk_instance_reservations", ["service", "resource_name", "pop"])
    covering = ["pop", "vcpus", "memory_mib", "disk_gib"]
    op.create_index("ix_instance_reservations_pop", table, covering, unique=False)
    of_links = "ix_link_reservations_physical_link"
    op.drop_index(of_links, table_name="link_reservations")
    op.create_index(of_links, "link_reservations", ["physical_link", "bandwidth_mbps"], unique=False)


def _plans() -> None:
    op.create_table(
        "plans",
        sa.Column("plan_id", sa.String(length=255), nullable=False),
        sa.Column("service", sa.String(length=63), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("operation_id", sa.String(length=255), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connection", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_plans")),
    )
    op.create_index(op.f("ix_plans_service"), "plans", ["service", "created_at"], unique=False)
    op.create_table(
        "plan_networks",
        sa.Column("plan_id", sa.String(length=255), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.plan_id"], name=op.f("fk_plan_networks_plan_id_plans"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("plan_id", "round", name=op.f("pk_plan_networks")),
    )
    op.create_table(
        "timings",
        sa.Column("action", sa.String(length=63), nullable=False),
        sa.Column("vim_kind", sa.String(length=63), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("action", "vim_kind", name=op.f("pk_timings")),
    )


def downgrade() -> None:
    """What a transition holds beside the committed deployment is forgotten."""
    op.drop_table("timings")
    op.drop_table("plan_networks")
    op.drop_index(op.f("ix_plans_service"), table_name="plans")
    op.drop_table("plans")
    op.drop_column("ledger", "addresses")
    op.execute(
        """
        DELETE FROM instance_reservations WHERE EXISTS (
            SELECT 1 FROM instance_reservations AS other
            WHERE other.service = instance_reservations.service
                AND other.instance = instance_reservations.instance
                AND other.pop = instance_reservations.pop
                AND other.resource_name > instance_reservations.resource_name
        )
        """
    )
    op.drop_index("ix_instance_reservations_pop", table_name="instance_reservations")
    with op.batch_alter_table("instance_reservations") as batch:
        batch.drop_constraint("pk_instance_reservations", type_="primary")
        batch.create_primary_key("pk_instance_reservations", ["service", "instance", "pop"])
        batch.drop_column("resource_name")
    op.create_index("ix_instance_reservations_pop", "instance_reservations", ["pop"], unique=False)
    of_links = "ix_link_reservations_physical_link"
    op.drop_index(of_links, table_name="link_reservations")
    op.create_index(of_links, "link_reservations", ["physical_link"], unique=False)
    for column in ("changed_by", "committed_by", "deployment", "adjustments", "revision"):
        op.drop_column("services", column)
    op.drop_column("leases", "revision")
