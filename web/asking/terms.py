"""The question in a search box as plain values: `kind:component -tag:old "exact words" free words`. Text work only."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from web.asking.keys import CHOICES, FIELD_ROOTS, KEYS, find_key, is_kind

_SPACE: Final = re.compile(r"\s*")
_HEAD: Final = re.compile(r"(?P<key>[A-Za-z][\w.-]*)(?P<operator>[:=])")
_PLAIN: Final = re.compile(r'[^\s,"]+')
_WORD: Final = re.compile(r'[^\s"]+')
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_BOOLEANS: Final = {
    "OR": "A comma means or: `kind:api,component`.",
    "NOT": "A minus means not: `-tag:legacy`.",
    "AND": "All terms have to hold: `and` can be left out.",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing in a question that cannot be read: `column` counts characters from 0, `length` is how many are meant.

    `instead` is what could stand there, "" where nothing near is known.
    """

    column: int
    length: int
    message: str
    hint: str = ""
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a term, as written, and the column where it stands; `is_prefix` where it ended in `*`."""

    text: str
    column: int
    is_prefix: bool = False

    @property
    def is_any(self) -> bool:
        """Whether it is a lone `*`: any value will do."""
        return self.is_prefix and not self.text


@dataclass(frozen=True, slots=True)
class Term:
    """`key:value,value`, perhaps with `-` before it. `is_exact` where it has `=`; the text's `start` to `end` is the term."""

    key: str
    values: tuple[Value, ...]
    is_negated: bool
    is_exact: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Phrase:
    """Free words: one word, or the exact words that stood in quotes."""

    text: str
    is_negated: bool
    is_quoted: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """A whole question, and what of it could not be read; that is taken for words, so that nothing is left out silently."""

    terms: tuple[Term, ...]
    phrases: tuple[Phrase, ...]
    mistakes: tuple[Mistake, ...]


def parse_terms(text: str) -> Parsed:
    """Read a question. Never raises: what is wrong is in `mistakes`, in the order of the text."""
    mistakes: list[Mistake] = []
    found = list(_read(text, mistakes))
    terms = tuple(one for one in found if isinstance(one, Term))
    phrases = tuple(one for one in found if isinstance(one, Phrase))
    return Parsed(terms, phrases, tuple(mistakes))


def _read(text: str, mistakes: list[Mistake]) -> Iterator[Term | Phrase]:
    at = _skip(text, 0)
    while at < len(text):
        start, is_negated = at, text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace()
        at += is_negated
        head = _HEAD.match(text, at)
        if head and (name := _name_key(head["key"])):
            term, at = _read_term(text, head, name, start, is_negated, mistakes)
            if term:
                yield term
        else:
            phrase, at = _read_phrase(text, at, start, is_negated, mistakes)
            if head and phrase and not phrase.is_quoted:
                _note_unknown(head, phrase, mistakes)
            if phrase and phrase.text:
                yield phrase
        at = _skip(text, at)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _name_key(written: str) -> str:
    """The key that is meant, in its own spelling; a path such as `spec.tier` and a kind are keys too. "" for none."""
    known = find_key(written)
    if known:
        return known.name
    low = written.lower()
    return low if low.startswith(FIELD_ROOTS) or is_kind(low) else ""


def _read_term(
    text: str, head: re.Match[str], name: str, start: int, is_negated: bool, mistakes: list[Mistake]
) -> tuple[Term | None, int]:
    values, at = _read_values(text, head.end(), mistakes)
    if not values:
        example = KEYS[name].example if name in KEYS else f"{head['key']}:name"
        mistakes.append(Mistake(at, 1, f"`{head[0]}` needs a value", f"For example `{example}`."))
        return None, at
    if is_kind(name) and name not in KEYS:
        values = [Value(f"{name}:{value.text}", value.column, value.is_prefix) for value in values]
        name = "ref"
    for value in values if name in CHOICES else ():
        _check_choice(name, value, mistakes)
    return Term(name, tuple(values), is_negated, head["operator"] == "=", start, at), at


def _check_choice(name: str, value: Value, mistakes: list[Mistake]) -> None:
    known = CHOICES[name]
    if value.text.lower() not in known:
        listed = ", ".join(f"`{one}`" for one in known)
        near = get_close_matches(value.text.lower(), known, 1)
        hint = f"Did you mean `{name}:{near[0]}`?" if near else f"It knows {listed}."
        message = f"`{name}:` does not know `{value.text}`"
        mistakes.append(Mistake(value.column, len(value.text) or 1, message, hint, near[0] if near else ""))


def _read_values(text: str, at: int, mistakes: list[Mistake]) -> tuple[list[Value], int]:
    """Values with commas between them; a value may hold quoted parts, in which nothing has a meaning."""
    values: list[Value] = []
    while True:
        start, pieces, is_plain = at, [], False
        while at < len(text) and not text[at].isspace() and text[at] != ",":
            if text[at] == '"':
                piece, at = _read_quoted(text, at, mistakes)
                is_plain = False
            else:
                match = _PLAIN.match(text, at)
                piece, at = (match[0], match.end()) if match else (text[at], at + 1)
                is_plain = True
            pieces.append(piece)
        whole = "".join(pieces)
        is_prefix = is_plain and whole.endswith("*")
        if whole:
            values.append(Value(whole.removesuffix("*") if is_prefix else whole, start, is_prefix))
        if at >= len(text) or text[at] != ",":
            return values, at
        at += 1


def _read_quoted(text: str, at: int, mistakes: list[Mistake]) -> tuple[str, int]:
    match = _QUOTED.match(text, at)
    if match is None:
        mistakes.append(Mistake(at, len(text) - at, "this quote is not closed", 'Put a `"` after the exact words.'))
        return text[at + 1 :].strip(), len(text)
    return _ESCAPED.sub(r"\1", match[1]), match.end()


def quote_text(text: str) -> str:
    """A text in quotes, as `parse_terms` reads it."""
    return '"' + re.sub(r'([\\"])', r"\\\1", text) + '"'


def _read_phrase(
    text: str, at: int, start: int, is_negated: bool, mistakes: list[Mistake]
) -> tuple[Phrase | None, int]:
    if text[at] == '"':
        words, end = _read_quoted(text, at, mistakes)
        return Phrase(words.strip(), is_negated, True, start, end), end
    match = _WORD.match(text, at)
    end = match.end() if match else at + 1
    word = text[at:end].rstrip("*")
    if not any(map(str.isalnum, word)):
        return None, end
    if word in _BOOLEANS:
        mistakes.append(Mistake(at, len(word), f"`{word}` is no word of this language", _BOOLEANS[word]))
        return None, end
    return Phrase(word, is_negated, False, start, end), end


def _note_unknown(head: re.Match[str], phrase: Phrase, mistakes: list[Mistake]) -> None:
    """Say that a key is unknown, where the word looks as if a key was meant: no address, no time, no file name."""
    key, rest = head["key"], phrase.text[len(head[0]) :]
    if rest.startswith("//") or "." in key or head["operator"] == "=" or not rest:
        return
    near = get_close_matches(key.lower(), KEYS, 1)
    hint = f"Did you mean `{near[0]}`?" if near else "It is read as words. `/search` lists the keys."
    mistakes.append(Mistake(head.start(), len(key), f"there is no key `{key}`", hint, near[0] if near else ""))
