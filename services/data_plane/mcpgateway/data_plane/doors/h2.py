"""HTTP/2 on a TLS connection, by Hypercorn's protocol, with the ASGI door's application.

Hypercorn turns frames into ASGI messages and back. What it leaves open is mended here; each has a
test.

- A stream's window is given back when the application has taken the data, not when it came.
- What follows of a request that was answered early is thrown away, up to DISCARD bytes: clients on
  Python's httpcore wait for ever when they are told to stop.
- A response that is cut off resets its stream. A connection that breaks ends its tasks.
- Priorities (deprecated by RFC 9113) are ignored, CONNECT is not offered.
- Frames over the limit are refused by their head. Peers that reset streams over and over
  (CVE-2023-44487) lose the connection.
- Draining refuses new streams, with the code that lets clients send them elsewhere, and says GOAWAY
  when the last one is over: clients on Python's h2 give up their streams when they hear it. An idle
  connection is closed with GOAWAY.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings
from h2.errors import ErrorCodes
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.typing import AppWrapper, ConnectionState, TaskGroup
from hyperframe.frame import GoAwayFrame
from typing_extensions import override

from mcpgateway.common.runtime.http.server_home import Home
from mcpgateway.data_plane.doors.asgi import AsgiApplication
from mcpgateway.data_plane.doors.streams import (
    CONCURRENT_STREAMS,
    Incoming,
    Resets,
    Streams,
    StreamTasks,
    unusable,
)

log = logging.getLogger(__name__)

NAME = "h2"  # in ALPN
READ = 64 * 1024
DISCARD = 16 * 1024 * 1024  # bytes of a body that are read behind an early answer
STREAM_WINDOW = 65_535  # bytes, HTTP/2's initial one
# One stream whose application does not read must not stop the others.
CONNECTION_WINDOW = STREAM_WINDOW * (CONCURRENT_STREAMS + 1)


def factory(config: Config) -> Callable[[Home], asyncio.Protocol]:
    """Makes a protocol for each connection (`server.Beside.chosen`)."""

    def make(home: Home) -> asyncio.Protocol:
        reader = asyncio.StreamReader(limit=READ)
        connection = H2Connection(home, config)
        return asyncio.StreamReaderProtocol(reader, connection.serve)

    return make


class H2Connection(StreamTasks):
    """One connection: reads, times, and ends. A `Guest` of its listener."""

    def __init__(self, home: Home, config: Config) -> None:
        super().__init__(AsgiApplication(home))
        self._home = home
        self._config = config
        self._over = False
        self._patience: asyncio.Timeout | None = None  # while it is read

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._protocol = _Protocol(self, self._config, writer)
        try:
            if self._home.admit(self):
                await self._converse(reader)
        except OSError as error:
            log.debug("an HTTP/2 connection broke: %s", error)
        except Exception:
            log.exception("an HTTP/2 connection failed")
        finally:
            await self._protocol.handle(Closed())
            await self.end_tasks()
            writer.close()
            self._home.leave(self)

    async def _converse(self, reader: asyncio.StreamReader) -> None:
        try:
            async with asyncio.timeout(self._home.limits.idle_seconds) as self._patience:
                await self._protocol.initiate()
                while not self._over and (data := await reader.read(READ)):
                    self._home.counts.received += len(data)
                    await self._protocol.handle(RawData(data))
        except TimeoutError:
            self._protocol.say_goodbye()
        finally:
            self._patience = None

    # What the protocol asks.

    @property
    def draining(self) -> bool:
        return self._home.draining

    async def send(self, event: Event) -> None:
        if isinstance(event, RawData):
            if not self._writer.is_closing():
                self._home.counts.sent += len(event.data)
                self._writer.write(event.data)
            await self._writer.drain()
        elif isinstance(event, Updated):
            self._time()
        else:
            self.finish()

    def _time(self) -> None:
        """A connection may idle for so long from its last stream, whatever else it sends."""
        if self._over:
            return
        if self._protocol.busy:
            self._reschedule(None)
        elif self._home.draining:
            self.drain()
        else:
            now = asyncio.get_running_loop().time()
            self._reschedule(now + self._home.limits.idle_seconds)

    def finish(self) -> None:
        """Read no more; what is written goes out."""
        self._over = True
        self._reschedule(0)

    def _reschedule(self, when: float | None) -> None:
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(when)

    @override
    def incoming(self, stream_id: int) -> Incoming:
        return self._protocol.incoming(stream_id)

    @override
    async def reset(self, stream_id: int) -> None:
        await self._protocol.reset(stream_id)

    # What the listener asks (`Guest`).

    def drain(self) -> None:
        if not self._protocol.busy:
            self._protocol.say_goodbye()
            self.finish()

    def abort(self) -> None:
        self._writer.transport.abort()
        self.finish()


class _Paced(h2.connection.H2Connection):
    """Gives the window of a watched stream back when that is asked for."""

    def __init__(self, config: Config) -> None:
        super().__init__(h2.config.H2Configuration(client_side=False, header_encoding=None))
        codes = h2.settings.SettingCodes
        self.local_settings = h2.settings.Settings(
            client=False,
            initial_values={
                codes.MAX_CONCURRENT_STREAMS: config.h2_max_concurrent_streams,
                codes.MAX_HEADER_LIST_SIZE: config.h2_max_header_list_size,
            },
        )
        self.decoder.max_header_list_size = config.h2_max_header_list_size
        self._owed: dict[int, int] = {}

    @property
    def awaits_overlong_frame(self) -> bool:
        """The frame that came in part is longer than allowed. h2 would wait for all of it, up to
        16 MiB."""
        part = self.incoming_buffer._data[:3]
        return (
            int.from_bytes(part, "big") > self.max_inbound_frame_size if len(part) == 3 else False
        )

    def watch(self, stream_id: int) -> None:
        self._owed[stream_id] = 0

    @override
    def acknowledge_received_data(self, acknowledged_size: int, stream_id: int) -> None:
        if stream_id in self._owed:
            self._owed[stream_id] += acknowledged_size
        else:
            super().acknowledge_received_data(acknowledged_size, stream_id)

    def give_back(self, stream_id: int, *, over: bool = False) -> None:
        owed = self._owed.get(stream_id, 0)
        if over:
            self._owed.pop(stream_id, None)
        elif owed:
            self._owed[stream_id] = 0
        if owed:
            super().acknowledge_received_data(owed, stream_id)


class _Protocol(H2Protocol):
    """Hypercorn's, mended as the module says."""

    connection: _Paced

    def __init__(self, tasks: H2Connection, config: Config, writer: asyncio.StreamWriter) -> None:
        super().__init__(
            app=cast(AppWrapper, None),  # the tasks know it
            config=config,
            context=WorkerContext(None),
            task_group=cast(TaskGroup, tasks),
            connection_state=ConnectionState({}),
            ssl=True,
            client=writer.get_extra_info("peername")[:2],
            server=writer.get_extra_info("sockname")[:2],
            send=tasks.send,
        )
        self.connection_state["kept"] = {}
        self._tasks = tasks
        self._writer = writer
        self.connection = _Paced(config)
        self.streams = Streams()
        self._resets = Resets()
        self._discarded: dict[int, int] = {}  # bytes that came behind an answer, by stream

    @override
    async def initiate(
        self, headers: list[tuple[bytes, bytes]] | None = None, settings: bytes | None = None
    ) -> None:
        await super().initiate()
        self.connection.increment_flow_control_window(CONNECTION_WINDOW - STREAM_WINDOW)
        await self._flush()

    @property
    def busy(self) -> bool:
        """A request is answered, or its answer on its way."""
        return bool(self.streams or self.stream_buffers)

    def incoming(self, stream_id: int) -> Incoming:
        self.connection.watch(stream_id)

        async def taken() -> None:
            self.connection.give_back(stream_id)
            await self._flush()

        return Incoming(taken)

    @override
    async def handle(self, event: Event) -> None:
        await super().handle(event)
        if isinstance(event, RawData):
            if self.connection.awaits_overlong_frame:
                await self._hang_up(ErrorCodes.FRAME_SIZE_ERROR)
        elif isinstance(event, Closed):
            for buffer in self.stream_buffers.values():
                await buffer.close()

    @override
    async def _handle_events(self, events: Sequence[h2.events.Event]) -> None:
        await super()._handle_events(list(events))
        for event in events:
            if isinstance(event, h2.events.DataReceived):
                await self._discard(event.stream_id, event.flow_controlled_length)
            elif isinstance(event, h2.events.StreamEnded):
                self._discarded.pop(event.stream_id, None)
            elif isinstance(event, h2.events.StreamReset):
                await self._was_reset(event.stream_id)

    async def _discard(self, stream_id: int, size: int) -> None:
        if stream_id in self.streams:
            return
        discarded = self._discarded.get(stream_id, 0) + size
        if discarded <= DISCARD:
            self._discarded[stream_id] = discarded
        else:
            await self._end(stream_id, ErrorCodes.NO_ERROR)

    async def _was_reset(self, stream_id: int) -> None:
        self._discarded.pop(stream_id, None)
        if stream_id in self.stream_buffers:
            await self.stream_buffers[stream_id].close()
        if self._resets.too_many() and not self.closed:
            await self._hang_up(ErrorCodes.ENHANCE_YOUR_CALM)

    async def _hang_up(self, code: ErrorCodes) -> None:
        self.connection.close_connection(code)
        await self._flush()
        self._tasks.finish()

    @override
    async def _create_stream(self, request: h2.events.RequestReceived) -> None:
        self._tasks.opening = request.stream_id
        if self._tasks.draining:
            await self._end(request.stream_id, ErrorCodes.REFUSED_STREAM)
        elif (status := unusable(request.headers)) is not None:
            self.connection.send_headers(request.stream_id, [(b":status", status)], end_stream=True)
            await self._flush()
        else:
            await super()._create_stream(request)

    @override
    async def _close_stream(self, stream_id: int) -> None:
        await super()._close_stream(stream_id)
        self.connection.give_back(stream_id, over=True)
        await self._flush()
        await self.send(Updated(idle=not self.busy))

    @override
    async def _send_data(self, stream_id: int) -> None:
        await super()._send_data(stream_id)
        if stream_id not in self.stream_buffers:  # the response is out
            await self.send(Updated(idle=not self.busy))

    async def _end(self, stream_id: int, code: ErrorCodes) -> None:
        """Reset what is left of a stream, if anything is."""
        self._discarded.pop(stream_id, None)
        with suppress(h2.exceptions.ProtocolError):
            self.connection.reset_stream(stream_id, code)
            await self._flush()

    async def reset(self, stream_id: int) -> None:
        await self._end(stream_id, ErrorCodes.INTERNAL_ERROR)
        if stream_id in self.stream_buffers:
            await self.stream_buffers[stream_id].close()
        await self._window_updated(stream_id)

    @override
    async def _priority_updated(self, event: h2.events.PriorityUpdated) -> None:
        pass

    def say_goodbye(self) -> None:
        """GOAWAY, without the rest that h2 does when it is told to close."""
        last = self.connection.highest_inbound_stream_id
        if not self._writer.is_closing():
            self._writer.write(GoAwayFrame(0, last_stream_id=last).serialize())
