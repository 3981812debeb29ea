"""What is left when kinds are hidden: the relations among the rest, and a link for every way that leads through hidden ones."""

from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap

from catalog.graph.matrix import Ints, Links
from catalog.graph.part import Part

MOST_IMPLIED, _MOST_WORK = 300_000, 40_000
"""More implied links, or steps to find them, are not worked out: hiding what most ways lead through has millions."""


@dataclass(frozen=True, slots=True)
class Rest:
    """The relations among visible entities, and the implied pairs among them.

    `through` counts the relations that have a hidden end; `is_cut` is true where the implied links were too many to find.
    """

    links: Links
    sources: Ints
    targets: Ints
    through: int
    is_cut: bool = False


def hide(part: Part) -> Rest:
    """Take the hidden entities out of a part. Two visible ones are joined where a way of only hidden ones joins them."""
    links, hidden = part.links, part.hidden
    from_hidden, to_hidden = hidden[links.sources], hidden[links.targets]
    among = links.pick(~from_hidden & ~to_hidden)
    through = int((from_hidden | to_hidden).sum())
    found = _find_pairs(links.pick(to_hidden), links.pick(from_hidden), part)
    empty = np.zeros(0, dtype=np.int64)
    if found is None:
        return Rest(among, empty, empty, through, is_cut=True)
    return Rest(among, found >> 32, found & 0xFFFFFFFF, through)


def _find_pairs(entering: Links, leaving: Links, part: Part) -> Ints | None:
    """The implied pairs, packed as source and target; None where they are too many."""
    if part.hidden[leaving.targets].any():
        pairs = _find_implied(entering, leaving, part)
        if pairs is None:
            return None
        packed = [source << 32 | target for source, targets in pairs.items() for target in targets]
        return np.array(packed, dtype=np.int64)
    counts = np.bincount(leaving.sources, minlength=len(part.hidden))  # leaving is sorted by source
    begins = (np.cumsum(counts) - counts)[entering.targets]
    repeats = counts[entering.targets]
    total = int(repeats.sum())
    if total > MOST_IMPLIED:
        return None
    ends = np.cumsum(repeats)
    places = np.repeat(begins - (ends - repeats), repeats) + np.arange(total)
    sources, targets = np.repeat(entering.sources, repeats), leaving.targets[places]
    keys = np.sort(((sources << 32) | targets)[sources != targets])
    return keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys


def _find_implied(entering: Links, leaving: Links, part: Part) -> dict[int, BitMap] | None:
    """By visible entity, the visible ones at the other end of hidden ways; None where that is too much work."""
    onward: dict[int, tuple[BitMap, BitMap]] = {}  # by hidden entity: the visible and the hidden ones after it
    for source, target in zip(leaving.sources.tolist(), leaving.targets.tolist(), strict=True):
        onward.setdefault(source, (BitMap(), BitMap()))[bool(part.hidden[target])].add(target)
    ways: dict[int, BitMap] = {}
    pairs: dict[int, BitMap] = {}
    work = total = 0
    visible = ~part.hidden[entering.sources]
    for source, target in zip(entering.sources[visible].tolist(), entering.targets[visible].tolist(), strict=True):
        if target not in ways:
            ways[target], steps = _follow(onward, target)
            work += steps
        known = pairs.setdefault(source, BitMap())
        total -= len(known)
        known |= ways[target]
        known.discard(source)
        total += len(known)
        if work > _MOST_WORK or total > _MOST_WORK:
            return None
    return pairs


def _follow(onward: dict[int, tuple[BitMap, BitMap]], start: int) -> tuple[BitMap, int]:
    """The visible entities that hidden ways from a hidden one lead to, and how many hidden ones were looked at."""
    found, seen, waiting = BitMap(), BitMap((start,)), [start]
    while waiting:
        visible, hidden = onward.get(waiting.pop(), (BitMap(), BitMap()))
        found |= visible
        fresh = hidden - seen
        seen |= fresh
        waiting.extend(fresh)
    return found, len(seen)
