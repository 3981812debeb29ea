"""Which system, domain and team each entity belongs to, for the whole graph at once, as arrays of node numbers."""

from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np

from catalog.graph.matrix import NOWHERE, Flags, Ints, Matrix

_LONGEST_CHAIN = 16
_MADE: "WeakKeyDictionary[Matrix, dict[str, Ints]]" = WeakKeyDictionary()
_LOCK = Lock()


def group_of(matrix: Matrix, dimension: str) -> Ints:
    """By node, the node of its system, domain, team or its team's parent, `NOWHERE` where it has none; by kind, its number.

    A system is in itself, as a domain and a team are. Of several the first by ref counts.
    """
    if dimension == "kind":
        return matrix.kinds
    if dimension == "all":
        return np.zeros(len(matrix), dtype=np.int64)
    with _LOCK:
        known = _MADE.setdefault(matrix, {})
        if not known:
            known |= _group(matrix)
        return known[dimension]


def _group(matrix: Matrix) -> dict[str, Ints]:
    systems, domains, teams = (matrix.kind_is([kind]) for kind in ("system", "domain", "group"))
    nodes = np.arange(len(matrix))
    whole = _first(matrix, "partOf", ~systems & ~domains)
    system = np.where(systems, nodes, _first(matrix, "partOf", systems))
    for _ in range(_LONGEST_CHAIN):  # a part of a component is in that component's system
        lacking = (system == NOWHERE) & (whole != NOWHERE)
        if not (found := np.where(lacking, system[whole], NOWHERE) != NOWHERE).any():
            break
        system[found] = system[whole[found]]
    domain = np.where(domains, nodes, _first(matrix, "partOf", domains))
    domain = np.where((domain == NOWHERE) & (system != NOWHERE), domain[system], domain)
    owner, member = _first(matrix, "ownedBy"), _first(matrix, "memberOf")
    team = np.where(teams, nodes, np.where(owner != NOWHERE, owner, member))
    above = _first(matrix, "childOf")
    parent = np.where(team == NOWHERE, NOWHERE, np.where(above[team] == NOWHERE, team, above[team]))
    return {"system": system, "domain": domain, "team": team, "parent": parent}


def _first(matrix: Matrix, relation: str, wanted: Flags | None = None) -> Ints:
    """By node, its target of a type among the wanted ones; the first by ref where there are several."""
    links = matrix.links(np.ones(len(matrix), dtype=np.bool_), [relation])
    if wanted is not None:
        links = links.pick(wanted[links.targets])
    first = np.full(len(matrix), NOWHERE, dtype=np.int64)
    first[links.sources] = links.targets
    sources, counts = np.unique(links.sources, return_counts=True)
    several = set(sources[counts > 1].tolist())
    if several:
        some = links.pick(np.isin(links.sources, list(several)))
        for source, target in zip(some.sources.tolist(), some.targets.tolist(), strict=True):
            first[source] = min(int(first[source]), target, key=matrix.refs.__getitem__)
    return first
