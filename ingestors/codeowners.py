"""Who owns a file of a repository as its CODEOWNERS file says, as the ref of an entity."""

from collections.abc import Callable
from typing import Final

from codeowners import CodeOwners

from catalog.errors import ReadError

PLACES: Final = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where code hosts look for the file; the first that is there counts."""


def parse_codeowners(content: bytes) -> CodeOwners:
    """The file's rules. One that cannot be read as such has none: it is another file's fallback, not a catalog file."""
    try:
        return CodeOwners(content.decode(errors="replace"))
    except ValueError:  # a pattern with an unfinished `[`
        return CodeOwners("")


def tell_owner(rules: CodeOwners, path: str) -> str:
    """The owner of a path: of the last rule that fits the first team, else the first user; "" without either.

    `@org/team` is `group:default/team` (of nested teams the last part), `@user` is `user:default/user`, as organisations
    read from code hosts have them. An address of mail names nobody in the catalog.
    """
    owners = rules.of(path)
    teams = [name.rpartition("/")[2] for kind, name in owners if kind == "TEAM"]
    users = [name.removeprefix("@") for kind, name in owners if kind == "USERNAME"]
    return f"group:default/{teams[0]}" if teams else f"user:default/{users[0]}" if users else ""


def find_codeowners(read: Callable[[str], bytes]) -> CodeOwners:
    """The rules of the first place that has some. Raises `ReadError` where one may be there and cannot be read."""
    for place in PLACES:
        try:
            return parse_codeowners(read(place))
        except ReadError as error:
            if not error.missing:
                raise
    return CodeOwners("")
