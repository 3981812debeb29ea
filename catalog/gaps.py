"""What a catalog lacks, ranked by how much hangs on it: owners that do not exist, files with problems, entities without an
owner, repositories without a catalog file; and a file proposed for each of these. It reads values and alters nothing.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from catalog.problems import Problem, Severity
from catalog.view import View

GapKind = Literal["unknown-owner", "file-with-problems", "no-owner", "no-catalog-file"]
HINTS: Final[dict[GapKind, str]] = {
    "unknown-owner": "Add the group or user to the catalog, or correct `spec.owner` of what names it.",
    "file-with-problems": "`callboard check`, or the file's page at /problems, shows each with its line.",
    "no-owner": "Set `spec.owner` to a group, such as `group:default/team-a`.",
    "no-catalog-file": "`callboard gaps --propose DIR` writes a catalog-info.yaml to begin with.",
}
"""What to do about each kind of gap, in the order in which those that weigh the same are listed."""

OWNED_KINDS: Final = ("api", "component", "domain", "resource", "system", "template")
NOBODY: Final = ("unknown", "none", "todo", "tbd", "n/a")
"""Names that are written where an owner has to be named and none is known."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that the catalog lacks. `weight` counts the entities, or problems, or repositories that it touches."""

    kind: GapKind
    subject: str
    weight: int
    message: str

    @property
    def hint(self) -> str:
        """What to do about it."""
        return HINTS[self.kind]


@dataclass(frozen=True, slots=True)
class Bare:
    """A repository without a catalog file: its full name, its page (or folder), what runs its host, its topics."""

    name: str
    url: str
    host_type: str = ""
    topics: tuple[str, ...] = ()
    archived: bool = False


def find_gaps(view: View, problems: Iterable[Problem], bare: Iterable[Bare] = ()) -> list[Gap]:
    """Every gap, those that touch most first."""
    gaps = [*_find_owners(view), *_find_files(problems), *_find_unowned(view), *_find_bare(bare)]
    order = list(HINTS)
    return sorted(gaps, key=lambda gap: (-gap.weight, order.index(gap.kind), gap.subject))


def _find_owners(view: View) -> list[Gap]:
    """Owners that entities name and that are not there."""
    owned: defaultdict[str, list[str]] = defaultdict(list)
    for node, owners in view.edges.pairs("ownedby"):
        if node in view.live:
            for owner in set(owners):
                if view.get(owner) is None and not _is_nobody(owner):
                    owned[owner].append(view.edges.refs[node])
    return [
        Gap("unknown-owner", owner, len(refs), f"`{owner}` is not in the catalog and owns {_list(refs)}")
        for owner, refs in owned.items()
    ]


def _find_files(problems: Iterable[Problem]) -> list[Gap]:
    """Files of which something was refused or could not be made whole."""
    errors = Counter(problem.origin.file for problem in problems if problem.severity is Severity.ERROR)
    return [
        Gap("file-with-problems", file, count, f"`{file}` has {count} problem{'' if count == 1 else 's'}")
        for file, count in errors.items()
        if file
    ]


def _find_unowned(view: View) -> list[Gap]:
    """Entities of a kind that has owners, with none, or with a word that stands for none."""
    found = []
    owners = dict(view.edges.pairs("ownedby"))
    for node in view.live:
        ref = view.edges.refs[node]
        if ref.partition(":")[0] not in OWNED_KINDS:
            continue
        if all(_is_nobody(owner) for owner in owners.get(node, ())):
            needed = len(view.edges.reach([node], frozenset({"dependencyOf", "apiConsumedBy"}), 1)) - 1
            rest = f", and {needed} other{'' if needed == 1 else 's'} need it" if needed else ""
            found.append(Gap("no-owner", ref, 1 + needed, f"`{ref}` has no owner{rest}"))
    return found


def _is_nobody(ref: str) -> bool:
    return ref.rpartition("/")[2] in NOBODY


def _find_bare(bare: Iterable[Bare]) -> list[Gap]:
    return [Gap("no-catalog-file", one.name, 1, f"{one.url} has no catalog file") for one in bare if not one.archived]


def _list(refs: Sequence[str], most: int = 3) -> str:
    """The first few refs, and how many more there are."""
    shown = ", ".join(f"`{ref}`" for ref in sorted(refs)[:most])
    return shown if len(refs) <= most else f"{shown} and {len(refs) - most} more"


_SLUGS: Final = {
    "github": "github.com/project-slug",
    "gitlab": "gitlab.com/project-slug",
    "bitbucketCloud": "bitbucket.org/repo-slug",
}
_TYPES: Final = (
    (re.compile(r"(^|[-_.])(lib|library|libs|sdk|client|common)($|[-_.])"), "library"),
    (re.compile(r"(^|[-_.])(web|website|site|ui|frontend|www|docs?)($|[-_.])|\.github\.io$"), "website"),
)


def propose_file(bare: Bare) -> str:
    """A catalog-info.yaml to begin with: valid as it is, with a word to whoever completes it where it guesses."""
    short = bare.name.rpartition("/")[2]
    name = re.sub(r"[^a-z0-9]*[^a-z0-9._-]+[^a-z0-9]*|[._-]{2,}", "-", short.lower())[:63].strip("-._") or "component"
    lines = ["apiVersion: backstage.io/v1alpha1", "kind: Component", "metadata:", f"  name: {_quote(name)}"]
    if name != short:
        lines.append(f"  title: {_quote(short)}")
    if slug := _SLUGS.get(bare.host_type):
        lines += ["  annotations:", f"    {slug}: {_quote(bare.name)}"]
    tags = [topic for topic in bare.topics if re.fullmatch(r"[a-z0-9:+#]+(-[a-z0-9:+#]+)*", topic) and len(topic) < 64]
    if tags:
        lines += ["  tags:", *(f"    - {_quote(tag)}" for tag in tags)]
    type = next((found for pattern, found in _TYPES if pattern.search(name)), "service")
    lines += ["spec:", f"  type: {type} # guessed from the name: service, website, library or a word of your own"]
    lines += ["  lifecycle: production # or experimental, deprecated"]
    lines += ["  owner: unknown # the ref of a group or a user, such as group:default/team-a"]
    return "\n".join(lines) + "\n"


def _quote(text: str) -> str:
    """A text as YAML has it: in quotes where it could be read as something else."""
    is_plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9._/-]*", text) and text.lower() not in ("true", "false", "null")
    return text if is_plain else json.dumps(text)
