"""What the settings of every source of many repositories say, and how such a source is opened."""

from abc import abstractmethod
from typing import Literal

from pydantic import Field, StrictBool

from catalog.documents import Source
from ingestors.forge import PATTERNS, Filters, Forge, ForgeSource
from ingestors.outside import Asked, Outside
from ingestors.sections import Hosted, Scheduled


class Repositories(Scheduled):
    """Which repositories, and which files in them."""

    patterns: tuple[str, ...] = Field(
        default=(), description="Files to read in each repository: paths, or globs; `**/` is any depth."
    )
    filters: Filters = Field(default=Filters(), description="Which repositories are read.")
    codeowners: StrictBool = Field(default=False, description="An entity that lacks an owner gets that of CODEOWNERS.")
    presence: Literal["required", "optional"] | None = Field(
        default=None,
        description="`spec.presence` of the generated Locations; as Backstage's module has it if not given.",
    )


class Branched(Repositories):
    """The same, of a branch."""

    branch: str = Field(default="", description="Branch to read; each repository's default one if not given.")


class ForgeSection(Repositories, Hosted):
    """Repositories on a code host, whose `Forge` each section opens in its way."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The files to read in each repository."""
        return self.patterns or PATTERNS

    @abstractmethod
    def open_forge(self, asked: Asked) -> Forge:
        """What answers for the host."""

    def open(self, outside: Outside) -> Source:
        """The repositories as a source."""
        asked = self.ask(outside)
        forge = self.open_forge(asked)
        if self.presence:
            forge.presence = self.presence
        return ForgeSource(
            asked.name,
            forge,
            outside.reader,
            asked.cache,
            asked.usage,
            patterns=self.paths,
            filters=self.filters,
            codeowners=self.codeowners,
        )
