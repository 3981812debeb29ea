"""The tables, as SQLModel declares them. `migrations/` makes them; only the store reads and writes them."""

from datetime import datetime

from sqlalchemy import Column, DateTime, Index, LargeBinary, Table, UniqueConstraint
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
    __table_args__ = (Index("ix_entity_change_ref", "ref", "revision"),)
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
    document: str


class StoredLocation(SQLModel, table=True):
    """A location that somebody registered over the API."""

    __tablename__ = "location"
    __table_args__ = (UniqueConstraint("type", "target"),)
    id: str = Field(primary_key=True)
    type: str
    target: str
    entity_ref: str


class StoredRun(SQLModel, table=True):
    """One crawl of one source: when, how it ended, what it changed, and what it cost (JSON)."""

    __tablename__ = "run"
    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(index=True)
    started_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    seconds: float
    outcome: str
    message: str
    counts: str
    usage: str


class StoredCached(SQLModel, table=True):
    """What a source remembers from crawl to crawl."""

    __tablename__ = "cached"
    source: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


def table(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table beneath a SQLModel class; bulk work goes through it."""
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


SOURCE, REVISION, DOCUMENT = table(StoredSource), table(StoredRevision), table(StoredDocument)
ENTITY, CHANGE, PROBLEM, LOCATION = (
    table(StoredEntity),
    table(StoredChange),
    table(StoredProblem),
    table(StoredLocation),
)
RUN, CACHED = table(StoredRun), table(StoredCached)
