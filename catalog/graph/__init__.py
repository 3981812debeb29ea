"""Questions about the relation graph: neighbourhood, parts of it drawn small, impact, shortest ways, cycles."""

from catalog.graph.question import Question
from catalog.graph.rings import rings
from catalog.graph.walk import FORWARD, Direction, Neighbourhood, neighbourhood, types_of

__all__ = ["FORWARD", "Direction", "Neighbourhood", "Question", "neighbourhood", "rings", "types_of"]
