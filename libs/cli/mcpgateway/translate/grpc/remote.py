"""The MCP side: the methods of a gRPC service as tools, in the words of either era."""

import asyncio
from importlib.metadata import version
from typing import Any

import msgspec

from mcpgateway.common import jsonrpc, strict_json
from mcpgateway.common.jsonrpc import Params
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.legacy import cancelled_request
from mcpgateway.common.mcp.revisions import LATEST_LEGACY, META_SERVER_INFO, MODERN, Era, negotiate
from mcpgateway.common.mcp.translate_notifications import wishes
from mcpgateway.common.runtime.grpc.collecting import Listener
from mcpgateway.common.runtime.stdio.lines import one_line
from mcpgateway.translate.grpc.options import GrpcOptions
from mcpgateway.translate.grpc.service import GrpcService
from mcpgateway.wrapper.mirror import params_of, revision
from mcpgateway.wrapper.remote import Emit, Remote, request_id

_INFO = {"name": "mcpgateway-translate", "version": version("mcpgateway")}
_TOOLS: dict[str, Any] = {"tools": {}}


def make(options: GrpcOptions, emit: Emit) -> Remote:
    """Connects to nothing yet."""
    return GrpcRemote(GrpcService(options), emit)


class GrpcRemote:
    """Implements the bridge's `Remote`. `emit` takes each message for the client."""

    def __init__(self, service: GrpcService, emit: Emit) -> None:
        self._service = service
        self._emit = emit
        self._revision = LATEST_LEGACY
        self._calls: dict[jsonrpc.Id, asyncio.Task[Any] | None] = {}

    async def exchange(self, frame: jsonrpc.Frame, line: bytes) -> None:
        """Raises GatewayError where the service can not be asked."""
        id = request_id(frame)
        if not frame.is_request or id is None:
            self._cancel(frame)
            return
        self._calls[id] = asyncio.current_task()
        try:
            answer = await self._answer(id, str(frame.method), params_of(frame), revision(frame))
            await self._emit(one_line(answer))
        finally:
            self._calls.pop(id, None)

    async def aclose(self) -> None:
        """Breaks off calls."""
        await self._service.aclose()

    def _cancel(self, frame: jsonrpc.Frame) -> None:
        id = cancelled_request(frame)
        task = None if id is None else self._calls.get(id)
        if task is not None:
            task.cancel()

    async def _answer(self, id: jsonrpc.Id, method: str, params: Params, modern: str) -> bytes:
        match method:
            case "initialize":
                self._revision = negotiate(read_string(params.get("protocolVersion")) or "")
                return _result(id, _welcome(self._revision))
            case "server/discover":
                return _result(id, _discovered())
            case "ping":
                return jsonrpc.response(id, b"{}")
            case "tools/list":
                return _result(id, await self._listed(bool(modern)))
            case "tools/call":
                return await self._called(id, params, modern)
        return jsonrpc.error(id, jsonrpc.METHOD_NOT_FOUND, f"this server has no {method}")

    async def _listed(self, modern: bool) -> dict[str, Any]:
        found = [
            {"name": name, **msgspec.json.decode(tool.definition)}
            for name, tool in sorted((await self._service.tools()).items())
        ]
        return {"tools": found, **(_complete() if modern else {})}

    async def _called(self, id: jsonrpc.Id, params: Params, modern: str) -> bytes:
        name = read_string(params.get("name"))
        tool = (await self._service.tools()).get(name or "")
        if tool is None:
            return jsonrpc.error(id, jsonrpc.INVALID_PARAMS, f"there is no tool {name!r}")
        era: Era = "modern" if modern else "legacy"
        reports: list[bytes] = []

        async def reported() -> None:
            while reports:
                await self._emit(reports.pop(0))

        token = wishes(era, params).token
        listener = Listener(era, modern or self._revision, token, reports.append, reported)
        arguments = bytes(params.get("arguments", b"{}"))
        try:
            return jsonrpc.response(id, await self._service.call(tool.method, arguments, listener))
        except strict_json.Unreadable as unread:
            said = f"params.arguments{unread.located.pointer} {unread.located.problem}"
            return jsonrpc.error(id, jsonrpc.INVALID_PARAMS, said)


def _welcome(agreed: str) -> dict[str, Any]:
    return {"protocolVersion": agreed, "capabilities": _TOOLS, "serverInfo": _INFO}


def _discovered() -> dict[str, Any]:
    found = {"supportedVersions": MODERN, "capabilities": _TOOLS, **_complete()}
    return {**found, "_meta": {META_SERVER_INFO: _INFO}}


def _complete() -> dict[str, Any]:
    return {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}


def _result(id: jsonrpc.Id, result: dict[str, Any]) -> bytes:
    return jsonrpc.response(id, jsonrpc.encode(result))
