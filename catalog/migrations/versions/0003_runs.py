"""Crawls as they ran, and what sources remember."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False, primary_key=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("counts", sa.String(), nullable=False),
        sa.Column("usage", sa.String(), nullable=False),
    )
    op.create_index("ix_run_source", "run", ["source"])
    op.create_table(
        "cached",
        sa.Column("source", sa.String(), nullable=False, primary_key=True),
        sa.Column("key", sa.String(), nullable=False, primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
