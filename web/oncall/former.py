"""What an old ref, or an old name, is now: told from the revision in which it went, and only where nothing has it any more."""

from collections.abc import Sequence
from typing import Final

from catalog.catalog import Catalog
from catalog.lookup import Candidate, Findings, Reason, Surety, look_up, read_text

_KINDS: Final = ("component", "api", "resource", "system", "domain", "group", "user")
_MOST, _MOST_ASKED = 5, 400


def look_up_text(catalog: Catalog, text: str, limit: int) -> Findings:
    """The candidates for a text; where they are hints at most, first what came when an entity of that name went."""
    clues = read_text(text)
    found = look_up(catalog.view, clues, limit)
    if not found.is_vague:
        return found
    refs = [clue.value.lower() for clue in clues if clue.kind == "ref"]
    names = dict.fromkeys(clue.value.lower() for clue in clues if clue.kind == "name" and " " not in clue.value)
    former = [*refs, *(f"{kind}:default/{name}" for name in names for kind in _KINDS)]
    went = catalog.successors([ref for ref in former[:_MOST_ASKED] if catalog.view.get(ref) is None])
    came = {one.ref: one for ref, since in went.items() for one in _judge(catalog, ref, since)}
    candidates = [*came.values(), *(one for one in found.candidates if one.ref not in came)]
    return Findings(tuple(candidates[:limit]), found.total + len(candidates) - len(found.candidates))


def _judge(catalog: Catalog, ref: str, came: Sequence[str]) -> list[Candidate]:
    """With one successor it was probably renamed; several may have come for any reason, and many say nothing."""
    refs = [one for one in came if catalog.view.get(one) is not None]
    if not refs or len(refs) > _MOST:
        return []
    surety: Surety = "likely" if len(refs) == 1 else "possible"
    reason = Reason("ref", "former name", ref, "the catalog's history", "an entity that is not there any more", surety)
    return [Candidate(one, surety, 10 if surety == "likely" else 1, (reason,)) for one in refs]
