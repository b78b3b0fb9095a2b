"""Carries messages between a client's lines and a remote server; every request gets one answer.

Order: `initialize` and notifications are sent before the next line is looked at; requests run
side by side.
"""

import asyncio
import logging
from collections.abc import AsyncIterator

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.stdio.lines import LineTooLong
from mcpgateway.wrapper.mirror import revision
from mcpgateway.wrapper.remote import Emit, Remote, error_line, request_id

log = logging.getLogger("mcpgateway.wrapper")

MAX_WAITING = 1024  # requests under way or waiting; above: refused at once
_LONG = "subscriptions/listen"  # lives as long as the client likes: takes no slot


class _Cancelled(msgspec.Struct):
    requestId: int | str = ""


class Bridge:
    """One client, one remote. `concurrency` requests at once, the next MAX_WAITING wait."""

    def __init__(self, remote: Remote, emit: Emit, concurrency: int) -> None:
        self._remote = remote
        self._emit = emit
        self._slots = asyncio.Semaphore(concurrency)
        self._tasks: dict[jsonrpc.Id, asyncio.Task[None]] = {}
        self._modern: set[jsonrpc.Id] = set()
        self._silent: set[jsonrpc.Id] = set()  # cancelled by the client: no answer is due
        self._endless: set[jsonrpc.Id] = set()

    async def run(self, lines: AsyncIterator[bytes]) -> None:
        """Until the client's last line and the last answer. Raises what `emit` raises."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._read(lines, group)
                for id in self._endless:
                    self._tasks[id].cancel()
        finally:
            await self._remote.aclose()

    async def _read(self, lines: AsyncIterator[bytes], group: asyncio.TaskGroup) -> None:
        try:
            async for line in lines:
                await self._take(line, group)
        except LineTooLong as error:  # the end: where the next message starts is unknown
            await self._emit(jsonrpc.error(None, jsonrpc.PARSE_ERROR, str(error)))

    async def _take(self, line: bytes, group: asyncio.TaskGroup) -> None:
        try:
            frame = jsonrpc.decode_frame(line)
        except jsonrpc.FrameError as error:
            await self._emit(jsonrpc.error(error.id, error.code, error.message))
            return
        if frame.method == "notifications/cancelled" and self._cancel(frame):
            return
        id = request_id(frame)
        if frame.is_request and frame.method != "initialize" and id is not None:
            await self._start(id, frame, line, group)
        else:
            await self._exchange(frame, line)

    async def _start(
        self, id: jsonrpc.Id, frame: jsonrpc.Frame, line: bytes, group: asyncio.TaskGroup
    ) -> None:
        if id in self._tasks:
            message = f"id {id!r} is the id of a request that is still open"
            await self._emit(jsonrpc.error(id, jsonrpc.INVALID_REQUEST, message))
            return
        if len(self._tasks) >= MAX_WAITING:
            message = f"{MAX_WAITING} requests are open already"
            await self._emit(jsonrpc.error(id, jsonrpc.UPSTREAM_FAILED, message))
            return
        if revision(frame):
            self._modern.add(id)
        if frame.method == _LONG:
            self._endless.add(id)
        task = group.create_task(self._request(frame, line))
        self._tasks[id] = task
        task.add_done_callback(lambda _: self._forget(id))

    def _forget(self, id: jsonrpc.Id) -> None:
        self._tasks.pop(id, None)
        for group in (self._modern, self._silent, self._endless):
            group.discard(id)

    async def _request(self, frame: jsonrpc.Frame, line: bytes) -> None:
        if frame.method == _LONG:
            await self._exchange(frame, line)
            return
        async with self._slots:
            await self._exchange(frame, line)

    async def _exchange(self, frame: jsonrpc.Frame, line: bytes) -> None:
        try:
            await self._remote.exchange(frame, line)
        except GatewayError as error:
            log.warning("%s: %s", frame.method, error.message)
            if frame.is_request and request_id(frame) not in self._silent:
                await self._emit(error_line(frame, error))

    def _cancel(self, frame: jsonrpc.Frame) -> bool:
        """Whether the cancellation is done here: over HTTP a modern request is cancelled by
        closing its answer, a legacy one by the notification itself."""
        params = {} if isinstance(frame.params, msgspec.UnsetType) else frame.params
        try:
            id = msgspec.json.decode(jsonrpc.join_params(params), type=_Cancelled).requestId
        except msgspec.DecodeError:
            return False
        task = self._tasks.get(id)
        if task is None:
            return bool(revision(frame))
        self._silent.add(id)
        if id not in self._modern:
            return False
        task.cancel()
        return True
