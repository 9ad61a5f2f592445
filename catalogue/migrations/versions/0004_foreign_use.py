"""What others use of a PoP, as its VIM says."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COLUMNS = ("foreign_vcpus", "foreign_memory_mib", "foreign_disk_gib")


def upgrade() -> None:
    for name in _COLUMNS:
        op.add_column("pops", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    for name in _COLUMNS:
        op.drop_column("pops", name)
