"""The tables, as SQLModel declares them. `migrations/` makes them; only the store reads and writes them."""

from datetime import datetime

from sqlalchemy import Column, DateTime, LargeBinary
from sqlmodel import Field, SQLModel


class StoredSource(SQLModel, table=True):
    """A source that has been crawled: when last, and why not if that failed."""

    __tablename__ = "source"
    name: str = Field(primary_key=True)
    crawled_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    failure: str = ""


class StoredRevision(SQLModel, table=True):
    """One change of the catalog; the newest number is what readers are brought up to."""

    __tablename__ = "revision"
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    time: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    source: str
    added: int
    changed: int
    removed: int


class StoredDocument(SQLModel, table=True):
    """A file as it was at the last crawl. `hash` is empty where it must be read again even if it is the same."""

    __tablename__ = "document"
    source: str = Field(primary_key=True)
    location: str = Field(primary_key=True)
    hash: str


class StoredEntity(SQLModel, table=True):
    """An entity as declared. `body` is its JSON beginning with metadata, without anything derived."""

    __tablename__ = "entity"
    ref: str = Field(primary_key=True)
    uid: str = Field(unique=True)
    source: str = Field(index=True)
    location: str
    origin: str
    parent: str
    index: int
    line: int
    hash: str
    etag: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class StoredChange(SQLModel, table=True):
    """What one revision did to one entity; the hash is empty on the side where it was not there."""

    __tablename__ = "entity_change"
    revision: int = Field(primary_key=True)
    ref: str = Field(primary_key=True)
    old_hash: str
    new_hash: str


class StoredProblem(SQLModel, table=True):
    """A problem that the last crawl of its source found."""

    __tablename__ = "problem"
    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(index=True)
    file: str
    line: int
    column: int
    index: int
    rule: str
    severity: str
    message: str
    hint: str
    ref: str
    error: str
