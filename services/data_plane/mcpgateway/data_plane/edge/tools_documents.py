"""The OpenAPI documents of virtual servers: made when they are first asked for, kept with the view.

Large ones are made in slices, once for all who wait for the same.
"""

import asyncio
import logging
from collections.abc import Generator, Iterator
from functools import partial
from weakref import WeakKeyDictionary

import msgspec

from mcpgateway.common.errors import Bug, Unavailable
from mcpgateway.common.routing.search_tools import LIST
from mcpgateway.common.routing.view import View
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.slices import Unfinished, begun, in_slices
from mcpgateway.common.tools_document import Described, document
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.pipeline import answer

KEPT = 32 * 1024 * 1024  # bytes of all documents; those that were made first go
MAKING = 16  # at once; who asks for more is told to come again
_CACHING = (b"cache-control", b"private, no-cache")

log = logging.getLogger(__name__)
_ours = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


class ToolsDocuments:
    """`version` is what the documents say of theirs."""

    def __init__(self, version: str, kept: int = KEPT) -> None:
        self._version = version
        self._limit = kept
        self._kept: WeakKeyDictionary[View, bytes] = WeakKeyDictionary()
        self._making: dict[View, asyncio.Task[bytes]] = {}

    def answer(self, exchange: Exchange, view: View) -> None:
        """Now, or when it is made."""
        found = self._kept.get(view)
        if found is not None:
            _respond(exchange, found)
            return
        task = self._making.get(view)
        if task is None:
            steps = document(self._described(view), _tools(view))
            try:
                _respond(exchange, self._keep(view, begun(steps)))
            except Unfinished:
                task = self._make(view, steps)
            else:
                return
        if task is None:
            errors.refuse_with(exchange, Unavailable(f"{MAKING} documents are being made"))
            return
        exchange.on_gone(None)
        task.add_done_callback(partial(_made, exchange))

    def _make(
        self, view: View, steps: Generator[None, None, bytes]
    ) -> "asyncio.Task[bytes] | None":
        if len(self._making) >= MAKING:
            return None
        task = asyncio.get_running_loop().create_task(in_slices(steps))
        self._making[view] = task
        task.add_done_callback(partial(self._over, view))
        return task

    def _over(self, view: View, task: "asyncio.Task[bytes]") -> None:
        del self._making[view]
        if not task.cancelled() and task.exception() is None:
            self._keep(view, task.result())

    def _keep(self, view: View, made: bytes) -> bytes:
        self._kept[view] = made
        size = sum(map(len, self._kept.values()))
        for other, body in list(self._kept.items()):
            if size <= self._limit:
                break
            size -= len(body)
            del self._kept[other]
        return made

    def _described(self, view: View) -> Described:
        server = view.server
        if server is None:
            raise Bug("only virtual servers have documents")
        path, open = f"/servers/{server.id}", server.anonymous_access
        return Described(server.name, server.description, path, self._version, open)


def _tools(view: View) -> Iterator[tuple[str, bytes]]:
    """By name."""
    if view.searched:
        for each in _ours.decode(LIST):
            name = msgspec.json.decode(each.pop("name"), type=str)
            yield name, msgspec.json.encode(each)
        return
    for name in sorted(view.tools):
        yield name, view.tools[name].definition


def _made(exchange: Exchange, task: "asyncio.Task[bytes]") -> None:
    if task.cancelled():
        errors.refuse_with(exchange, Unavailable("the gateway is stopping"))
    elif (error := task.exception()) is not None:
        log.error("a document of tools could not be made", exc_info=error)
        errors.refuse_with(exchange, Bug("the document could not be made"))
    else:
        _respond(exchange, task.result())


def _respond(exchange: Exchange, body: bytes) -> None:
    exchange.respond(200, (answer.JSON, _CACHING), body)
