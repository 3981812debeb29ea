"""First schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(name: str, *, primary_key: bool = False, unique: bool | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, primary_key=primary_key, unique=unique)


def _number(name: str, *, primary_key: bool = False, autoincrement: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, primary_key=primary_key, autoincrement=autoincrement)


def upgrade() -> None:
    op.create_table(
        "source",
        _text("name", primary_key=True),
        sa.Column("crawled_at", sa.DateTime(timezone=True)),
        _text("failure"),
    )
    op.create_table(
        "revision",
        _number("number", primary_key=True, autoincrement=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        _text("source"),
        _number("added"),
        _number("changed"),
        _number("removed"),
    )
    op.create_table("document", _text("source", primary_key=True), _text("location", primary_key=True), _text("hash"))
    op.create_table(
        "entity",
        _text("ref", primary_key=True),
        _text("uid", unique=True),
        _text("source"),
        _text("location"),
        _text("origin"),
        _text("parent"),
        _number("index"),
        _number("line"),
        _text("hash"),
        _text("etag"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_entity_source", "entity", ["source"])
    op.create_table(
        "entity_change",
        _number("revision", primary_key=True, autoincrement=False),
        _text("ref", primary_key=True),
        _text("old_hash"),
        _text("new_hash"),
    )
    op.create_table(
        "problem",
        _number("id", primary_key=True),
        _text("source"),
        _text("file"),
        _number("line"),
        _number("column"),
        _number("index"),
        _text("rule"),
        _text("severity"),
        _text("message"),
        _text("hint"),
        _text("ref"),
        _text("error"),
    )
    op.create_index("ix_problem_source", "problem", ["source"])
