"""What the author of a handler says of it, for the API's description. The rest of the description
is found out by running the handler (`api.openapi`)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.control_plane.api.http import guard, untried
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.registry.model import Viewer

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


class Shown(NamedTuple):
    """A body is what `show` makes of values of `types`; none given, of those in its annotations."""

    show: Callable[..., object]
    types: Sequence[Any] = ()
    title: str = ""


class Listed(NamedTuple):
    """A body is a page of such things, bare or wrapped under `name` (`api.http.paging`)."""

    name: str
    each: Shown


Answer: TypeAlias = Shown | Listed | Schema | None
"""How a body is described; None: there is none. JSON, unless `contentMediaType` says otherwise."""


EVENTS: Schema = {"type": "string", "contentMediaType": "text/event-stream"}


@dataclass(frozen=True, slots=True)
class Operation:
    """`answers` by status. `refuses`: statuses of errors beside those that follow from what the
    handler reads (400, 404, 412, 413, 415, 422) and that any answer may have (401, 503)."""

    handler: Handler
    summary: str
    answers: Mapping[int, Answer]
    refuses: Sequence[int] = ()
    tagged: bool = False  # whether its answers have an ETag


class Served(Route):
    """A path with what is known of each of its methods."""

    def __init__(self, path: str, operations: Mapping[str, Operation | Handler]) -> None:
        self.operations = {
            method: each if isinstance(each, Operation) else _undescribed(each)
            for method, each in operations.items()
        }
        super().__init__(path, self._handle, methods=list(operations))  # and HEAD, with a GET

    async def _handle(self, request: Request) -> Response:
        """Raises Denied for who may not, as `guard` says."""
        method = "GET" if request.method == "HEAD" else request.method
        viewer: Viewer | None = request.scope.get("viewer")
        if viewer is not None:  # else it is open to everybody
            at = str(request.path_params.get("id", "")) if self.path.startswith("/servers/") else ""
            guard.check(viewer, self.path, method, at)
        untried.check(method, self.path, request.query_params)
        return await self.operations[method].handler(request)


def _undescribed(handler: Handler) -> Operation:
    return Operation(handler, "", {})
