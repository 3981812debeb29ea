"""A request that cannot be met, as an exception. Wrong data is a `Problem` instead; anything else is a bug."""

from typing import Literal

Code = Literal["invalid", "not_found", "conflict", "forbidden", "unauthenticated", "unavailable", "internal"]


class CatalogError(Exception):
    """A request that cannot be met: what is wrong (`message`) and what to do about it (`hint`)."""

    def __init__(self, code: Code, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
        self.hint = hint


class ReadError(Exception):
    """A source could not give what a location or a placeholder names.

    `missing` says that it is known not to exist, as opposed to out of reach for now or not allowed. `name` is the class
    of error that Backstage throws for it, where it does not follow from these two.
    """

    def __init__(self, message: str, *, missing: bool = False, forbidden: bool = False, name: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.missing = missing
        self.forbidden = forbidden
        self.name = name or ("NotFoundError" if missing else "NotAllowedError" if forbidden else "Error")
