"""Values in a question that nothing in the catalog has, and the near ones that may have been meant."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice
from typing import Final

from catalog.names import NAME_KEYS
from catalog.view import View
from web.asking.keys import KEYS, Key
from web.asking.meaning import find_targets
from web.asking.terms import Mistake, Term, Value

_CONFUSED: Final = ("kind", "type", "lifecycle", "tag")
_MAX_CANDIDATES: Final = 5_000
_MOST_NOTES: Final = 8


def find_notes(terms: Iterable[Term], view: View) -> list[Mistake]:
    """A note for each value that no entity has; of very many the first, for each takes a while to find near ones."""
    return list(islice(_find_notes(terms, view), _MOST_NOTES))


def _find_notes(terms: Iterable[Term], view: View) -> Iterator[Mistake]:
    for term in terms:
        key = KEYS.get(term.key)
        for value in term.values:
            if key and not value.is_prefix and not _is_known(key, value, view):
                hint = _find_key(key, value, view)
                near = [] if hint else _find_near(key, value, view)
                hint = hint or (f"Did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else "")
                message = f"no entity has `{value.text}` as its {term.key}"
                if key.how in ("ref", "self"):
                    message = f"`{value.text}` is not in the catalog"
                yield Mistake(value.column, len(value.text), message, hint, near[0] if near else "")


def _find_key(key: Key, value: Value, view: View) -> str:
    """A hint that a value is one of another key: people take a type for a kind."""
    others = [KEYS[name] for name in _CONFUSED if key.name in _CONFUSED and name != key.name]
    known = [other.name for other in others if _is_known(other, value, view)]
    return f"It is a {known[0]}: `{known[0]}:{value.text}`." if known else ""


def _is_known(key: Key, value: Value, view: View) -> bool:
    if key.how == "value":
        return bool(view.column(key.column).equal(value.text.lower()))
    if key.how in ("ref", "self"):
        return bool(find_targets(key, value, view, is_exact=True))
    return True


def _find_near(key: Key, value: Value, view: View) -> list[str]:
    """Near values of the same key; of refs only the names, for that is what people mistype, and whatever has it as its title."""
    if key.how == "value":
        candidates = {one.lower() for one in view.column(key.column).postings}
        return _match(value.text.lower(), candidates)
    titled = (view.edges.refs[node] for column in NAME_KEYS for node in view.column(column).equal(value.text.lower()))
    names = list(dict.fromkeys(ref.rpartition("/")[2] for ref in titled if not key.kinds or ref.startswith(key.kinds)))
    if names:
        return names[:2]
    name = value.text.lower().rpartition("/")[2].rpartition(":")[2]
    values = view.column(key.column).postings if key.column else view.edges.refs
    found = {ref.rpartition("/")[2] for ref in values if not key.kinds or ref.startswith(key.kinds)}
    return _match(name, found)


def _match(word: str, candidates: set[str]) -> list[str]:
    if len(candidates) > _MAX_CANDIDATES:  # comparing takes ten microseconds each: those that begin alike have to do
        candidates = {one for one in candidates if one[:2] == word[:2]}
    near = sorted(candidates)[:_MAX_CANDIDATES]
    return get_close_matches(word, near, 2, 0.6) or [one for one in near if len(word) > 1 and one.startswith(word)][:2]
