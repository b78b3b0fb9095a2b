"""The OpenAPI 3.1 document of what is served, found out by running its handlers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcpgateway.control_plane.api.http.dry_run import shown_effect
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Answer, Operation, Served, Shown
from mcpgateway.control_plane.api.openapi.asking import Asked, ask
from mcpgateway.control_plane.api.openapi.elsewhere import DATA_PLANE
from mcpgateway.control_plane.api.openapi.problems import refusal
from mcpgateway.control_plane.api.openapi.shapes import described

Json = dict[str, Any]

_WRITTEN = {
    "Registry-Revision": "The revision of the registry that holds the write.",
    "Applied": "Of a wait: `3/3` live replicas have it.",
    "Pending": "Of a wait: the replicas that have not.",
    "Rejected": "Of a wait: `<replica>=<problem>`, a replica that can not use it.",
}
_IF_MATCH: Schema = {
    "type": "string",
    "pattern": r'^(\*|"[0-9]{1,18}")$',
    "description": "The `ETag` that was seen; `*` for any.",
}
_TEXT: Schema = {"type": "string"}
_CHANGE: Schema = {
    "type": "object",
    "properties": {
        "noun": _TEXT,
        "id": _TEXT,
        "name": _TEXT,
        "op": _TEXT,
        "diff": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["noun", "id", "name", "op", "diff"],
}
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "With `API_ALLOW_BASIC_AUTH` only.",
    },
}
_ABOUT = (
    "Every path is served under `/v1` and without it. Bodies are taken bare or wrapped"
    ' (`{"server": {...}}`), their fields in snake_case or camelCase; null says nothing, and'
    " fields of other names are passed over. Answers are in camelCase."
)


def document(served: Sequence[Served], version: str, open_paths: frozenset[str]) -> Json:
    """`served` has handlers that end where they would begin to act (`asking`)."""
    rooms = {route.path.split("/")[1] for route in served if route.path.count("/") > 1}
    paths: dict[str, Json] = {}
    for route in served:
        item = paths.setdefault(route.path_format, {})
        for method, operation in route.operations.items():
            names = list(route.param_convertors)
            asked = ask(operation.handler, method, names)
            open_to_all = route.path in open_paths
            told = _operation(operation, asked, names, open_to_all=open_to_all)
            name = _name(method, route.path_format)
            item[method.lower()] = {"operationId": name, "tags": [_tag(route, rooms)]} | told
    for path, item in DATA_PLANE.items():
        paths[path] = {**paths.get(path, {}), **_of_data_plane(path, item)}
    components: Json = {"schemas": {}, "securitySchemes": _SECURITY}
    found = _lifted({path: paths[path] for path in sorted(paths)}, components["schemas"])
    return {
        "openapi": "3.1.0",
        "info": {"title": "MCP Gateway", "version": version, "description": _ABOUT},
        "servers": [{"url": "/v1"}, {"url": "/"}],
        "security": [{"bearer": []}, {"basic": []}],
        "tags": [{"name": tag} for tag in _tags(found)],
        "paths": found,
        "components": components,
    }


def _name(method: str, path: str) -> str:
    words = re.findall(r"\w+", path)
    return "_".join([method.lower(), *words])


def _tag(route: Served, rooms: set[str]) -> str:
    room = route.path.split("/")[1]
    return room if room in rooms else "system"


def _tags(paths: Json) -> Sequence[str]:
    """What is configured first, what is called last."""
    tags = [told["tags"][0] for item in paths.values() for told in item.values()]
    first, last = ["gateways", "servers", "tools"], ["admin", "auth", "system", "data plane"]
    return [*first, *dict.fromkeys(tag for tag in tags if tag not in (*first, *last)), *last]


def _of_data_plane(path: str, item: Mapping[str, Json]) -> Json:
    shared = {str(status): refusal(status) for status in (400, 401, 404, 413, 415, 502, 503, 504)}
    return {
        method: {
            "operationId": _name(method, path),
            "tags": ["data plane"],
            **told,
            "responses": told["responses"] | shared,
        }
        for method, told in item.items()
    }


def _operation(
    operation: Operation, asked: Asked, names: Sequence[str], *, open_to_all: bool
) -> Json:
    told: Json = {"summary": operation.summary}
    parameters = list(_parameters(asked, names))
    if parameters:
        told["parameters"] = parameters
    if asked.body is not None:
        content = {"application/json": {"schema": asked.body.schema()}}
        told["requestBody"] = {"required": True, "content": content}
    if open_to_all:
        told["security"] = []
    told["responses"] = _answers(operation, asked) | {
        str(status): refusal(status) for status in _refused(operation, asked, names, open_to_all)
    }
    return told


def _parameters(asked: Asked, names: Sequence[str]) -> Iterator[Json]:
    for name in names:
        yield _parameter("path", name, asked.path.get(name, {"type": "string"}), required=True)
    for name, schema in asked.query.items():
        yield _parameter("query", name, schema, required=name in asked.needed)
    if "if-match" in asked.headers:
        yield _parameter("header", "If-Match", _IF_MATCH, required=False)


def _parameter(place: str, name: str, schema: Schema, *, required: bool) -> Json:
    what = {"description": schema["description"]} if "description" in schema else {}
    plain = {word: said for word, said in schema.items() if word != "description"}
    return {"name": name, "in": place, "required": required, **what, "schema": plain}


def _answers(operation: Operation, asked: Asked) -> Json:
    answers = dict(operation.answers)
    waits = "wait" in asked.query
    if waits:
        first = next(iter(answers.values()), {})
        answers.setdefault(202, first)
    headers = _WRITTEN if waits else {}
    if operation.tagged:
        headers = {"ETag": "The version.", **headers}
    told = {
        name: {"description": what, "schema": {"type": "string"}} for name, what in headers.items()
    }
    found = {str(status): _answer(status, answer, told) for status, answer in answers.items()}
    if "dry_run" in asked.query:
        found["200"] = _or_tried(found.get("200"))
    return found


def _answer(status: int, answer: Answer, headers: Json) -> Json:
    late = "As above, not (yet) applied by every replica." if status == 202 else "Done."
    told = {"description": late, **({"headers": headers} if headers else {})}
    return told if answer is None else told | _content(described(answer))


def _content(schema: Schema) -> Json:
    return {"content": {schema.get("contentMediaType", "application/json"): {"schema": schema}}}


def _or_tried(answer: Json | None) -> Json:
    """A write that makes something answers 201, and 200 when it is only tried."""
    tried = {
        "title": "DryRun",
        "type": "object",
        "properties": {
            "dryRun": {"const": True},
            "changes": {"type": "array", "items": _CHANGE},
            "moreChanges": {"type": "integer"},
            "effects": {"type": "array", "items": described(Shown(shown_effect))},
            "moreEffects": {"type": "integer"},
        },
        "required": ["dryRun", "changes", "moreChanges", "effects", "moreEffects"],
    }
    if answer is None:
        return {"description": "Tried only."} | _content(tried)
    done = answer["content"]["application/json"]["schema"]
    return answer | _content({"anyOf": [done, tried]})


def _refused(
    operation: Operation, asked: Asked, names: Sequence[str], open_to_all: bool
) -> Sequence[int]:
    """What follows from what is read."""
    found = {503, *operation.refuses}
    found |= set() if open_to_all else {401}
    found |= {404} if names else set()
    found |= {422} if asked.query else set()
    found |= {400, 412} if "if-match" in asked.headers else set()
    found |= {400, 413, 415, 422} if asked.body is not None else set()
    return sorted(found)


def _lifted(value: Any, schemas: Json) -> Any:
    """Schemas with a title of their own are told once, and referred to."""
    if isinstance(value, list):
        return [_lifted(each, schemas) for each in value]
    if not isinstance(value, dict):
        return value
    title = value.get("title")
    inner = {name: _lifted(each, schemas) for name, each in value.items()}
    if not isinstance(title, str):
        return inner
    schemas[title] = inner
    return {"$ref": f"#/components/schemas/{title}"}
