"""/mcp-servers/test, /mcp-servers/test-handshake: connection tests in ContextForge's shapes."""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET
from starlette.requests import Request as Asked
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.policy.passthrough import may_be_set
from mcpgateway.control_plane.api.http.exchange import actor_of, at, json, read_object
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.nouns.auth_input import HEADER_NAME
from mcpgateway.control_plane.api.nouns.shared_input import text_mapping
from mcpgateway.control_plane.api.nouns.url_input import URL_LIMIT, read_url
from mcpgateway.control_plane.registry import probing
from mcpgateway.control_plane.registry.discovered.ports import Request, Target
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.probing import Shaken, Tried

Json = dict[str, Any]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_BODY = 64 * 1024  # characters
_HEADER = 8 * 1024
_TRIED: Schema = {
    "type": "object",
    "properties": {
        "statusCode": {"type": "integer"},
        "latencyMs": {"type": "integer"},
        "body": {"type": ["object", "string", "null"]},
    },
    "required": ["statusCode", "latencyMs", "body"],
}
_PATHS = {"modern": "server_discover", "legacy": "initialize"}  # by era


class Probing:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def routes(self) -> Sequence[Route]:
        says = "Send one request to a URL"
        reaching = Operation(self.reach, says, {200: _TRIED}, (403,))
        says = "Find out whether a URL speaks MCP"
        shaking = Operation(self.shake, says, {200: Shown(show_shaken)}, (403,))
        return (
            at("/mcp-servers/test", POST=reaching),
            at("/mcp-servers/test-handshake", POST=shaking),
            at("/admin/gateways/test", POST=reaching),
        )

    async def reach(self, asked: Asked) -> Response:
        """What goes wrong on the way is an answer like any other: 502, or 504."""
        request = read_request(await read_object(asked))
        tried = await probing.reach(self._ports, actor_of(asked), request, time.monotonic)
        return json(show_tried(tried))

    async def shake(self, asked: Asked) -> Response:
        target = read_target(await read_object(asked))
        shaken = await probing.shake(self._ports, actor_of(asked), target, time.monotonic)
        return json(show_shaken(shaken))


def read_request(body: Mapping[str, Any]) -> Request:
    """Raises InvalidCall."""
    fields = Fields(body)
    if fields.raw("method") is UNSET:
        fields.problem("method", "is required", "missing")
    method = fields.choice("method", METHODS)
    url = _url(fields, path_required=True)
    lines = _headers(fields)
    content = _content(fields)
    kind = fields.text("content_type", 128)
    fields.check()
    if content and not any(name.lower() == "content-type" for name in lines):
        lines = {**lines, "content-type": kind or "application/json"}
    return Request(str(method), url, tuple(lines.items()), content)


def read_target(body: Mapping[str, Any]) -> Target:
    """Raises InvalidCall."""
    fields = Fields(body)
    url, lines = _url(fields, path_required=False), _headers(fields)
    fields.check()
    return Target(url, None, tuple(lines.items()))


def _url(fields: Fields, *, path_required: bool) -> str:
    base = read_url(fields, "base_url", required=True)
    path = fields.text("path", URL_LIMIT)
    if path is UNSET and path_required:
        fields.problem("path", "is required, / or nothing for the URL itself", "missing")
    if base is UNSET or path is UNSET or not path:
        return base or ""
    if any(character.isspace() or character == "#" for character in path):
        fields.problem("path", "must have no white space and no fragment", "url")
    if urlsplit(base).query:
        fields.problem("path", "can not follow a base_url with a query", "url")
    return base.rstrip("/") + "/" + path.lstrip("/")


def _headers(fields: Fields) -> Mapping[str, str]:
    lines = text_mapping(fields, "headers", _HEADER)
    if lines is UNSET:
        return {}
    for name, value in lines.items():
        if not HEADER_NAME.fullmatch(name) or not may_be_set(name):
            problem = "must be the name of a header that the gateway does not set itself"
            fields.problem(f"headers.{name[:80]}", problem, "header")
        elif not (value.isascii() and value.isprintable()):
            fields.problem(f"headers.{name[:80]}", "must be printable ASCII on one line", "header")
    return lines


def _content(fields: Fields) -> bytes | None:
    value = fields.raw("body", {"anyOf": [{"type": "object"}, {"type": "string"}]})
    if value is UNSET:
        return None
    if not isinstance(value, str | dict):
        fields.problem("body", "must be a string or an object", "body")
        return None
    content = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    if len(content) > _BODY:
        fields.problem("body", f"has {len(content)} bytes, {_BODY} is the limit", "size")
    return content


def show_tried(tried: Tried) -> Json:
    if tried.reached is None:
        error = tried.error
        status = error.status if error else 502
        said: Any = {"error": error.code, "details": error.message} if error else None
    else:
        status, said = tried.reached.status, _shown(tried.reached.body)
    return {"statusCode": status, "latencyMs": round(tried.milliseconds), "body": said}


def _shown(body: bytes) -> Any:
    """An object as such, anything else as text."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = None
    return value if isinstance(value, dict) else body.decode(errors="replace")


def show_shaken(shaken: Shaken) -> Json:
    found = shaken.found
    return {
        "success": found is not None,
        "latencyMs": round(shaken.milliseconds),
        "negotiationPath": _PATHS[found.era] if found else None,
        "transport": found.transport if found else None,
        "protocolVersion": found.protocol_version if found else None,
        "serverName": found.server_name if found else None,
        "serverVersion": found.server_version if found else None,
        "capabilities": msgspec.Raw(found.capabilities) if found else None,
        "componentCounts": {
            "tools": len(found.tools),
            "prompts": len(found.prompts),
            "resources": len(found.resources),
            "resourceTemplates": len(found.templates),
        }
        if found
        else None,
        "countsPartial": bool(found and found.problems),
        "credentialSource": shaken.source,
        "failureClass": shaken.failure,
        "error": shaken.error,
        "rawPreview": None,
    }
