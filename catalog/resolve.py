"""Who holds which ref: one claim a ref, the first keeps it, and each further claim is a problem that names both files."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from catalog.entity import Written
from catalog.problems import Origin, Problem, Severity


class Claim(NamedTuple):
    """A file's claim to a ref. `entity` is None where the file is unchanged and what the store holds stays."""

    ref: str
    location: str
    entity: Written | None


def settle(
    claims: Iterable[Claim], owners: Mapping[str, str], others: Mapping[str, str]
) -> tuple[dict[str, Claim], list[Problem]]:
    """The winning claim of each ref, and a problem for each loser.

    `owners` tells which file of this source held a ref before, `others` which file of another source holds it. Inside one
    file the last document wins, as in Backstage; between files the one that held it, else the first.
    """
    winners: dict[str, Claim] = {}
    contested: dict[str, list[Claim]] = {}
    for claim in claims:
        earlier = winners.setdefault(claim.ref, claim)
        if earlier is not claim:
            contested.setdefault(claim.ref, [earlier]).append(claim)
    problems: list[Problem] = []
    for ref in [ref for ref in winners if ref in others]:
        found = contested.pop(ref, [winners[ref]])
        problems += [_refused(claim, others[ref], in_file=False) for claim in found]
        del winners[ref]
    for ref, found in contested.items():
        holder = owners.get(ref)
        first = holder if any(claim.location == holder for claim in found) else found[0].location
        mine = [claim for claim in found if claim.location == first]
        winners[ref] = mine[-1]
        problems += [_refused(claim, first or "", in_file=True) for claim in mine[:-1]]
        problems += [_refused(claim, first or "", in_file=False) for claim in found if claim.location != first]
    return winners, problems


def _refused(claim: Claim, holder: str, *, in_file: bool) -> Problem:
    entity = claim.entity
    file = claim.location.partition(":")[2]
    origin = Origin(file, entity.line if entity else 0, 1 if entity else 0, entity.index if entity else 0)
    held = holder.partition(":")[2]
    if in_file:
        message = f"`{claim.ref}` is defined again further down in the same file; the last definition is used"
        return Problem(
            "duplicate-in-file",
            message,
            "Remove one of the two, or give it another name.",
            origin,
            Severity.WARNING,
            claim.ref,
        )
    message = f"`{claim.ref}` is already defined by `{held}`, which keeps it; the definition in `{file}` is not used"
    return Problem("duplicate-ref", message, "Rename one of the two, or remove one file.", origin, ref=claim.ref)
