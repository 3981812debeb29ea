"""What stands in a text that is more than one thing: a pager's subject, a chat message with its markup, a line of kubectl
or of a log. Each part is read for itself, less surely than if it stood alone; a plain word is a hint at most.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from catalog.lookup.clues import Clue, KeyKind, Surety, strip_once, strip_pod, workload_clues
from catalog.lookup.labels import find_labels, read_labels
from catalog.lookup.terms import read_term, unwrap

MAX_TEXT: Final = 4_000
_MOST_WORDS, _MOST_NAMES, _LONGEST_RUN, _LONGEST_PATH = 120, 5, 4, 8
_LINK: Final = re.compile(r"<((?:https?|mailto):[^|>\s]+)(?:\|([^>]*))?>|\[([^\]\n]+)\]\((https?://[^)\s]+)\)")
_WORD: Final = re.compile(r"[^\s,;|]+")
_EDGES: Final = "\"'`*~<>()[]{}.,:;!?#@…\u200b\ufeff"
_ENDS, _BEGINS = re.compile(r"[:;,.!?)\]]$"), re.compile(r"^[(\[]")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_ID: Final = re.compile(r"(?=\D*\d)(?:[A-Z\d]{6,}|[a-f\d]{8,}|[a-f\d]{8}(?:-[a-f\d]{4}){3}-[a-f\d]{12})")
_CHANGE: Final = re.compile(r"(#\d+|@[0-9a-f]{7,40}|![0-9]+)$")
_READY: Final = re.compile(r"\d+/\d+")
_NAMESPACE: Final = re.compile(r"(?:^|\s)(?:-n|--namespace)[ =]([\w.-]+)")
_COMMANDS: Final = re.compile(r"(?:^|[\s$])(?:kubectl|oc|k|helm|stern|kubectx|k9s)\s")
_SURE: Final[frozenset[KeyKind]] = frozenset({
    "ref", "uid", "pagerduty-service", "pagerduty-key", "alert-name", "workload", "repository", "address", "e-mail", "label",
    "argocd-app", "sentry-project",
})  # fmt: skip
"""What is as sure in the midst of words as it is alone: it is an id, or written as nothing else is."""
_HINTS: Final[tuple[KeyKind, ...]] = ("alert-name", "name", "title", "kubernetes", "service-name")
_SPELLED: Final[tuple[KeyKind, ...]] = ("name", "kubernetes", "cloud-resource")
_SAID: Final[tuple[KeyKind, ...]] = ("title", "service-name", "opsgenie", "on-call")
"""What a plain word, a part of a word, and several words may be."""


def read_text(text: str) -> list[Clue]:
    """Every clue in a text, each once: in all of it, and in its parts."""
    text = text[:MAX_TEXT]
    return list(dict.fromkeys((*read_term(text), *_read_parts(unwrap(text)))))


def spell_names(text: str) -> list[str]:
    """The names that a text may spell, for what is called alike: all of it, or each word of it that looks like a name.

    Nothing is called like the id that a machine made up.
    """
    words = [word for one in _WORD.findall(text[:MAX_TEXT]) if (word := one.strip(_EDGES)) and not _ID.fullmatch(word)]
    if not words:
        return []
    last = [word.rstrip("/").rpartition("/")[2] for word in words]
    whole = [words[0], last[0]] if len(words) == 1 else ["-".join(words)] if len(words) <= _LONGEST_RUN else []
    names = (*whole, *(word for word in last if not _is_plain(word)))
    return list(dict.fromkeys(strip_pod(_spell(name))[:100] for name in names))[:_MOST_NAMES]


def _is_plain(word: str) -> bool:
    return word.isalpha() and (word.islower() or word.istitle() or word.isupper())


def _spell(name: str) -> str:
    """`PaymentApi` and `payment_api` as `payment-api`; what has other signs stays."""
    return "-".join(_HUMP.split(name)).lower() if re.fullmatch(r"\w+", name) else name


def _read_parts(text: str) -> Iterator[Clue]:
    plain = _LINK.sub(r" \1 \4 \2 \3 ", text)
    written = _WORD.findall(plain)[:_MOST_WORDS]
    words = [word.strip(_EDGES).removeprefix("mailto:") for word in written]
    for word in dict.fromkeys(words):
        if word:
            yield from _read_word(word, text)
    yield from _read_pods(plain, words)
    yield from _read_runs(written, words)
    if len(written) > 1 and (labels := find_labels(plain)):
        yield from (clue._replace(part="labels") for clue in read_labels(labels))


def _read_word(word: str, text: str) -> Iterator[Clue]:
    if _is_plain(word):
        if word != text and len(word) > 2:
            yield from (Clue(kind, word, "possible", f"the word `{word}`", word) for kind in _HINTS)
        return
    if (change := _CHANGE.search(word)) and "/" in word:
        yield Clue("slug", word[: change.start()], "likely", "a change in a repository", word)
    elif word != text:
        yield from _lower(read_term(word), word)
    if not re.search(r"[/@:=]", word):
        yield from _read_spelling(word)
    elif "://" not in word and "/" in word:
        for step in word.split("/")[:_LONGEST_PATH]:
            if len(step) > 2 and not _is_plain(step):
                for name in dict.fromkeys((step, step.replace("_", "-"))):
                    yield Clue("running", name, "possible", f"a step of `{word[:80]}`", word)


def _lower(clues: Iterable[Clue], part: str) -> Iterator[Clue]:
    for clue in clues:
        surety: Surety = "likely" if clue.surety == "certain" and clue.kind not in _SURE else clue.surety
        yield clue._replace(surety=surety, seen_as=f"{clue.seen_as}, in `{part[:80]}`", part=part)


def _read_spelling(word: str) -> Iterator[Clue]:
    """`payment_api` and `PaymentApi` are likely `payment-api`, which `PaymentApiDown` and `payment-api-canary` may be about."""
    bare = strip_pod(word)
    steps = [step.lower() for step in _HUMP.split(bare) if step]
    whole = "-".join(steps) if bare == word else ""
    for length in range(min(len(steps), _LONGEST_RUN + 1), 1, -1):
        for at in range(len(steps) - length + 1):
            name = "-".join(steps[at : at + length])
            if name == word:
                continue
            surety: Surety = "likely" if name == whole else "possible"
            seen_as = f"`{word[:80]}`, written otherwise" if name == whole else f"a part of `{word[:80]}`"
            yield from (Clue(kind, name, surety, seen_as, word) for kind in _SPELLED)


def _read_runs(written: Sequence[str], words: Sequence[str]) -> Iterator[Clue]:
    """Words that follow one another, as a title or as a name: `Payment API` may be `payment-api`."""
    for start in range(len(words)):
        for end in range(start + 1, min(start + _LONGEST_RUN, len(words))):
            if _ENDS.search(written[end - 1]) or _BEGINS.search(written[end]) or not words[end]:
                break
            run = words[start : end + 1]
            title = " ".join(run)
            seen_as = f"the words `{title[:80]}`"
            yield from (Clue(kind, title, "likely", seen_as, title) for kind in _SAID)
            yield Clue("name", "-".join(run), "likely", seen_as, title)


def _read_pods(text: str, words: Sequence[str]) -> Iterator[Clue]:
    """A namespace and a pod beside one another, or in a command."""
    for first, second in pairwise(words):
        if strip_pod(second) != second:
            yield from _in_part(workload_clues(first, second, "a namespace and a pod"), second)
        if _READY.fullmatch(second) and (owner := strip_once(first)) != first:
            yield Clue("kubernetes", owner, "likely", f"the workload of the pod `{first[:80]}`", first)
            yield Clue("running", owner, "likely", f"the workload of the pod `{first[:80]}`", first)
    if _COMMANDS.search(text) and (namespace := _NAMESPACE.search(text)):
        for word in words:
            found = workload_clues(namespace[1], word.rpartition("/")[2], "a command for Kubernetes")
            yield from _in_part(found, word)


def _in_part(clues: Iterable[Clue], part: str) -> Iterator[Clue]:
    return (clue._replace(part=part) for clue in clues)
