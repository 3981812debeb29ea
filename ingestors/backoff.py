"""How long to wait before a host, or a git server, that failed is asked again."""

import random
from typing import Final

_FIRST: Final = 0.5
_DICE: Final = random.Random()  # its own: nobody else's seed decides when hosts are asked


def back_off(attempt: int) -> float:
    """Seconds after the try `attempt`, counted from 0: twice as long each time, by half more or less at random."""
    return _FIRST * float(2**attempt) * _DICE.uniform(0.5, 1.5)
