"""Calls methods of gRPC services as tools: arguments become messages, messages the result. What
goes wrong on the way is a result, too, which tells the model what to change.

Imports grpcio: see `door`.
"""

from typing import NamedTuple

import grpc.aio

from mcpgateway.common import jsonrpc, strict_json
from mcpgateway.common.errors import UpstreamError, UpstreamUnreachable
from mcpgateway.common.mcp import tool_result
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.translate_notifications import wishes
from mcpgateway.common.protobuf import status
from mcpgateway.common.protobuf.codec import BadArguments, Codec, Unshown
from mcpgateway.common.protobuf.metadata import metadata
from mcpgateway.common.routing.model import Key
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.grpc.calling import Metadata, ended, sized
from mcpgateway.common.runtime.grpc.collecting import Collected, Listener
from mcpgateway.data_plane.upstreams.faults import TokenRefused
from mcpgateway.data_plane.upstreams.grpc.channels import Channels, Lane
from mcpgateway.data_plane.upstreams.grpc.door import Flow, Ways
from mcpgateway.data_plane.upstreams.grpc.services import Service, Services
from mcpgateway.data_plane.upstreams.request import Sink, UpstreamRequest

TIMEOUT = 60.0  # seconds for a call of an upstream that says nothing


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
            messages = await sized(len(arguments), lambda: codec.requests(arguments))
        except strict_json.Unreadable as unread:
            said = f"params.arguments{unread.located.pointer} {unread.located.problem}"
            sink.answer(jsonrpc.error(request.id, jsonrpc.INVALID_PARAMS, said), status=400)
            return
        except BadArguments as bad:
            said = tool_result.listed("The arguments can not be sent", bad.problems)
            _answer(request, sink, tool_result.failed(request.client.era, said))
            return
        asked = Asked(request, service, codec, name, messages, metadata(request.headers))
        collected = Collected(codec, _listener(request, sink, flow))
        _answer(request, sink, await self._result(asked, collected))

    async def _result(self, asked: Asked, collected: Collected) -> bytes:
        """Raises GatewayError: see `call`."""
        try:
            failed = await self._carried_out(asked, collected)
            if failed is not None:
                self._counted(failed.error.code().name)
                return collected.failed(_words(asked, failed))
            self._counted("OK")
            return await sized(collected.size, collected.result)
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
        request, sent = asked.request, asked.metadata
        lane = await self._channels.take(request.upstream)
        caller = lane.caller(asked.codec)
        try:
            await caller.call(asked.messages, sent, _seconds(request), collected)
        except grpc.aio.AioRpcError as error:
            failed = Failed(error, _unsent(error, lane))
            if failed.unsent:
                self._channels.leave(request.upstream.id, lane)
            return failed
        finally:
            self._channels.give_back(lane)
        return None


def _listener(request: UpstreamRequest, sink: Sink, flow: Flow) -> Listener:
    client = request.client
    token = wishes(client.era, request.params).token
    return Listener(client.era, client.revision, token, sink.message, flow.free)


def _seconds(request: UpstreamRequest) -> float | None:
    """For the whole call; None where somebody else ends it."""
    tool = request.tool
    if tool is not None and tool.timeout_ms:
        return tool.timeout_ms / 1000
    if request.patient:
        return None
    return request.upstream.timeout_ms / 1000 or TIMEOUT


def _unsent(error: grpc.aio.AioRpcError, lane: Lane) -> bool:
    """Whether there was no connection for it. A service may say so in the same words, over a
    connection."""
    said = (error.details() or "").startswith("failed to connect to all addresses")
    return said and lane.broken


def _words(asked: Asked, failed: Failed) -> str:
    """Raises TokenRefused where another token may be had."""
    request, error = asked.request, failed.error
    how = ended(asked.name, error)._replace(once=not request.safe, unsent=failed.unsent)
    words = status.told(how, asked.service.pool)
    if request.upstream.tokens and error.code() is grpc.StatusCode.UNAUTHENTICATED:
        raise TokenRefused(f"upstream {request.upstream.name!r}: {words}")
    return words


def _answer(request: UpstreamRequest, sink: Sink, result: bytes) -> None:
    sink.answer(jsonrpc.response(request.id, result))
