"""What one crawl goes by, and what it has found so far: values that the stages hand on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from catalog.documents import Source
from catalog.entity import Written
from catalog.problems import Problem
from catalog.resolve import Claim
from catalog.rules import Rule
from catalog.store import State

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Policy:
    """Where an operator may want Backstage's way instead of ours.

    `orphans`: what a file no longer gives is deleted at once, or kept and marked. `broken_files`: a broken document
    hides only itself (`apart`) or everything beside it (`whole`). `rules`: the kinds allowed by place; None for all.
    `source_rules`: what single sources may give besides, by their names; where there are no other rules, only that.
    `relation_targets`: a relation also has its target in parts, as before 4.0.
    A crawl that would remove more than `removed_at_most` entities and more than `removed_share` of its source's has to
    be confirmed.
    """

    orphans: Literal["delete", "keep"] = "delete"
    broken_files: Literal["apart", "whole"] = "apart"
    rules: Sequence[Rule] | None = None
    source_rules: Mapping[str, Sequence[Rule]] = field(default_factory=dict)
    removed_share: float = 0.2
    removed_at_most: int = 5
    relation_targets: bool = False

    def rules_of(self, source: str) -> Sequence[Rule] | None:
        """The rules for what one source gives."""
        own = self.source_rules.get(source)
        return self.rules if own is None else (*own, *(self.rules or ()))


@dataclass(slots=True)
class Crawl:
    """What has been found so far in one crawl of one source."""

    source: Source
    state: State
    policy: Policy
    written: Callable[[list[str]], list[Written]]  # what the store holds of these refs
    claims: list[Claim] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    broken: dict[str, set[str] | None] = field(default_factory=dict)  # file -> refs to keep there, None for all
    unread: set[str] = field(default_factory=set)  # Location refs of which a target could not be read
    held_back: set[str] = field(default_factory=set)  # Location refs that stay as they were
    followed: set[str] = field(
        default_factory=set
    )  # Location refs that no file gave now, and that were read all the same
    reserved: dict[str, str] = field(default_factory=dict)  # refs of refused documents, and the file of the first
    by_file: dict[str, list[str]] = field(default_factory=dict)
    is_moved: bool = False  # its root has another target: nothing of the old one's outlives what cannot be read now

    def take_up(self, state: State) -> None:
        """Go on from what the store holds now. A file of this source that another process read meanwhile is read again."""
        before, self.state = self.state.documents, state
        for at in self.documents.keys() & (before.keys() | state.documents.keys()):
            if before.get(at) != state.documents.get(at):
                self.documents[at] = ""
