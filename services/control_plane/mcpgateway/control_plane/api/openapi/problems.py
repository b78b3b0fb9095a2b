"""How the description tells of errors: one body for all of them. Pure."""

from http import HTTPStatus
from typing import Any

from mcpgateway.common.errors import FieldProblem, GatewayError, InvalidCall, NotFound
from mcpgateway.control_plane.api.http.errors import body_of
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.openapi.examples import TEXT
from mcpgateway.control_plane.api.openapi.shapes import shape

_WHEN = {
    400: "The body is no JSON object, or a header can not be read.",
    401: "No, wrong or expired credentials.",
    403: "Known caller, not allowed.",
    404: "No such thing, or not for this caller.",
    409: "Clashes with what is there.",
    412: "If-Match names an older version.",
    413: "Over a size limit.",
    415: "The body is no `application/json`.",
    422: "`errors` names each wrong field; `detail` is the same in FastAPI's form.",
    429: "Too many; `Retry-After` says when it may go better.",
    502: "No connection with the upstream, or no useful answer.",
    503: "A part of the gateway is down; `Retry-After`.",
    504: "The upstream did not answer in time.",
}
_EXAMPLES: tuple[GatewayError, ...] = (
    InvalidCall(TEXT, errors=[FieldProblem(TEXT, TEXT, TEXT)]),
    InvalidCall(TEXT, errors=[FieldProblem(f"{TEXT}[0]", TEXT)]),
    NotFound(TEXT),
)


def problem() -> Schema:
    """RFC 9457's members and ContextForge's. `code` and `title` are not all the ones there are."""
    schema = shape(body_of(error) for error in _EXAMPLES)
    members = schema["properties"]
    for name in ("code", "title", "type"):
        members[name] = {"type": "string"}
    members["detail"] = {"anyOf": [{"type": "string"}, _details()]}
    return {"title": "Problem", **schema}


def _details() -> Schema:
    """FastAPI's list."""
    loc = {"type": "array", "items": {"type": ["string", "integer"]}}
    text = {"type": "string"}
    return {
        "type": "array",
        "items": {"type": "object", "properties": {"loc": loc, "msg": text, "type": text}},
    }


def refusal(status: int) -> dict[str, Any]:
    content = {"schema": problem()}
    return {
        "description": _WHEN.get(status, HTTPStatus(status).phrase),
        "content": {"application/json": content, "application/problem+json": content},
    }
