"""What a question asks of a catalog: its terms as one predicate over the view's columns."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from pyroaring import BitMap, FrozenBitMap

from catalog.derived import once_a_view
from catalog.facts import ALERTED, DESCRIBED, LINKED, PAGER, RUNBOOK, find_facts
from catalog.query import BY_REF, All, Among, AnyOf, Exists, HasPrefix, Like, Not, OneOf, Predicate
from catalog.relations import RELATION_TYPES
from catalog.view import View
from web.asking.keys import KEYS, Key
from web.asking.terms import Phrase, Term, Value

TEXT_KEYS: Final = ("metadata.name", "metadata.title", "metadata.description", "metadata.tags")
"""Where a list looks for free words."""

NOTHING: Final = AnyOf(())
_FORWARD: Final = ("dependson", "providesapi", "consumesapi", "partof", "ownedby", "memberof", "childof")
_LINKS: Final = ("metadata.links.title", "metadata.links.type")
_ADDRESSES: Final = ("metadata.links.url", *_LINKS)
_TYPES: Final = {name.lower(): name for name in RELATION_TYPES}
_DOCS: Final = ("backstage.io/techdocs-ref", "backstage.io/techdocs-entity")
_MAX_VALUES: Final = 20_000


def compile_term(term: Term, view: View) -> Predicate:
    """One term as a predicate: any of its values holds, or with a minus none of them."""
    key = KEYS.get(term.key) or Key(term.key, "", "", column=term.key)
    found = tuple(_compile_value(key, value, view, is_exact=term.is_exact) for value in term.values)
    whole = found[0] if len(found) == 1 else AnyOf(found)
    return Not(whole) if term.is_negated else whole


def compile_phrase(phrase: Phrase) -> Predicate:
    """Free words as a list filters by them: they stand in the name, title, description or a tag."""
    found = Like(TEXT_KEYS, phrase.text.lower())
    return Not(found) if phrase.is_negated else found


def _compile_value(key: Key, value: Value, view: View, *, is_exact: bool) -> Predicate:
    low = value.text.lower()
    match key.how:
        case "ref" if value.is_any:
            return _any_relation(view, key.column.removeprefix("relations."))
        case "ref":
            return _related(
                view, key.column.removeprefix("relations."), find_targets(key, value, view, is_exact=is_exact)
            )
        case "pair":
            return _compile_pair(key, value)
        case "text":
            return Exists(key.column) if value.is_any else Like((key.column,), low)
        case "choice":
            make = CHOICES[key.name].get(low)
            return make(view) if make else NOTHING
        case "uid":
            ref = view.ref_of_uid(low)
            return OneOf(BY_REF, (ref,) if ref else ())
        case "self":
            return OneOf(BY_REF, _expand_ref(view, value, ()))
    if value.is_any:
        return Exists(key.column)
    return HasPrefix(key.column, low) if value.is_prefix else OneOf(key.column, (low,))


def _compile_pair(key: Key, value: Value) -> Predicate:
    name, equals, wanted = value.text.lower().partition("=")
    column = f"{key.column}.{name}"
    if not equals or (value.is_prefix and not wanted):
        return Exists(column)
    return HasPrefix(column, wanted) if value.is_prefix else OneOf(column, (wanted,))


def find_targets(key: Key, value: Value, view: View, *, is_exact: bool = False) -> tuple[str, ...]:
    """The refs that a value means, whether they are in the catalog or only named in it; with what lies within them."""
    refs = _expand_ref(view, value, key.kinds)
    if not key.within or is_exact:
        return refs
    starts = [view.edges.nodes[ref] for ref in refs if ref in view.edges.nodes]
    return tuple(view.edges.refs[node] for node in view.edges.reach(starts, frozenset({key.within})))


def _expand_ref(view: View, value: Value, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Every ref, of these kinds where it names none, that a text with an optional kind and namespace can mean."""
    text = value.text.lower()
    head, colon, rest = text.partition(":")
    kind, rest = (head, rest) if colon else ("", text)
    namespace, slash, name = rest.rpartition("/")
    wanted = (kind,) if kind else kinds or tuple({one.lower() for one in view.column("kind").postings})
    if value.is_prefix:
        heads = tuple(f"{one}:{namespace}/{name}" if slash else f"{one}:" for one in wanted)
        return tuple(
            ref for ref in view.edges.refs if ref.startswith(heads) and ref.rpartition("/")[2].startswith(name)
        )[:_MAX_VALUES]
    spaces = (
        (namespace,) if slash else ("default", *(one.lower() for one in view.column("metadata.namespace").postings))
    )
    refs = dict.fromkeys(f"{one}:{space}/{name}" for one in wanted for space in spaces)
    return tuple(ref for ref in refs if ref in view.edges.nodes)


def _any_key(keys: Iterable[str]) -> Predicate:
    return AnyOf(tuple(Exists(key) for key in keys))


def _any_text(keys: tuple[str, ...], *words: str) -> Predicate:
    return AnyOf(tuple(Like(keys, word) for word in words))


def _any_annotation(view: View, names: Iterable[str]) -> Predicate:
    keys = tuple(f"metadata.annotations.{name}" for name in names)
    view.prepare(keys)
    return _any_key(keys)


def _any_relation(view: View, *names: str) -> Predicate:
    """What has a relation of one of the types, given in lower case."""
    types = frozenset(_TYPES[name] for name in names)
    return Among(FrozenBitMap(node for node, _ in view.edges.links(types)))


def _related(view: View, name: str, refs: Iterable[str]) -> Predicate:
    """What has a relation of the type to one of the refs: found from there, against the relation."""
    back, nodes, edges = frozenset({RELATION_TYPES[_TYPES[name]]}), view.edges.nodes, view.edges
    known = (nodes[ref] for ref in refs if ref in nodes)
    return Among(FrozenBitMap(target for node in known for _, target in edges.targets(node, back)))


def _has(fact: int) -> Callable[[View], Predicate]:
    return lambda view: Among(FrozenBitMap(find_facts(view).have(fact)))


@once_a_view
def _dangling(view: View) -> tuple[str, ...]:
    """The refs that something names and nothing defines."""
    nodes = BitMap(range(len(view.edges.refs))) - view.live
    return tuple(view.edges.refs[node] for node in nodes if view.edges.of(node))


def _names_gone(view: View) -> Predicate:
    gone = _dangling(view)
    return AnyOf(tuple(_related(view, name, gone) for name in _FORWARD)) if gone else NOTHING


def _is_broken(view: View) -> Predicate:
    return AnyOf((OneOf(BY_REF, tuple(view.statuses)), _names_gone(view)))


def _is_unowned(view: View) -> Predicate:
    can_be_owned = OneOf("kind", ("component", "api", "resource", "system", "domain", "template"))
    gone = tuple(ref for ref in _dangling(view) if ref.startswith(("group:", "user:")))
    return All((can_be_owned, AnyOf((Not(_any_relation(view, "ownedby")), _related(view, "ownedby", gone)))))


def _is_lifecycle(name: str) -> Callable[[View], Predicate]:
    return lambda _: OneOf("spec.lifecycle", (name,))


_CHOICES: Final[Mapping[str, Mapping[str, Callable[[View], Predicate]]]] = {
    "has": {
        "owner": lambda view: _any_relation(view, "ownedby"),
        "system": lambda view: _any_relation(view, "partof"),
        "description": _has(DESCRIBED),
        "tags": lambda _: Exists("metadata.tags"),
        "links": _has(LINKED),
        "runbook": _has(RUNBOOK),
        "dashboard": lambda _: _any_text(_ADDRESSES, "dashboard", "grafana"),
        "docs": lambda view: AnyOf((_any_annotation(view, _DOCS), _any_text(_LINKS, "doc"))),
        "pager": _has(PAGER),
        "alert": _has(ALERTED),
        "dependencies": lambda view: _any_relation(view, "dependson"),
        "dependents": lambda view: _any_relation(view, "dependencyof"),
        "api": lambda view: _any_relation(view, "providesapi", "consumesapi"),
        "members": lambda view: _any_relation(view, "hasmember", "parentof"),
    },
    "is": {
        "broken": _is_broken,
        "dangling": _names_gone,
        "orphan": lambda _: OneOf("metadata.annotations.backstage.io/orphan", ("true",)),
        "unowned": _is_unowned,
        "unused": lambda view: Not(
            _any_relation(view, "dependencyof", "apiconsumedby", "haspart", "ownerof", "hasmember")
        ),
        "deprecated": _is_lifecycle("deprecated"),
        "production": _is_lifecycle("production"),
    },
}
CHOICES: Final = {
    name: {value: once_a_view(make) for value, make in choices.items()} for name, choices in _CHOICES.items()
}
"""How each value of `has:` and `is:` is compiled, once a view; `keys.CHOICES` says what they mean."""
