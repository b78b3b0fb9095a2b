"""What of a client stays the same while its calls take a shortcut: its session, if it has one.

A legacy session goes on as it was for as long as this replica knows all of it and none of it has
changed: its end, its log level, what its client declared.
"""

from typing import NamedTuple, Protocol

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.mcp.session import LIFETIME, Session
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.call import AnswerSink, Call
from mcpgateway.data_plane.pipeline.conversations import Conversations, Place
from mcpgateway.data_plane.pipeline.inflight import Cancel, InFlight
from mcpgateway.data_plane.pipeline.sinks.exchange_sink import ExchangeSink


class ShortClient(Protocol):
    """`expires`: when its credentials or its session do, in Unix seconds."""

    expires: float

    def unchanged(self) -> bool:
        """Whether a call of it would be served as the one that this was made from."""

    def begun(self, id: jsonrpc.Id, cancel: Cancel) -> None:
        """A call of it is under way."""

    def over(self, id: jsonrpc.Id) -> None:
        """It is over, and needed no sink."""

    def sink(self, exchange: Exchange, id: jsonrpc.Id, cancel: Cancel) -> AnswerSink:
        """For the answer to a call that has begun."""


class ShortClients(NamedTuple):
    """Makes them of calls that went the long way."""

    conversations: Conversations
    inflight: InFlight

    def of(self, call: Call) -> ShortClient | None:
        """None for one of which each call must be looked at."""
        if call.session is not None:
            return self._in_session(call, call.session)
        return LoneClient(call.era, call.caller.expires)

    def _in_session(self, call: Call, session: Session) -> ShortClient | None:
        mark = self.conversations.states.mark(session.id)
        if mark is None:
            return None
        place = Place(call.view.server_id, call.caller.key, session)
        return SessionClient(self, place, mark, call.caller.expires)


class LoneClient:
    """One without a session: modern, or a legacy one that wants none."""

    def __init__(self, era: Era, expires: float) -> None:
        self._era = era
        self.expires = expires

    def unchanged(self) -> bool:
        return True

    def begun(self, id: jsonrpc.Id, cancel: Cancel) -> None:
        return

    def over(self, id: jsonrpc.Id) -> None:
        return

    def sink(self, exchange: Exchange, id: jsonrpc.Id, cancel: Cancel) -> AnswerSink:
        return ExchangeSink(exchange, id, self._era)


class SessionClient:
    """A legacy one in its session, at one place. Its calls can be cancelled by message."""

    def __init__(self, parts: ShortClients, place: Place, mark: object, expires: float) -> None:
        self._states = parts.conversations.states
        self._conversations = parts.conversations
        self._inflight = parts.inflight
        self._place = place
        self._id = place.session.id
        self._mark = mark
        self.expires = min(expires, place.session.issued + LIFETIME)

    def unchanged(self) -> bool:
        return self._states.mark(self._id) is self._mark

    def begun(self, id: jsonrpc.Id, cancel: Cancel) -> None:
        self._inflight.add((self._id, id), cancel)

    def over(self, id: jsonrpc.Id) -> None:
        self._inflight.remove((self._id, id))

    def sink(self, exchange: Exchange, id: jsonrpc.Id, cancel: Cancel) -> AnswerSink:
        sink = self._conversations.in_session(exchange, id, self._place, lambda: self.over(id))
        self._inflight.replace((self._id, id), cancel, sink.cancel)
        return sink
