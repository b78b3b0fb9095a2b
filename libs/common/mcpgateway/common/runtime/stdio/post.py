"""The answer to one POST of Streamable HTTP: JSON when the response comes first, else SSE."""

from collections.abc import Callable

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.runtime.stdio.caller import Caller, Stream


def _nothing() -> None:
    """A legacy client's disconnect is no cancel."""


def always_ok(error: msgspec.Raw) -> int:
    """Before 2026-07-28 a JSON-RPC error is an HTTP success."""
    return 200


class Post:
    """`json_only`: the client does not take a stream. `status_of`: the HTTP status of an error
    that comes first."""

    def __init__(
        self,
        caller: Caller,
        *,
        json_only: bool,
        status_of: Callable[[msgspec.Raw], int] = always_ok,
    ) -> None:
        self.takes_messages = not json_only
        self.on_gone: Callable[[], None] = _nothing
        self.before: Callable[[jsonrpc.Frame], None] | None = None
        self._caller = caller
        self._status_of = status_of
        self._stream: Stream | None = None
        self._gone = False
        caller.exchange.on_gone(self._lost)

    def _lost(self) -> None:
        if not self._gone:
            self._gone = True
            self.takes_messages = False
            self.on_gone()

    def message(self, line: bytes) -> None:
        if self.takes_messages:
            self._opened().event(line)

    def keep_alive(self) -> None:
        if self.takes_messages:
            self._opened().comment()

    def _opened(self) -> Stream:
        if self._stream is None:
            self._stream = self._caller.stream(self._lost)
        return self._stream

    def response(self, frame: jsonrpc.Frame, line: bytes) -> None:
        if self.before is not None:
            self.before(frame)
        if self._gone:
            return
        self.takes_messages = False
        if self._stream is not None:
            self._stream.event(line)
            self._stream.end()
            return
        status = 200
        if not isinstance(frame.error, msgspec.UnsetType):
            status = self._status_of(frame.error)
        self._caller.exchange.on_gone(None)
        self._caller.json(status, line)
