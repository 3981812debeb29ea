"""Registered locations, and the documents that were refused."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "location",
        sa.Column("id", sa.String(), nullable=False, primary_key=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("entity_ref", sa.String(), nullable=False),
        sa.UniqueConstraint("type", "target"),
    )
    op.add_column("problem", sa.Column("document", sa.String(), nullable=False, server_default=""))
