"""Events of streams, apart for each session: the official SDK names a stream by the id of its
request alone, and gives the sessions of a server one store."""

import itertools
from contextvars import ContextVar

from mcp.server.streamable_http import EventCallback, EventId
from mcp_types import JSONRPCMessage
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from support.mcp_events import MemoryEvents

_SESSION = b"mcp-session-id"


class SessionEvents(MemoryEvents):
    """Knows the session by `Sessions`, in whose context it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.session: ContextVar[str] = ContextVar("session")

    @override
    async def store_event(self, stream_id: str, message: JSONRPCMessage | None) -> EventId:
        return await super().store_event(f"{self.session.get()} {stream_id}", message)

    @override
    async def replay_events_after(
        self, last_event_id: EventId, send_callback: EventCallback
    ) -> str | None:
        found = await super().replay_events_after(last_event_id, send_callback)
        return None if found is None else found.partition(" ")[2]


class SessionsApart:
    """Says in whose session a request is. What a session starts inherits the context of the request
    that opened it, which has no id yet: it is known by a number until then, and after."""

    def __init__(self, app: ASGIApp, events: SessionEvents) -> None:
        self._app = app
        self._events = events
        self._numbers = itertools.count(1)
        self._known: dict[bytes, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        id = next((v for name, v in scope.get("headers", ()) if name == _SESSION), None)
        session = self._known.get(id) if id is not None else None
        session = session or str(next(self._numbers))
        self._events.session.set(session)

        async def noting(message: Message) -> None:
            for name, value in message.get("headers", ()):
                if name == _SESSION:
                    self._known.setdefault(value, session)
            await send(message)

        await self._app(scope, receive, noting)
