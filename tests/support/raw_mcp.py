"""An MCP server that answers with the very bytes it is given: for upstreams that err or are exact.

Streamable HTTP in one era, JSON answers only. `results` maps a method to the JSON of its result, or
to a function of its params that makes it; other methods are answered with -32601.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Result = str | Callable[[dict[str, Any]], str]

ALL = '{"tools":{},"prompts":{},"resources":{}}'


def discover(capabilities: str = ALL, versions: str = '["2026-07-28"]') -> str:
    return (
        f'{{"resultType":"complete","supportedVersions":{versions},"capabilities":{capabilities}}}'
    )


def initialized(capabilities: str = ALL, version: str = "2025-06-18") -> str:
    return (
        f'{{"protocolVersion":"{version}","capabilities":{capabilities},'
        '"serverInfo":{"name":"raw","version":"9"}}'
    )


class RawMcp:
    """`seen` are (HTTP method, JSON-RPC method, headers) of what arrived, in order."""

    def __init__(
        self, results: Mapping[str, Result], era: Literal["modern", "legacy"] = "modern"
    ) -> None:
        self._results = results
        self._era = era
        self.seen: list[tuple[str, str, dict[str, str]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope, receive)
            response = self._answer(request, await request.body())
            await response(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Response:
        message = json.loads(body) if body else {}
        method = message.get("method", "")
        self.seen.append((request.method, method, dict(request.headers)))
        if request.method != "POST":
            return Response(status_code=200 if request.method == "DELETE" else 405)
        if "id" not in message:
            return Response(status_code=202)
        result = self._results.get(method)
        if result is None:
            return self._unknown(message["id"])
        text = result if isinstance(result, str) else result(message.get("params", {}))
        return _json(f'{{"jsonrpc":"2.0","id":{json.dumps(message["id"])},"result":{text}}}', 200)

    def _unknown(self, id: object) -> Response:
        error = '{"code":-32601,"message":"Method not found"}'
        status = 404 if self._era == "modern" else 200
        return _json(f'{{"jsonrpc":"2.0","id":{json.dumps(id)},"error":{error}}}', status)


def _json(text: str, status: int) -> Response:
    headers = {"Mcp-Session-Id": "s-1"} if "serverInfo" in text else {}
    return Response(text, status, headers, "application/json")
