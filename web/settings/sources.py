"""Where entities come from: a section for each type of source, by `type`. A text is short for one that is found out."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from ingestors.registry import AnySource, Auto
from ingestors.settings.section import Section

__all__ = ["AnySource", "Auto", "SourceOrText"]


def _spell_out(value: Any) -> Any:
    if isinstance(value, str):
        return {"type": "auto", "target": value}
    if isinstance(value, dict):
        return value if "type" in value else {"type": "auto", **value}
    if isinstance(value, Section):
        return value
    raise ValueError("must be a text, or keys and values with a `type`")


SourceOrText = Annotated[AnySource, BeforeValidator(_spell_out, json_schema_input_type=str | AnySource)]
