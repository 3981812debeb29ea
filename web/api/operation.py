"""One operation of the API: what it is asked by, who answers, and with what."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from web.api.bodies import Shape
from web.api.parameters import Parameter

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API: `answer` names a schema of `web.api.schemas`, empty where the answer has no body.

    `raw_body` is how many bytes its handler reads of a body as it was sent (`read_bytes`). Where it is 0, a body is JSON
    of the usual size, and read before the handler is asked. `media` are content types other than JSON that it may answer in,
    `accepted` the schema of an answer 202, where something else has been told to do it.
    """

    method: str
    path: str
    handler: Handler
    parameters: tuple[Parameter, ...] = ()
    body: Shape | None = None
    answer: str = ""
    status: int = 200
    refusal: str = "Error"
    raw_body: int = 0
    media: tuple[str, ...] = ()
    accepted: str = ""
