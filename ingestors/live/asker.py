"""Questions to one instance: each asked once for all who want to know, its answer kept a while, its failure too."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

from catalog.alerts import TOOL_NAMES
from catalog.live import Standing, State
from ingestors.live.circuit import Circuit
from ingestors.live.client import Client, LiveError
from ingestors.live.instance import Instance

_MOST_ANSWERS: Final = 2_000
_MOMENT: Final = 0.05
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Question(Generic[T_co]):
    """What to get, how to read it, and for how many seconds the answer is good.

    `read` makes the facts of the JSON, and may raise what wrong shapes raise. Where `may_miss`, 404 reads as None. What
    `is_long` is read beside the event loop, in a thread.
    """

    path: str
    read: Callable[[Any], T_co]
    keep: float
    params: tuple[tuple[str, str], ...] = ()
    may_miss: bool = False
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """What is known: the value and when it was told (None: never), and why there is no newer one."""

    state: State
    value: T_co | None = None
    at: datetime | None = None
    since: datetime | None = None
    reason: str = ""


@dataclass(slots=True)
class _Known:
    """What is remembered of one question; `due` is when it may be asked again."""

    due: float = 0.0
    value: Any = None
    at: datetime | None = None
    since: datetime | None = None
    reason: str = ""

    def tell(self, state: State) -> Answer[Any]:
        return Answer("unavailable" if self.reason else state, self.value, self.at, self.since, self.reason)


class _Flight(NamedTuple):
    """A question under way, which goes on whatever happens to who waits for it. Its time is over at `ends`."""

    task: "asyncio.Task[None]"
    ends: float

    async def wait(self, until: float) -> None:
        """Wait for the answer until then; for a failure that is being told in this very moment, that moment too."""
        loop = asyncio.get_running_loop()
        await asyncio.wait({self.task}, timeout=max(0.0, until - loop.time()))
        if not self.task.done() and loop.time() > self.ends - _MOMENT:
            await asyncio.wait({self.task}, timeout=2 * _MOMENT)


class Asker:
    """Asks one instance. All its methods are for one event loop."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._client = Client(instance)
        self._circuit = Circuit(instance.pause)
        self._known: OrderedDict[object, _Known] = OrderedDict()
        self._flights: dict[object, _Flight] = {}
        self._probe: _Flight | None = None

    @property
    def standing(self) -> Standing:
        """How the instance is, as far as is known."""
        one = self.instance
        return Standing(one.name, one.tool, one.pages, self._circuit.since, self._circuit.reason)

    async def ask(self, question: Question[T], until: float) -> Answer[T]:
        """The answer by this time of the loop's clock; one that comes later is kept for the next who asks."""
        key = (question.path, question.params)
        known = self._known.get(key)
        if known is not None and time.monotonic() < known.due:
            return known.tell("cached")
        flight = self._flights.get(key) or await self._start(key, question, until)
        if flight is None:
            return self._tell_down(known)
        await flight.wait(until)
        if not flight.task.done():
            return (known or _Known()).tell("asking")
        if not flight.task.cancelled():
            flight.task.result()  # what is raised here is a bug, and not the instance's
        return self._known[key].tell("fresh") if key in self._known else self._tell_down(known)

    async def close(self) -> None:
        """Give up the connections, and what is being asked."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.close()

    async def _start(self, key: object, question: Question[T], until: float) -> "_Flight | None":
        """Send the question off, unless the instance is down. Who comes while it is tried again waits for that."""
        if self._probe is not None and not self._probe.task.done():
            await self._probe.wait(until)
        was_down = self._circuit.since is not None
        if key in self._flights or not self._circuit.admits():
            return self._flights.get(key)
        ends = asyncio.get_running_loop().time() + self.instance.seconds
        flight = _Flight(asyncio.create_task(self._fly(key, question)), ends)
        self._flights[key] = flight
        flight.task.add_done_callback(lambda _: self._flights.pop(key, None))
        if was_down:
            self._probe = flight
        return flight

    async def _fly(self, key: object, question: Question[T]) -> None:
        """Ask once, in the time that there is, and remember what came of it."""
        seconds = self.instance.seconds
        try:
            value, rest = await self._get(question)
        except TimeoutError:
            self._fail(key, LiveError(f"no answer within {seconds:g} seconds", is_silent=True))
        except LiveError as error:
            self._fail(key, error)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
            self._fail(key, LiveError(f"its answer is not one of {TOOL_NAMES[self.instance.tool]}'s"))
        else:
            self._circuit.hear()
            self._keep(key, _Known(time.monotonic() + question.keep, value, datetime.now(UTC)))
            if rest:
                self._circuit.open("its rate limit is used up", rest)

    async def _get(self, question: Question[T]) -> tuple[T, float | None]:
        try:
            async with asyncio.timeout(self.instance.seconds):
                found, rest = await self._client.get(question.path, question.params)
        except LiveError as error:
            if error.is_missing and question.may_miss:
                return question.read(None), None
            raise
        return await asyncio.to_thread(question.read, found) if question.is_long else question.read(found), rest

    def _fail(self, key: object, error: LiveError) -> None:
        if error.is_down:
            self._circuit.open(error.reason, error.rest)
        elif error.is_silent:
            self._circuit.miss(error.reason, error.rest)
        else:
            self._circuit.hear()
        old = self._known.get(key) or _Known()
        since = (self._circuit.since if error.is_down else old.since) or datetime.now(UTC)
        due = time.monotonic() + (0.0 if error.is_down else self.instance.pause)
        self._keep(key, _Known(due, old.value, old.at, since, error.reason))

    def _keep(self, key: object, known: _Known) -> None:
        self._known[key] = known
        self._known.move_to_end(key)
        if len(self._known) > _MOST_ANSWERS:
            self._known.popitem(last=False)

    def _tell_down(self, known: _Known | None) -> Answer[Any]:
        known = known or _Known()
        since, reason = self._circuit.since or known.since, self._circuit.reason or known.reason
        return Answer("unavailable", known.value, known.at, since, reason)
