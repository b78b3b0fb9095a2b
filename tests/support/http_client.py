"""HTTP clients that need no network.

`FakeHttp` keeps what was sent, and the test plays the upstream: `http.sent[-1].json({...})`
answers the last request, in the same turn of the loop. `UnreachableClient` reaches nobody.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

from typing_extensions import override

from mcpgateway.common import sse
from mcpgateway.common.errors import GatewayError, UpstreamUnreachable
from mcpgateway.common.runtime.http.call import Call
from mcpgateway.common.runtime.http.client import (
    Headers,
    HttpClient,
    Origin,
    Receiver,
    Response,
    Ticket,
    Timeouts,
)
from mcpgateway.common.runtime.http.tls import Tls


class Sent:
    """One request, and what the upstream does about it. It is its own ticket."""

    def __init__(
        self,
        origin: Origin,
        head: bytes,
        body: bytes,
        receiver: Receiver,
        safe: bool,
        timeouts: Timeouts | None,
    ) -> None:
        self.origin = origin
        self.head = head
        self.body = body
        self.receiver = receiver
        self.safe = safe
        self.timeouts = timeouts
        self.cancelled = False
        self.paused = False

    @property
    def request_line(self) -> str:
        return self.head.split(b"\r\n", 1)[0].decode()

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode().split("\r\n")[1:-1]
        return dict(line.split(": ", 1) for line in lines)

    @property
    def message(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def cancel(self) -> None:
        self.cancelled = True

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def respond(
        self, status: int, content_type: str, body: bytes = b"", *headers: tuple[bytes, bytes]
    ) -> None:
        """A whole response of known length."""
        length = (b"content-length", str(len(body)).encode())
        self.start(status, content_type, length, *headers)
        if body:
            self.receiver.chunk(body)
        self.receiver.done()

    def start(self, status: int, content_type: str, *headers: tuple[bytes, bytes]) -> None:
        self.receiver.head(status, [(b"content-type", content_type.encode()), *headers])

    def json(self, body: Any, status: int = 200, *headers: tuple[bytes, bytes]) -> None:
        self.respond(status, "application/json", json.dumps(body).encode(), *headers)

    def result(self, result: Any, *headers: tuple[bytes, bytes]) -> None:
        """The answer to the JSON-RPC request that was sent."""
        self.json({"jsonrpc": "2.0", "id": self.message["id"], "result": result}, 200, *headers)

    def events(self, *messages: Any) -> None:
        """Messages of an event stream that `start` began."""
        for message in messages:
            self.receiver.chunk(sse.encode(json.dumps(message).encode(), "message"))

    def end(self) -> None:
        self.receiver.done()

    def fail(self, error: GatewayError) -> None:
        self.receiver.failed(error)


class FakeHttp(HttpClient):
    """Callback style only; nothing is answered unless the test does it."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.ran: list[tuple[Origin, Call]] = []
        self.closed_origins: list[Origin] = []

    @override
    def send(
        self,
        origin: Origin,
        head: bytes,
        body: bytes,
        receiver: Receiver,
        *,
        safe: bool = False,
        timeouts: Timeouts | None = None,
    ) -> Ticket:
        sent = Sent(origin, head, body, receiver, safe, timeouts)
        self.sent.append(sent)
        return sent

    @override
    def run(self, origin: Origin, call: Call) -> None:
        self.ran.append((origin, call))

    @override
    async def request(
        self,
        method: str,
        url: str,
        headers: Headers = (),
        body: bytes | AsyncIterator[bytes] = b"",
        *,
        safe: bool = False,
        timeouts: Timeouts | None = None,
        tls: Tls | None = None,
    ) -> Response:
        raise AssertionError("this fake speaks callbacks only")

    @override
    def close_origin(self, origin: Origin) -> None:
        self.closed_origins.append(origin)

    @override
    async def aclose(self) -> None:
        return


class UnreachableClient(HttpClient):
    """Reaches nobody."""

    @override
    def send(
        self,
        origin: Origin,
        head: bytes,
        body: bytes,
        receiver: Receiver,
        *,
        safe: bool = False,
        timeouts: Timeouts | None = None,
    ) -> Ticket:
        raise UpstreamUnreachable(f"{origin.host} does not answer")

    @override
    def run(self, origin: Origin, call: Call) -> None:
        raise UpstreamUnreachable(f"{origin.host} does not answer")

    @override
    async def request(
        self,
        method: str,
        url: str,
        headers: Headers = (),
        body: bytes | AsyncIterator[bytes] = b"",
        *,
        safe: bool = False,
        timeouts: Timeouts | None = None,
        tls: Tls | None = None,
    ) -> Response:
        raise UpstreamUnreachable(f"{url} does not answer")

    @override
    def close_origin(self, origin: Origin) -> None:
        pass

    @override
    async def aclose(self) -> None:
        pass
