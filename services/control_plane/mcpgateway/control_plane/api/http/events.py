"""Streams of what changes in the registry (server-sent events).

Each stream looks once a second whether there is something new. It ends when the client goes away,
the control plane stops or the database fails; who listens comes back then.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from starlette.responses import Response, StreamingResponse

from mcpgateway.common.errors import GatewayError, LimitExceeded
from mcpgateway.control_plane.registry import ports
from mcpgateway.control_plane.registry.model import Viewer

LOOK_EVERY = 1.0  # seconds
KEEP_ALIVE = 15.0  # seconds without an event
MAX_STREAMS = 100  # of one control plane; one more is refused
RETRY_SECONDS = 30

Told = Callable[[ports.Event], dict[str, Any]]


class Events:
    def __init__(self, read: ports.Reader, stopping: Callable[[], bool]) -> None:
        self._read = read
        self._stopping = stopping
        self._open = 0

    async def stream(self, viewer: Viewer, noun: str, told: Told) -> Response:
        """From now on, of things that the viewer may see; `told` says what of an event. Raises
        LimitExceeded, Unavailable."""
        if self._open >= MAX_STREAMS:
            raise LimitExceeded(
                f"{MAX_STREAMS} streams of events are open, which is the limit",
                retry_after=RETRY_SECONDS,
            )
        after = (await self._read.position()).revision
        return StreamingResponse(
            self._events(viewer, noun, told, after),
            headers={
                "content-type": "text/event-stream",
                "cache-control": "no-store",
                "x-accel-buffering": "no",
            },
        )

    async def _events(
        self, viewer: Viewer, noun: str, told: Told, after: int
    ) -> AsyncIterator[bytes]:
        self._open += 1
        said = time.monotonic()
        try:
            yield b": listening\n\n"
            while not self._stopping():
                await asyncio.sleep(LOOK_EVERY)
                found = await self._read.events(noun, after, viewer)
                for event in found:
                    yield b"data: %b\n\n" % msgspec.json.encode(told(event))
                if found:
                    after, said = found[-1].revision, time.monotonic()
                elif time.monotonic() - said > KEEP_ALIVE:
                    said = time.monotonic()
                    yield b": still here\n\n"
        except GatewayError:
            return
        finally:
            self._open -= 1
