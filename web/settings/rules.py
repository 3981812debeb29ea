"""Which kinds may come from where."""

from pydantic import Field

from ingestors.settings.kinds import KindOrName
from ingestors.settings.section import Section


class Place(Section):
    """Locations of a type: all of them, one, or those that a glob matches."""

    type: str = Field(description="Location type, such as `url` or `file`.", min_length=1)
    exact: str = Field(default="", description="This target alone.")
    pattern: str = Field(default="", description="Targets that this glob matches; `**` crosses slashes.")


class Rule(Section):
    """Kinds that are allowed, and from where."""

    allow: tuple[KindOrName, ...] = Field(description="Kinds, such as `Component` or `{kind: API, type: grpc}`.")
    places: tuple[Place, ...] | None = Field(default=None, description="Where from; anywhere if not given.")
