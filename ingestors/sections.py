"""What the settings of every source say. A source's own section is in its own file, with how it is opened: `open`."""

from collections.abc import Sequence

from pydantic import Field

from ingestors.outside import Asked, Outside
from ingestors.settings.durations import Duration
from ingestors.settings.kinds import KindOrName
from ingestors.settings.section import Section


class Named(Section):
    """A source of some type, with a name; each has a `type` of one value, by which settings are told apart."""

    type: str
    name: str = Field(default="", description="What the source is called; told from the rest if not given.")
    rules: tuple[KindOrName, ...] | None = Field(
        default=None, description="Kinds that this source may give, besides those that `rules` allow from there."
    )

    @property
    def what(self) -> Sequence[str]:
        """What is read, as the name of the source says it where settings give it none; what is empty is not said."""
        return ()

    @property
    def title(self) -> str:
        """What the source is called: as its settings say, else by its type and what it reads."""
        return self.name or f"{self.type}:{'/'.join(filter(None, self.what))}"


class Scheduled(Named):
    """A source of which, or of a part of which, nobody tells when it changes."""

    every: Duration | None = Field(
        default=None, description="How often it is read, such as `10m`; `every` if not given."
    )


class Hosted(Scheduled):
    """A source on a code host."""

    host: str = Field(description="The host.", min_length=1)

    @property
    def title(self) -> str:
        """What the source is called; the host is named if it is not the usual one, or there is nothing else to say."""
        usual = type(self).model_fields["host"].default
        told = filter(None, ("" if self.host == usual else self.host, *self.what))
        return self.name or f"{self.type}:{'/'.join(told) or self.host}"

    def ask(self, outside: Outside) -> Asked:
        """The way to the host."""
        return outside.ask(self.title, self.host)
