"""Calls methods of gRPC services as tools: arguments become messages, messages the result. What
goes wrong on the way is a result, too, which tells the model what to change.

Imports grpcio: see `door`.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from typing import NamedTuple, TypeVar

import grpc.aio

from mcpgateway.common import jsonrpc, strict_json
from mcpgateway.common.errors import UpstreamError, UpstreamUnreachable
from mcpgateway.common.mcp import tool_result
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.protobuf import status
from mcpgateway.common.protobuf.codec import BadArguments, Codec, Unshown
from mcpgateway.common.protobuf.status import Ended
from mcpgateway.common.routing.model import Key
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.grpc.calling import Metadata
from mcpgateway.data_plane.upstreams.faults import TokenRefused
from mcpgateway.data_plane.upstreams.grpc.channels import Channels, Lane
from mcpgateway.data_plane.upstreams.grpc.collecting import Collected
from mcpgateway.data_plane.upstreams.grpc.door import Flow, Ways
from mcpgateway.data_plane.upstreams.grpc.metadata import metadata
from mcpgateway.data_plane.upstreams.grpc.services import Service, Services
from mcpgateway.data_plane.upstreams.request import Sink, UpstreamRequest

AT_ONCE = 64 * 1024  # bytes that are read or written in the loop; more is the work of a thread
TIMEOUT = 60.0  # seconds for a call of an upstream that says nothing

T = TypeVar("T")


class Asked(NamedTuple):
    """One call, ready to go out."""

    request: UpstreamRequest
    service: Service
    codec: Codec
    name: str
    messages: list[bytes]
    metadata: Metadata


class Failed(NamedTuple):
    """How a try ended; `unsent`: there was no connection for it."""

    error: grpc.aio.AioRpcError
    unsent: bool

    def may_go_again(self, *, safe: bool) -> bool:
        passing = self.error.code() is grpc.StatusCode.UNAVAILABLE
        return self.unsent or (passing and safe)


class GrpcClient:
    """Implements the door's `Client`."""

    def __init__(self, ways: Ways) -> None:
        self._counted = ways.counted
        self._services = Services()
        self._channels = Channels(ways)

    def changed(self, table: Table, touched: frozenset[Key] | None) -> None:
        """See the door's."""
        self._channels.changed(table.upstreams, touched)

    async def aclose(self) -> None:
        """Closes all channels."""
        await self._channels.aclose()

    async def call(self, request: UpstreamRequest, sink: Sink, flow: Flow) -> None:
        """Answers the sink, but for what is ours or the caller's to mend: raises that."""
        service = await self._services.of(request.upstream)
        name = read_string(request.params.get("name")) or ""
        codec = service.codec(name)
        if codec is None:
            said = f"the service has no method {name!r}, as its descriptors have it"
            raise UpstreamUnreachable(f"upstream {request.upstream.name!r}: {said}")
        arguments = bytes(request.params.get("arguments", b"{}"))
        try:
            messages = await _sized(len(arguments), lambda: codec.requests(arguments))
        except strict_json.Unreadable as unread:
            said = f"params.arguments{unread.located.pointer} {unread.located.problem}"
            sink.answer(jsonrpc.error(request.id, jsonrpc.INVALID_PARAMS, said), status=400)
            return
        except BadArguments as bad:
            said = tool_result.listed("The arguments can not be sent", bad.problems)
            _answer(request, sink, tool_result.failed(request.client.era, said))
            return
        asked = Asked(request, service, codec, name, messages, metadata(request.headers))
        _answer(request, sink, await self._result(asked, sink, flow))

    async def _result(self, asked: Asked, sink: Sink, flow: Flow) -> bytes:
        """Raises GatewayError: see `call`."""
        collected = Collected(asked.request, asked.codec, sink, flow)
        try:
            failed = await self._carried_out(asked, collected)
            if failed is not None:
                self._counted(failed.error.code().name)
                return collected.failed(_words(asked, failed))
            self._counted("OK")
            return await _sized(collected.size, collected.result)
        except Unshown as unshown:
            self._counted("unusable")
            return collected.failed(f"{asked.name} answered what can not be shown: {unshown}")
        except TokenRefused:
            raise
        except UpstreamError as error:
            self._counted(error.code)
            return collected.failed(f"{asked.name} was not called: {error.message}")

    async def _carried_out(self, asked: Asked, collected: Collected) -> Failed | None:
        """Tries once more where nothing was heard, and either nothing went out or twice is the same
        as once."""
        failed = await self._tried(asked, collected)
        if failed is None or collected.messages:
            return failed
        if not failed.may_go_again(safe=asked.request.safe):
            return failed
        return await self._tried(asked, collected)

    async def _tried(self, asked: Asked, collected: Collected) -> Failed | None:
        upstream = asked.request.upstream
        async with self._channels.lane(upstream) as lane:
            try:
                await _called(asked, lane, collected)
            except grpc.aio.AioRpcError as error:
                failed = Failed(error, _unsent(error, lane))
                if failed.unsent:
                    self._channels.leave(upstream.id, lane)
                return failed
        return None


async def _called(asked: Asked, lane: Lane, collected: Collected) -> None:
    """Raises grpc.aio.AioRpcError, Unshown."""
    caller, seconds = lane.caller(asked.codec), _seconds(asked.request)
    if not asked.codec.answers_stream:
        data = await caller.one(asked.messages, asked.metadata, seconds)
        await _sized(len(data), partial(collected.add, data))
        return
    stream = caller.many(asked.messages, asked.metadata, seconds)
    async with aclosing(stream):
        async for data in stream:
            await _sized(len(data), partial(collected.add, data))
            if not await collected.told():
                return


def _seconds(request: UpstreamRequest) -> float | None:
    """For the whole call; None where somebody else ends it."""
    tool = request.tool
    if tool is not None and tool.timeout_ms:
        return tool.timeout_ms / 1000
    if request.patient:
        return None
    return request.upstream.timeout_ms / 1000 or TIMEOUT


async def _sized(size: int, work: Callable[[], T]) -> T:
    """Done at once where it is little."""
    return work() if size <= AT_ONCE else await asyncio.to_thread(work)


def _unsent(error: grpc.aio.AioRpcError, lane: Lane) -> bool:
    """Whether there was no connection for it. A service may say so in the same words, over a
    connection."""
    said = (error.details() or "").startswith("failed to connect to all addresses")
    return said and lane.broken


def _words(asked: Asked, failed: Failed) -> str:
    """Raises TokenRefused where another token may be had."""
    request, (error, unsent) = asked.request, failed
    code, said = error.code(), error.details() or ""
    details, once = _details(error), not request.safe
    ended = Ended(asked.name, code.name, said, details, once=once, unsent=unsent)
    words = status.told(ended, asked.service.pool)
    if request.upstream.tokens and code is grpc.StatusCode.UNAUTHENTICATED:
        raise TokenRefused(f"upstream {request.upstream.name!r}: {words}")
    return words


def _details(error: grpc.aio.AioRpcError) -> bytes:
    found = (error.trailing_metadata() or {}).get(status.DETAILS, b"")
    return found if isinstance(found, bytes) else b""


def _answer(request: UpstreamRequest, sink: Sink, result: bytes) -> None:
    sink.answer(jsonrpc.response(request.id, result))
