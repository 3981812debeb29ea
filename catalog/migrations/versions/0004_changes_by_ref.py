"""One entity's changes are found without reading everybody's."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_entity_change_ref", "entity_change", ["ref", "revision"])
