"""What the data plane answers itself by plain HTTP, at the public address only. MCP's own endpoints
are not here: OpenAPI can not describe them. A test holds this against the data plane's routes."""

from typing import Any

Json = dict[str, Any]

_OBJECT: Json = {"type": "object"}
_MESSAGE: Json = {
    "type": "object",
    "required": ["jsonrpc", "method"],
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "id": {"type": ["string", "integer"]},
        "method": {"type": "string"},
        "params": {"type": "object"},
    },
}


def _post(summary: str, body: Json, *, accepted: bool = False) -> Json:
    """`accepted`: it may be a notification, which is not answered."""
    answers: Json = {"200": _answer(_OBJECT)}
    if accepted:
        answers["202"] = {"description": "A notification was taken."}
    content = {"application/json": {"schema": body}}
    return {
        "post": {
            "summary": summary,
            "requestBody": {"required": True, "content": content},
            "responses": answers,
        }
    }


def _answer(schema: Json) -> Json:
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _named(item: Json) -> Json:
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {method: {**told, "parameters": [name]} for method, told in item.items()}


DATA_PLANE: dict[str, Json] = {
    "/rpc": _post("One JSON-RPC request, one JSON answer", _MESSAGE, accepted=True),
    "/initialize": _post("The params of `initialize` for its result", _OBJECT),
    "/notifications": _post("Take a notification", _OBJECT),
    "/protocol/initialize": _post("The params of `initialize` for its result", _OBJECT),
    "/protocol/notifications": _post("Take a notification", _OBJECT),
    "/protocol/ping": _post("Whether it answers", _OBJECT),
    "/protocol/completion/complete": _post("The params of a completion for its result", _OBJECT),
    "/protocol/sampling/createMessage": _post("Ask a client of the caller's own", _OBJECT),
    "/prompts/{id}": _named(_post("Render a prompt with these arguments", _OBJECT)),
    "/resources/{id}": _named(
        {
            "get": {
                "summary": "The content of a resource",
                "description": "By id or percent-encoded URI.",
                "responses": {"200": _answer(_OBJECT)},
            }
        }
    ),
}
