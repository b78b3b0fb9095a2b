"""What HTTP/2 and HTTP/3 have in common here: streams of Hypercorn's protocols, each with a task of
the ASGI application.

Hypercorn asks this for tasks (`hypercorn.typing.TaskGroup`) and hands it what comes on a stream.
Its own task group queues that by messages, so that one stream whose application is slow stops a
whole connection; this keeps the bytes of each stream apart.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from hypercorn.config import Config
from hypercorn.typing import AppWrapper, ASGIReceiveEvent, ASGISendEvent
from hypercorn.typing import Scope as AnyScope

from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.common.runtime.http.server_home import UnderWay
from mcpgateway.common.runtime.tasks import end
from mcpgateway.data_plane.doors.asgi import AsgiApplication
from mcpgateway.data_plane.doors.asgi_exchange import Aborted, Message

log = logging.getLogger(__name__)

CONCURRENT_STREAMS = 100  # a connection
RESETS = 100  # streams that a peer may reset ...
RESET_SECONDS = 10.0  # ... within so long
_MANY = 2**31  # Hypercorn's limits of requests a connection cut off those under way: none


def make_config(limits: ServerLimits) -> Config:
    """Hypercorn's settings, as far as its protocols read them."""
    config = Config()
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.include_date_header = False  # the exchange says it
    config.h2_max_concurrent_streams = CONCURRENT_STREAMS
    # Twice what is answered 431: what is over this ends the connection, without an answer.
    config.h2_max_header_list_size = 2 * limits.header_bytes
    config.keep_alive_max_requests = _MANY
    return config


class Incoming:
    """What came on a stream and was not taken yet, in one piece. Bounded by what the peer may
    send before `taken` is called (HTTP/2), or by who fills it (HTTP/3: see `size`)."""

    def __init__(self, taken: Callable[[], Awaitable[None]] | None = None) -> None:
        self._taken = taken
        self._data = bytearray()
        self._complete = False
        self._told = False  # that it is complete
        self._gone = False
        self._news = asyncio.Event()

    @property
    def complete(self) -> bool:
        """The peer has sent all."""
        return self._complete

    @property
    def size(self) -> int:
        return len(self._data)

    async def put(self, event: ASGIReceiveEvent) -> None:
        """Hypercorn's messages."""
        if event["type"] == "http.request":
            self._data += event["body"]
            self._complete = self._complete or not event["more_body"]
        elif event["type"] == "http.disconnect":
            self._gone = True
        self._news.set()

    async def receive(self) -> Message:
        """ASGI's `receive`. That the peer is gone is told at once, before what it sent."""
        while not (self._gone or self._data or (self._complete and not self._told)):
            self._news.clear()
            await self._news.wait()
        if self._gone:
            return {"type": "http.disconnect"}
        body, self._data = bytes(self._data), bytearray()
        self._told = self._complete
        if self._taken is not None:
            await self._taken()
        return {"type": "http.request", "body": body, "more_body": not self._told}


class Streams(dict[int, Any]):
    """A connection's streams by id. Frames for one that is over are for nobody: Hypercorn takes
    its absence for a mistake and ends the connection, when a request was answered early."""

    def __missing__(self, stream_id: int) -> "_Nobody":
        return _Nobody()


class _Nobody:
    idle = True

    async def handle(self, event: object) -> None:
        pass


class Resets:
    """Streams that one peer has reset. Each costs it a frame and us a request (CVE-2023-44487)."""

    def __init__(self) -> None:
        self._count = 0
        self._since = 0.0

    def too_many(self) -> bool:
        """Counts one more."""
        now = asyncio.get_running_loop().time()
        if now - self._since > RESET_SECONDS:
            self._count, self._since = 0, now
        self._count += 1
        return self._count > RESETS


def unusable(headers: Sequence[tuple[bytes, bytes]]) -> bytes | None:
    """The status for a head that Hypercorn can not make an ASGI scope of."""
    pseudo = {name: value for name, value in headers if name.startswith(b":")}
    if pseudo.get(b":method") == b"CONNECT":
        return b"501"
    if not (pseudo[b":method"].isascii() and pseudo[b":path"].isascii()):
        return b"400"
    return None


class StreamTasks(ABC):
    """The tasks of one connection: one for each stream's application, and the protocol's own."""

    def __init__(self, app: AsgiApplication) -> None:
        self._app = app
        self._tasks: set[asyncio.Task[None]] = set()
        self.opening = 0  # the stream that Hypercorn is making

    def under_way(self) -> Sequence[UnderWay]:
        return self._app.under_way()

    @abstractmethod
    def incoming(self, stream_id: int) -> Incoming:
        """For a new stream."""

    @abstractmethod
    async def reset(self, stream_id: int) -> None:
        """Cut a stream off, visibly to the peer."""

    async def spawn_app(
        self,
        app: AppWrapper,
        config: Config,
        scope: AnyScope,
        send: Callable[[ASGISendEvent | None], Awaitable[None]],
    ) -> Callable[[ASGIReceiveEvent], Awaitable[None]]:
        """Hypercorn's way to start the application."""
        incoming = self.incoming(self.opening)
        self._start(self._serve(self.opening, scope, incoming, send))
        return incoming.put

    async def _serve(
        self,
        stream_id: int,
        scope: Any,
        incoming: Incoming,
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        try:
            await self._app(scope, incoming.receive, send)
        except Aborted:
            await self.reset(stream_id)
        except Exception:
            log.exception("a stream failed")
            await self.reset(stream_id)
        finally:
            await send(None)

    def spawn(self, work: Callable[..., Coroutine[Any, Any, None]], *args: Any) -> None:
        self._start(work(*args))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end_tasks(self) -> None:
        await end(*self._tasks)
