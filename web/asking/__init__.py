"""The query language of every search box: `parse_question` reads a text once, and the `Question` is asked of any view."""

from dataclasses import dataclass
from functools import lru_cache

from catalog.query import EVERYTHING, All, Predicate
from catalog.view import View
from web.asking.keys import KEYS, Key
from web.asking.meaning import compile_phrase, compile_term
from web.asking.terms import Mistake, Phrase, Term, Value, parse_terms, quote_text
from web.asking.wondering import find_notes

__all__ = [
    "KEYS",
    "Key",
    "Mistake",
    "Phrase",
    "Question",
    "Term",
    "Value",
    "format_term",
    "format_value",
    "parse_question",
]

MAX_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Question:
    """A question as read: `terms` have a key, `phrases` are free words, `errors` say what could not be read, and where."""

    text: str
    terms: tuple[Term, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    errors: tuple[Mistake, ...] = ()

    @property
    def words(self) -> str:
        """The free words that are wanted, as a full text search takes them."""
        return " ".join(phrase.text for phrase in self.phrases if not phrase.is_negated)

    def predicate(self, view: View) -> Predicate:
        """What the terms ask, and which free words must not be there; `words` are left to the search."""
        parts = [compile_term(term, view) for term in self.terms]
        return _all(*parts, *(compile_phrase(one) for one in self.phrases if one.is_negated))

    def filter(self, view: View) -> Predicate:
        """The same with the free words, each of which stands in the name, title, description or a tag: for a list."""
        return _all(self.predicate(view), *(compile_phrase(one) for one in self.phrases if not one.is_negated))

    def notes(self, view: View) -> list[Mistake]:
        """Values that nothing in the catalog has, with those that may have been meant: nothing wrong, but worth a look."""
        return find_notes(self.terms, view)

    def without(self, part: Term | Phrase) -> str:
        """The question's text without one of its parts."""
        return " ".join(f"{self.text[: part.start].rstrip()} {self.text[part.end :].lstrip()}".split())

    def extended(self, key: str, value: str, operator: str = ":") -> str:
        """The question's text with one more term."""
        return f"{self.text} {format_term(key, value, operator)}".strip()


def _all(*parts: Predicate) -> Predicate:
    wanted = tuple(part for part in parts if part != EVERYTHING)
    return wanted[0] if len(wanted) == 1 else All(wanted)


def format_value(value: str) -> str:
    """A value as it is written: with spaces, commas, quotes or a star at its end it stands in quotes."""
    is_plain = value and not value.endswith("*") and not any(char.isspace() or char in ',"' for char in value)
    return value if is_plain else quote_text(value)


def format_term(key: str, value: str, operator: str = ":") -> str:
    """A term as it is written."""
    return f"{key}{operator}{format_value(value)}"


@lru_cache(maxsize=256)
def parse_question(text: str) -> Question:
    """Read what somebody typed. Never raises: errors are in the question, and what they concern is read as words."""
    text = text.strip()[:MAX_LENGTH]
    parsed = parse_terms(text)
    return Question(text, parsed.terms, parsed.phrases, parsed.mistakes)
