"""The checks of a catalog's quality as a table: what each is called, why it matters, how much, and what to do about it.

How each is found stands in `quality`.
"""

from dataclasses import dataclass
from typing import Final, Literal

Subject = Literal["thing", "team"]
"""Whose file mends it: that of an owned thing, or that of a team or person."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question that every entity in its scope either passes or fails.

    `weight` is how much one failure counts, from 1 (untidy) to 10 (somebody cannot be helped at night); `scope` says in
    words which entities are asked; `says` leads over to what else it is about, such as the names that are not there.
    """

    id: str
    title: str
    weight: int
    scope: str
    why: str
    fix: str
    subject: Subject = "thing"
    says: str = ""


_ROWS: Final = (
    Check(
        "no-owner", "No owner", 10, "all that has owners: components, APIs, resources, systems, domains, templates",
        "When it breaks, nobody can be called; when it is old, nobody may remove it.",
        "Set `spec.owner` to a group, such as `group:default/team-a`.",
    ),
    Check(
        "owner-gone", "Owner is gone", 9, "all that names an owner",
        "It names a team or person that is not in the catalog: whoever follows the link at night finds nobody.",
        "Correct `spec.owner`, or add the group or user to the catalog.", says="Names",
    ),
    Check(
        "no-pager", "No pager", 8, "components in production, libraries and documents aside",
        "An alert cannot wake whoever can mend it, and an incident cannot find its service.",
        "Add an annotation such as `pagerduty.com/service-id`, or a link with `type: on-call`, to it or to its owner.",
    ),
    Check(
        "no-runbook", "No runbook", 7, "components in production, libraries and documents aside",
        "Whoever is woken has to find out at night what others know by day.",
        "Add a link with `type: runbook` to `metadata.links`.",
    ),
    Check(
        "owner-unreachable", "Owner cannot be reached", 7, "teams and people that own something",
        "It is known who owns it, and not how to reach them: no e-mail, chat, phone or pager.",
        "Set `spec.profile.email`, or add a link with `type: chat` to the team's `metadata.links`.", "team",
    ),
    Check(
        "owner-empty", "Team has nobody in it", 6, "teams that own something",
        "A team without members, in child teams neither, owns on paper only.",
        "Add its people with `spec.members`, or with `spec.memberOf` of each user.", "team",
    ),
    Check(
        "duplicate-ref", "Claimed by several files", 6, "all",
        "Two files say that they define it, and only one of them counts: an edit of the other does nothing.",
        "Rename one of them, or take the definition out of one of the files.",
    ),
    Check(
        "pager-shared", "Pager id shared by other owners", 5, "all with an id of an incident tool",
        "An incident of this id leads to things of different owners: the wrong ones may be woken.",
        "Give each its own id, or the same owner.", says="Shared with",
    ),
    Check(
        "deprecated-in-production", "Production needs something deprecated", 5, "components and resources in production",
        "What it needs is on its way out, and will take it along.",
        "Move it to what takes the deprecated one's place, then drop that from `dependsOn` or `consumesApis`.", says="Needs",
    ),
    Check(
        "dangling", "Names something that is not there", 4, "all",
        "The dependency view and the blast radius end at a name that leads nowhere.",
        "Correct the reference, add what it names to the catalog, or take it out.", says="Names",
    ),
    Check(
        "cycle", "Depends on itself in a ring", 4, "all that depends on something",
        "None of them can start, be released or be repaired without the others.",
        "Take one of the `dependsOn` out of the ring.", says="In a ring with",
    ),
    Check(
        "undefined-api", "API without a definition", 3, "APIs",
        "Whoever wants to call it has to read its code: the definition is empty, or stands for one to come.",
        "Put the definition into `spec.definition`, or name its file there with `$text`.",
    ),
    Check(
        "no-description", "No description", 2, "all but people",
        "Whoever finds it cannot tell what it is for.",
        "Say in `metadata.description` in a sentence what it is for.",
    ),
    Check(
        "orphan", "Stands alone", 2, "components, APIs and resources",
        "It belongs to no system and nothing needs it, as far as is known: it was forgotten, or its relations were.",
        "Set `spec.system`, name what it depends on, or remove it.",
    ),
    Check(
        "stale", "Not changed for a year", 1, "all that was last changed since this catalog began",
        "What nobody touched for so long has often gone wrong unseen.",
        "Look through it; any change, such as a new description, tells that somebody has.",
    ),
)  # fmt: skip
CHECKS: Final[dict[str, Check]] = {check.id: check for check in _ROWS}
"""By id, the weightiest first."""
