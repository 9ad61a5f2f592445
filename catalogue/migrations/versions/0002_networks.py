"""The network of a service, how it was connected, and the kinds of resources in the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("services", sa.Column("network", sa.Text(), nullable=True))
    op.add_column("services", sa.Column("connection", sa.Text(), nullable=True))
    kind = sa.Column("kind", sa.String(length=20), nullable=False, server_default="instance")
    op.add_column("ledger", kind)


def downgrade() -> None:
    op.drop_column("ledger", "kind")
    op.drop_column("services", "connection")
    op.drop_column("services", "network")
