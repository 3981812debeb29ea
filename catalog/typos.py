"""Words that were mistyped: the words of a vocabulary within one or two edits of a wrong one. Pure text work."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

LEAST: Final = 4  # shorter words have too many neighbours
TWO_EDITS: Final = 8  # from this length on two edits are forgiven: "stars" must not find "stores"
_MAX_ALPHABET: Final = 64
_MAX_CHECKED: Final = 4_000


def find_typos(vocabulary: Sequence[str], word: str, limit: int = 8) -> list[str]:
    """Words of a sorted vocabulary that `word` may have been meant as, nearest first; a word's beginning counts as one."""
    if not LEAST <= len(word) <= 40:
        return []
    alphabet = sorted({char for one in vocabulary[:: max(1, len(vocabulary) // 500)] for char in one} | set(word))
    found = dict.fromkeys(
        hit for edit in _edit(word, alphabet[:_MAX_ALPHABET]) for hit in _starting(vocabulary, edit, word)
    )
    if not found and len(word) >= TWO_EDITS:
        found = dict.fromkeys(one for one in _share_part(vocabulary, word) if distance(word, one, 2) <= 2)
    return sorted(found, key=lambda one: (distance(word, one, 3), one[0] != word[0], abs(len(one) - len(word)), one))[
        :limit
    ]


def _edit(word: str, alphabet: Sequence[str]) -> Iterator[str]:
    """Everything within one edit: a letter left out, two swapped, one replaced, one put in."""
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for char in alphabet:
            if tail:
                yield head + char + tail[1:]
            yield head + char + tail


def _starting(vocabulary: Sequence[str], edit: str, word: str) -> Iterator[str]:
    """The edit itself where it is a word, and one longer word that it begins, for whoever has not typed to the end."""
    at = bisect_left(vocabulary, edit)
    if at < len(vocabulary) and vocabulary[at] == edit:
        yield edit
    elif at < len(vocabulary) and len(edit) > LEAST and edit[0] == word[0] and vocabulary[at].startswith(edit):
        yield vocabulary[at]


def _share_part(vocabulary: Sequence[str], word: str) -> Iterator[str]:
    """Words of about the same length that share one of three parts with `word`: of two edits, one part stays whole."""
    third = len(word) // 3
    parts = (word[:third], word[third : 2 * third], word[2 * third :])
    checked = 0
    for one in vocabulary:
        if -3 < len(one) - len(word) < 3 and (parts[0] in one or parts[1] in one or parts[2] in one):
            yield one
            checked += 1
            if checked > _MAX_CHECKED:
                return


def distance(first: str, second: str, most: int) -> int:
    """Edits from one word to the other, a swap of neighbours being one; `most` + 1 as soon as it is known to be more."""
    if abs(len(first) - len(second)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, char in enumerate(first, 1):
        last, before, row = before, row, [i]
        for j, other in enumerate(second, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != other))
            if i > 1 and j > 1 and char == second[j - 2] and first[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
