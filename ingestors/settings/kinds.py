"""Kinds of entities as settings name them."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ingestors.settings.section import Section


class AllowedKind(Section):
    """A kind of entity, and optionally one type of it; both in any case."""

    kind: str = Field(description="Such as `Component`.", min_length=1)
    type: str = Field(default="", description="Only this `spec.type`.")


def _spell_out(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


# A union would say of one mistake what each of its members thinks of it.
KindOrName = Annotated[AllowedKind, BeforeValidator(_spell_out, json_schema_input_type=AllowedKind | str)]
