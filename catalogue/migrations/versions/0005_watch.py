"""Alarms, decisions of policies, pauses and holds."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _alarms()
    _decisions()
    _of_services()


def _alarms() -> None:
    op.create_table(
        "alarms",
        sa.Column("serial", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("service", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("component", sa.String(length=63), nullable=True),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_alarms")),
    )
    op.create_index(op.f("ix_alarms_cleared_at"), "alarms", ["cleared_at"], unique=False)
    op.create_index(op.f("ix_alarms_service"), "alarms", ["service", "cleared_at"], unique=False)
    active = sa.text("cleared_at IS NULL")
    op.create_index(
        "uq_alarms_active",
        "alarms",
        ["service", "kind", "subject"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(length=255), nullable=False),
        sa.Column("service", sa.String(length=63), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("component", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("operation_id", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_decided_at"), "decisions", ["decided_at"], unique=False)
    op.create_index(op.f("ix_decisions_service"), "decisions", ["service", "decided_at"], unique=False)
    op.create_table(
        "decision_counts",
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "outcome", name=op.f("pk_decision_counts")),
    )


def _of_services() -> None:
    op.create_table(
        "pauses",
        sa.Column("service", sa.String(length=63), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service"], ["services.name"], name=op.f("fk_pauses_service_services"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("service", name=op.f("pk_pauses")),
    )
    op.create_table(
        "holds",
        sa.Column("service", sa.String(length=63), nullable=False),
        sa.Column("policy", sa.String(length=255), nullable=False),
        sa.Column("instances", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["service"], ["services.name"], name=op.f("fk_holds_service_services"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("service", "policy", name=op.f("pk_holds")),
    )


def downgrade() -> None:
    for name in ("holds", "pauses", "decision_counts", "decisions", "alarms"):
        op.drop_table(name)
