"""One panel being put together: the answers that it is made of, all by one time."""

from typing import TypeVar

from catalog.live import Facts, Panel, State
from ingestors.live.asker import Answer, Asker, Question

T = TypeVar("T")
_WORST: tuple[State, ...] = ("unavailable", "asking", "cached", "fresh")


class Round:
    """What one instance is asked for one panel."""

    def __init__(self, asker: Asker, until: float) -> None:
        self.instance = asker.instance
        self._asker, self._until = asker, until
        self._answers: list[Answer[object]] = []

    async def get(self, question: Question[T]) -> T | None:
        """What is known of the answer when the time is up, None for nothing."""
        answer = await self._asker.ask(question, self._until)
        self._answers.append(answer)
        return answer.value

    def panel(self, facts: Facts) -> Panel:
        """The panel with these facts, as good as the worst of the answers."""
        states = [answer.state for answer in self._answers]
        state: State = next((one for one in _WORST if one in states), "fresh")
        worst = next((answer for answer in self._answers if answer.state == state), Answer(state))
        told = [answer.at for answer in self._answers if answer.at is not None]
        one = self.instance
        return Panel(one.name, one.tool, state, facts, min(told, default=None), worst.since, worst.reason, one.pages)
