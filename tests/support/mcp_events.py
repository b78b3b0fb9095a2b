"""Events of streams in memory, so that a client can resume one. Unbounded: it lives for one run."""

import itertools

from mcp.server.streamable_http import EventCallback, EventId, EventMessage, EventStore, StreamId
from mcp_types import JSONRPCMessage
from typing_extensions import override


class MemoryEvents(EventStore):
    """Ids are numbers, rising over all streams."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._events: dict[EventId, tuple[StreamId, JSONRPCMessage | None]] = {}

    @override
    async def store_event(self, stream_id: StreamId, message: JSONRPCMessage | None) -> EventId:
        id = str(next(self._numbers))
        self._events[id] = (stream_id, message)
        return id

    @override
    async def replay_events_after(
        self, last_event_id: EventId, send_callback: EventCallback
    ) -> StreamId | None:
        if last_event_id not in self._events:
            return None
        stream, _ = self._events[last_event_id]
        for id, (of, message) in list(self._events.items()):
            if of == stream and int(id) > int(last_event_id) and message is not None:
                await send_callback(EventMessage(message, id))
        return stream
