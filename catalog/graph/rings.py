"""The cycles of a whole graph, at a size at which most of it has to be left out first."""

from collections.abc import Mapping, Sequence

from catalog.graph.knots import knots


def rings(targets: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """The groups of nodes that each reach every other one of their group, as sorted nodes.

    What leads nowhere cannot be in any: it is left out over and over, so that networkx sees little of a large graph.
    """
    sources: dict[int, list[int]] = {}
    for node, found in targets.items():
        for target in found:
            sources.setdefault(target, []).append(node)
    ways = {node: sum(1 for target in found if target in targets) for node, found in targets.items()}
    ends = [node for node, count in ways.items() if not count]
    while ends:
        end = ends.pop()
        del ways[end]
        for source in sources.get(end, ()):
            ways[source] -= 1
            if not ways[source]:
                ends.append(source)
    pairs = ((node, target) for node in ways for target in targets[node] if target in ways)
    return sorted(sorted(group) for group in knots(pairs))
