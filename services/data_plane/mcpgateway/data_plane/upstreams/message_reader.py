"""Reads the response to one POST as JSON-RPC messages: a JSON body, or an event stream.

Knows HTTP and framing, not what the messages mean.
"""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Protocol

from mcpgateway.common import sse
from mcpgateway.common.errors import GatewayError, UpstreamTimeout
from mcpgateway.common.runtime.http.client import Ticket
from mcpgateway.common.runtime.http.deadline import Deadline
from mcpgateway.common.runtime.http.wire import EVENT_STREAM, JSON, content_type
from mcpgateway.data_plane.upstreams.faults import Refusal, named, unusable

MAX_MESSAGE = 16 * 1024 * 1024  # bytes of one message that is read whole
_MAX_REFUSAL = 64 * 1024  # bytes read of a response that is no message
_LINGER = 2.0  # seconds that a stream may stay open after its last message


class Listener(Protocol):
    """Takes what a response holds. After `refused`, `failed` or `ended` nothing more comes."""

    def message(self, raw: bytes) -> bool:
        """One message. True: it was the last of interest, nothing more is wanted."""

    def refused(self, refusal: Refusal) -> None:
        """The status or the type is not that of an answer."""

    def ended(self) -> None:
        """The response is complete, and `message` never said that it had the last one."""

    def failed(self, error: GatewayError) -> None:
        """Broken off, late or over its limit. The error names the upstream."""


class MessageReader:
    """A Receiver (see `client.HttpClient`) for one listener, and the ticket of its request: set
    `ticket` once that is sent.

    Bounded by 16 MiB a message: over it the connection is closed and the call fails. `on_open` is
    called when an event stream begins; `last_id` and `retry` (milliseconds) are the last that it
    brought.
    """

    __slots__ = (
        "_content_type",
        "_deadline",
        "_endpoint",
        "_held",
        "_listener",
        "_name",
        "_over",
        "_parser",
        "_parts",
        "_silence",
        "_size",
        "_status",
        "headers",
        "last_id",
        "on_open",
        "retry",
        "ticket",
    )

    def __init__(
        self,
        upstream: str,
        listener: Listener,
        silence: float = inf,
        endpoint: Callable[[str], None] | None = None,
    ) -> None:
        """`silence`: seconds that may pass without a message in an event stream, in which a
        server may send signs of life for ever. `endpoint` is told the data of such an event
        (HTTP+SSE of 2024-11-05)."""
        self.ticket: Ticket | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.on_open: Callable[[], None] | None = None
        self.last_id = ""
        self.retry: int | None = None
        self._name = upstream
        self._listener = listener
        self._silence = silence
        self._endpoint = endpoint
        self._status = 0
        self._content_type = b""
        self._parser: sse.Parser | None = None
        self._deadline: Deadline | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._held = False
        self._over = False

    def header(self, name: bytes) -> str:
        """The first value of a response header, "" when it is not there."""
        value = next((value for key, value in self.headers if key == name), b"")
        return value.decode("latin-1")

    # The request's ticket.

    def cancel(self) -> None:
        self._finish()
        self._stop()

    def pause(self) -> None:
        if self._deadline is not None:
            self._deadline.never()  # the silence is ours
        if self.ticket is not None:
            self.ticket.pause()

    def resume(self) -> None:
        self._expect(self._silence)
        if self.ticket is not None:
            self.ticket.resume()

    def hold(self, held: bool) -> None:
        """While held, silence is not the upstream's: it waits for something itself."""
        self._held = held
        self._expect(self._silence)

    # The response.

    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._status = status
        self.headers = headers
        self._content_type = content_type(headers)
        if encoded(headers):
            self._fail("answered in a content encoding, asked for identity")
        elif status == 200 and self._content_type == EVENT_STREAM:
            self._parser = sse.Parser(MAX_MESSAGE)
            self._deadline = Deadline(asyncio.get_running_loop(), self._expired)
            self._expect(self._silence)
            if self.on_open is not None:
                self.on_open()

    def chunk(self, data: bytes) -> None:
        if self._over:
            return
        if self._parser is not None:
            self._events(self._parser, data)
            return
        self._size += len(data)
        if self._is_answer() and self._size > MAX_MESSAGE:
            self._fail(f"answered with over {MAX_MESSAGE} bytes")
        elif self._is_answer() or self._size <= _MAX_REFUSAL:
            self._parts.append(data)

    def done(self) -> None:
        over = self._over
        self._finish()
        if over:
            return
        if not (self._parser is not None or self._is_answer()):
            self._listener.refused(self._refusal())
        elif self._parser is not None or not self._listener.message(b"".join(self._parts)):
            self._listener.ended()

    def failed(self, error: GatewayError) -> None:
        over = self._over
        self._finish()
        if not over:
            self._listener.failed(named(self._name, error))

    def _is_answer(self) -> bool:
        return self._status == 200 and self._content_type == JSON

    def _events(self, parser: sse.Parser, data: bytes) -> None:
        try:
            events = parser.feed(data)
        except sse.EventTooLarge:
            self._fail(f"sent an event of over {MAX_MESSAGE} bytes")
            return
        for event in events:
            last = self._event(event)
            if self._over:  # cancelled by who took the event
                return
            if last:
                self._over = True
                self._held = False
                self._expect(_LINGER)
                return

    def _event(self, event: sse.Event) -> bool:
        self.last_id = self.last_id if event.id is None else event.id
        self.retry = self.retry if event.retry is None else event.retry
        if event.event == "endpoint" and self._endpoint is not None:
            self._endpoint(event.data.decode("latin-1"))
        # An empty event only carries an id (the priming event of 2025-11-25).
        if event.event != "message" or not event.data:
            return False
        self._expect(self._silence)
        return self._listener.message(event.data)

    def _expect(self, seconds: float) -> None:
        if self._deadline is None:
            return
        if self._held:
            self._deadline.never()
        else:
            self._deadline.expire_in(seconds)

    def _expired(self) -> None:
        if self._over:
            self._stop()
            return
        self._finish()
        self._stop()
        problem = f"sent no message for {self._silence:g} s within its answer"
        self._listener.failed(UpstreamTimeout(f"upstream {self._name!r} {problem}"))

    def _finish(self) -> None:
        self._over = True
        if self._deadline is not None:
            self._deadline.close()

    def _refusal(self) -> Refusal:
        content_type = self._content_type.decode("latin-1")
        body = b"".join(self._parts)
        challenge = self.header(b"www-authenticate")
        return Refusal(self._status, content_type, self.header(b"location"), body, challenge)

    def _fail(self, problem: str) -> None:
        self._finish()
        self._parts.clear()
        self._stop()
        self._listener.failed(unusable(self._name, problem))

    def _stop(self) -> None:
        if self.ticket is not None:
            self.ticket.cancel()


def encoded(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the body is compressed although identity was asked for."""
    for name, value in headers:
        if name == b"content-encoding" and value.strip().lower() != b"identity":
            return True
    return False
