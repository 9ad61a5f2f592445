"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "descriptors",
        sa.Column("serial", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("onboarded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_descriptors")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_descriptors_name")),
    )
    op.create_table(
        "operations",
        sa.Column("operation_id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("service", sa.String(length=63), nullable=False),
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("workflow_id", sa.String(length=1000), nullable=False),
        sa.Column("run_id", sa.String(length=255), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("pk_operations")),
    )
    op.create_index(op.f("ix_operations_service"), "operations", ["service"], unique=False)
    op.create_table(
        "pops",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("memory_mib", sa.Integer(), nullable=False),
        sa.Column("disk_gib", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pops")),
    )
    op.create_table(
        "services",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("descriptor", sa.String(length=63), nullable=True),
        sa.Column("version", sa.String(length=40), nullable=True),
        sa.Column("tenant", sa.String(length=255), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_services")),
    )
    op.create_index(op.f("ix_services_tenant"), "services", ["tenant"], unique=False)
    op.create_table(
        "settings",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )
    op.create_table(
        "instance_reservations",
        sa.Column("service", sa.String(length=63), nullable=False),
        sa.Column("instance", sa.String(length=80), nullable=False),
        sa.Column("pop", sa.String(length=63), nullable=False),
        sa.Column("operation_id", sa.String(length=255), nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("memory_mib", sa.Integer(), nullable=False),
        sa.Column("disk_gib", sa.Integer(), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["pop"], ["pops.name"], name=op.f("fk_instance_reservations_pop_pops")),
        sa.PrimaryKeyConstraint("service", "instance", "pop", name=op.f("pk_instance_reservations")),
    )
    op.create_index(op.f("ix_instance_reservations_pop"), "instance_reservations", ["pop"], unique=False)
    op.create_table(
        "leases",
        sa.Column("service", sa.String(length=63), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["holder"], ["operations.operation_id"], name=op.f("fk_leases_holder_operations")
        ),
        sa.PrimaryKeyConstraint("service", name=op.f("pk_leases")),
    )
    op.create_table(
        "ledger",
        sa.Column("resource_name", sa.String(length=255), nullable=False),
        sa.Column("pop", sa.String(length=63), nullable=False),
        sa.Column("vim_kind", sa.String(length=63), nullable=False),
        sa.Column("service", sa.String(length=63), nullable=False),
        sa.Column("component", sa.String(length=63), nullable=False),
        sa.Column("instance", sa.String(length=80), nullable=False),
        sa.Column("operation_id", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("address", sa.String(length=255), nullable=True),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["pop"], ["pops.name"], name=op.f("fk_ledger_pop_pops")),
        sa.PrimaryKeyConstraint("resource_name", "pop", name=op.f("pk_ledger")),
    )
    op.create_index(op.f("ix_ledger_service"), "ledger", ["service"], unique=False)
    op.create_index(op.f("ix_ledger_state"), "ledger", ["state"], unique=False)
    op.create_table(
        "links",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("first_pop", sa.String(length=63), nullable=False),
        sa.Column("second_pop", sa.String(length=63), nullable=False),
        sa.Column("bandwidth_mbps", sa.Float(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["first_pop"], ["pops.name"], name=op.f("fk_links_first_pop_pops")),
        sa.ForeignKeyConstraint(["second_pop"], ["pops.name"], name=op.f("fk_links_second_pop_pops")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_links")),
    )
    op.create_table(
        "service_instances",
        sa.Column("service", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("pop", sa.String(length=63), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service"],
            ["services.name"],
            name=op.f("fk_service_instances_service_services"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service", "name", name=op.f("pk_service_instances")),
    )
    op.create_table(
        "service_links",
        sa.Column("service", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service"], ["services.name"], name=op.f("fk_service_links_service_services"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("service", "name", name=op.f("pk_service_links")),
    )
    op.create_table(
        "link_reservations",
        sa.Column("service", sa.String(length=63), nullable=False),
        sa.Column("graph_link", sa.String(length=255), nullable=False),
        sa.Column("physical_link", sa.String(length=63), nullable=False),
        sa.Column("operation_id", sa.String(length=255), nullable=False),
        sa.Column("bandwidth_mbps", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["physical_link"], ["links.name"], name=op.f("fk_link_reservations_physical_link_links")
        ),
        sa.PrimaryKeyConstraint("service", "graph_link", "physical_link", name=op.f("pk_link_reservations")),
    )
    op.create_index(
        op.f("ix_link_reservations_physical_link"), "link_reservations", ["physical_link"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_link_reservations_physical_link"), table_name="link_reservations")
    op.drop_table("link_reservations")
    op.drop_table("service_links")
    op.drop_table("service_instances")
    op.drop_table("links")
    op.drop_index(op.f("ix_ledger_state"), table_name="ledger")
    op.drop_index(op.f("ix_ledger_service"), table_name="ledger")
    op.drop_table("ledger")
    op.drop_table("leases")
    op.drop_index(op.f("ix_instance_reservations_pop"), table_name="instance_reservations")
    op.drop_table("instance_reservations")
    op.drop_table("settings")
    op.drop_index(op.f("ix_services_tenant"), table_name="services")
    op.drop_table("services")
    op.drop_table("pops")
    op.drop_index(op.f("ix_operations_service"), table_name="operations")
    op.drop_table("operations")
    op.drop_table("descriptors")
