"""The OpenAPI document (3.1) of the plain calls of a virtual server's tools.

Each tool is one POST whose body is the tool's arguments. Schemas stand among the components, and
what they refer to within themselves is pointed at there. Made in steps, since a server may have
many tools; a definition that can not be read is a tool that takes any object.
"""

import re
from collections.abc import Generator, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from mcpgateway.common.ids import numbered

STEP = 8  # tools between two yields

_AS_DATA = frozenset(("const", "default", "enum", "example", "examples"))
# Members whose own members are called as somebody likes, `default` and `$id` among that.
_BY_NAME = frozenset(
    ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")
)
_NOT_KEY = re.compile(r"[^A-Za-z0-9._-]")
_ANY_OBJECT: Mapping[str, Any] = {"type": "object"}
_definition = msgspec.json.Decoder(dict[str, Any])
_encode = msgspec.json.Encoder(order="sorted").encode


class Described(NamedTuple):
    """The server that the document is about; `path` is where its calls begin."""

    name: str
    description: str
    path: str
    version: str
    open: bool = False  # no token is needed


def document(server: Described, tools: Iterable[tuple[str, bytes]]) -> Generator[None, None, bytes]:
    """`tools` are names and definitions (JSON), in the order in which they are to be shown."""
    paths: list[bytes] = []
    schemas: list[bytes] = [_members(_SHARED_SCHEMAS)]
    keys: set[str] = set(_SHARED_SCHEMAS)
    for n, (name, raw) in enumerate(tools, 1):
        made = _operation(name, _read(raw), _key(name, keys))
        paths.append(_members({f"/tools/{quote(name, safe='')}": {"post": made.operation}}))
        schemas.append(_members(made.schemas))
        if n % STEP == 0:
            yield
    head = _encode(_head(server))
    return b'%b,"paths":{%b},"components":{"schemas":{%b},%b}}' % (
        head[:-1],
        b",".join(paths),
        b",".join(schemas),
        _members(_COMPONENTS),
    )


class _Made(NamedTuple):
    operation: dict[str, Any]
    schemas: dict[str, Any]


def _operation(name: str, definition: dict[str, Any], key: str) -> _Made:
    takes = _schema(definition.get("inputSchema"), f"#/components/schemas/{key}")
    schemas: dict[str, Any] = {key: takes}
    answers: dict[str, Any] = _ref("schemas/ToolResult")
    if isinstance(definition.get("outputSchema"), dict):
        shown = f"{key}.Output"
        schemas[shown] = _schema(definition["outputSchema"], f"#/components/schemas/{shown}")
        structured = {"structuredContent": _ref(f"schemas/{shown}")}
        answers = {"allOf": [answers, {"properties": structured, "required": [*structured]}]}
    operation: dict[str, Any] = {
        "operationId": name,
        "requestBody": {
            "required": bool(takes.get("required")),
            "content": {"application/json": {"schema": _ref(f"schemas/{key}")}},
        },
        "responses": {
            "200": {
                "description": "What the tool answered.",
                "content": {"application/json": {"schema": answers}},
            },
            "422": _ref("responses/ToolFailed"),
            "default": _ref("responses/Problem"),
        },
    }
    for member, said in (("summary", "title"), ("description", "description")):
        if isinstance(definition.get(said), str):
            operation[member] = definition[said]
    return _Made(operation, schemas)


def _read(raw: bytes) -> dict[str, Any]:
    try:
        return _definition.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return {}


def _key(name: str, taken: set[str]) -> str:
    """Under which its schemas stand: of few characters, and nobody else's."""
    plain = _NOT_KEY.sub("_", name) or "tool"
    key, n = plain, 2
    while key in taken or f"{key}.Output" in taken:
        key, n = numbered(plain, n), n + 1
    taken.update((key, f"{key}.Output"))
    return key


def _schema(schema: Any, place: str) -> dict[str, Any]:
    """The same where it stands now. `place` is a URI fragment."""
    if not isinstance(schema, dict):
        return dict(_ANY_OBJECT)
    try:
        made = _placed(schema, place)
    except RecursionError:
        return dict(_ANY_OBJECT)
    made.pop("$schema", None)
    made.pop("$id", None)
    return made


def _placed(schema: dict[str, Any], place: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, member in schema.items():
        if name == "$ref" and isinstance(member, str) and member.startswith("#"):
            made[name] = place + member[1:]
        elif name in _AS_DATA:
            made[name] = member
        elif name in _BY_NAME and isinstance(member, dict):
            made[name] = {each: _inside(inner, place) for each, inner in member.items()}
        else:
            made[name] = _inside(member, place)
    return made


def _inside(value: Any, place: str) -> Any:
    if isinstance(value, list):
        return [_inside(each, place) for each in value]
    if not isinstance(value, dict) or "$id" in value:
        return value  # no schema, or a document of its own
    return _placed(value, place)


def _head(server: Described) -> dict[str, Any]:
    needs: list[dict[str, list[str]]] = [{"bearer": []}]
    info = {"title": server.name, "version": server.version}
    if server.description:
        info["description"] = server.description
    return {
        "openapi": "3.1.0",
        "info": info,
        "servers": [{"url": server.path}],
        "security": [*needs, {}] if server.open else needs,
    }


def _ref(component: str) -> dict[str, Any]:
    return {"$ref": f"#/components/{component}"}


def _members(of: Mapping[str, Any]) -> bytes:
    """A JSON object without its braces."""
    return _encode(of)[1:-1]


def _told(schema: str) -> dict[str, Any]:
    return {"application/problem+json": {"schema": _ref(f"schemas/{schema}")}}


_CONTENT = {
    "type": "array",
    "description": "MCP content blocks: texts, images, audio, resources.",
    "items": {
        "type": "object",
        "properties": {"type": {"type": "string"}, "text": {"type": "string"}},
        "required": ["type"],
    },
}
_SHARED_SCHEMAS: dict[str, Any] = {
    "ToolResult": {
        "type": "object",
        "properties": {"content": _CONTENT, "structuredContent": {}},
        "required": ["content"],
    },
    "Problem": {
        "type": "object",
        "description": "Why there is no answer (RFC 9457).",
        "properties": {
            "status": {"type": "integer"},
            "title": {"type": "string"},
            "code": {"type": "string"},
            "detail": {"type": "string"},
        },
        "required": ["status", "code", "detail"],
    },
    "ToolFailure": {
        "allOf": [
            _ref("schemas/Problem"),
            {"type": "object", "properties": {"content": _CONTENT, "structuredContent": {}}},
        ],
    },
}
_COMPONENTS: dict[str, Any] = {
    "responses": {
        "ToolFailed": {
            "description": "The tool says that it could not do it, and why.",
            "content": _told("ToolFailure"),
        },
        "Problem": {
            "description": "The call did not reach the tool, or no answer came.",
            "content": _told("Problem"),
        },
    },
    "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
}
