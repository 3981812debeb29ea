"""Which entity somebody means: a ref in any form, or a name; and which may be meant where there is none or several."""

from collections.abc import Sequence

from catalog.errors import CatalogError
from catalog.refs import RefError, parse_ref
from catalog.view import View
from web.names import Item, describe, find_near


class UnknownEntity(CatalogError):
    """Nothing, or more than one thing, is called `text`; `near` may be meant."""

    def __init__(self, text: str, message: str, hint: str, near: Sequence[Item]) -> None:
        super().__init__("not_found", message, hint)
        self.text, self.near = text, near


def find_ref(view: View, text: str) -> str:
    """The canonical ref of the entity that a text names. What only others refer to counts too. Raises `UnknownEntity`."""
    text = text.strip()
    try:
        ref = str(parse_ref(text, "component"))
    except RefError:
        ref = text.lower()
    if ref in view.edges.nodes and (view.get(ref) is not None or ":" in text):
        return ref
    named = [view.edges.refs[node] for node in view.column("metadata.name").equal(text.lower())]
    if len(named) == 1:
        return named[0]
    if named:
        hint = "Choose the one you mean, or write its kind before it."
        raise UnknownEntity(
            text, f"`{text}` is the name of several entities", hint, [describe(view, one) for one in named[:12]]
        )
    near = find_near(view, text.rpartition("/")[2].rpartition(":")[2])
    raise UnknownEntity(
        text, f"There is nothing called `{text}` in the catalog", "Write a name, or `kind:namespace/name`.", near
    )
