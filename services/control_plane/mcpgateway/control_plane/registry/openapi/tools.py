"""One operation as a tool: what clients are told of it, and what request a call becomes. Pure."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from mcpgateway.common import schema_check
from mcpgateway.common.rest import rules
from mcpgateway.common.routing.rest_request import Body as Sent
from mcpgateway.common.routing.rest_request import Method, RestRequest
from mcpgateway.control_plane.registry.discovered.plan import MAX_DEFINITION
from mcpgateway.control_plane.registry.openapi.arguments import Arguments
from mcpgateway.control_plane.registry.openapi.bundles import Bundler, mapped
from mcpgateway.control_plane.registry.openapi.parts import (
    Asked,
    Operation,
    Parameter,
    Scheme,
    text,
)
from mcpgateway.control_plane.registry.openapi.places import Place
from mcpgateway.control_plane.registry.openapi.pointers import BadPart, Pointers
from mcpgateway.control_plane.registry.openapi.schemas import Schema
from mcpgateway.control_plane.registry.openapi.words import MAX_TITLE, MAX_TOOL, line, plain

_METHODS: Mapping[str, Method] = {
    "GET": "GET",
    "POST": "POST",
    "PUT": "PUT",
    "DELETE": "DELETE",
    "PATCH": "PATCH",
}
_HINTS: Mapping[Method, dict[str, bool]] = {
    "GET": {"readOnlyHint": True},
    "POST": {"readOnlyHint": False},
    "PATCH": {"readOnlyHint": False},
    "PUT": {"readOnlyHint": False, "idempotentHint": True},
    "DELETE": {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": True},
}
_LEFT = ("pattern", "format")  # of a schema that nobody can check by otherwise


class Making:
    """What all tools of one document have in common."""

    def __init__(
        self,
        pointers: Pointers,
        inputs: Bundler,
        outputs: Bundler | None,
        place: Place,
        schemes: tuple[Scheme, ...],
        headers: Mapping[str, str],
    ) -> None:
        """`outputs` None: tools do not say what they answer; `headers` are sent always."""
        self._pointers = pointers
        self._inputs = inputs
        self._outputs = outputs
        self._place = place
        self._headers = headers
        self._secret = {_shown_in(scheme) for scheme in schemes} - {None}

    def request(self, operation: Operation, asked: Asked) -> tuple[RestRequest, Schema]:
        """And the schema of its arguments. Raises BadPart."""
        method = _METHODS.get(operation.method)
        if method is None:
            raise BadPart(f"is {operation.method}: tools are made of {', '.join(_METHODS)}")
        _stay_inside(operation.path)
        body = asked.body
        if body is not None and method == "GET":
            if body.required:
                raise BadPart("needs a body, and a GET has none")
            body = None
        arguments = Arguments(self._inputs.schemas, self._pointers, operation.path)
        arguments.headers.update(self._headers)
        arguments.parameters(self._open(asked.parameters), body is None)
        kind: Sent = "none" if body is None else arguments.body(body)
        request = RestRequest(
            url=self._place.of(operation).rstrip("/") + arguments.path,
            method=method,
            headers=arguments.headers,
            query_mapping=arguments.query,
            header_mapping=arguments.header,
            cookie_mapping=arguments.cookie,
            body_mapping=arguments.members,
            body=kind,
            body_argument=arguments.whole,
            files=arguments.files,
            query_style=arguments.styles,
        )
        wrong = rules.problems(request)
        if wrong:
            raise BadPart("; ".join(f"{each.field} {each.problem}" for each in wrong)[:500])
        return request, _checked(self._inputs.bundled(arguments.schema))

    def definition(self, operation: Operation, schema: Schema, answer: Any) -> bytes:
        """As MCP has it, without its name. Raises BadPart."""
        raw = operation.raw
        made: dict[str, Any] = {}
        title = line(raw.get("summary"), MAX_TITLE)
        if title:
            made["title"] = title
        made["description"] = _description(operation)
        made["inputSchema"] = schema
        promised = self._output(answer)
        if promised:
            made["outputSchema"] = promised
        made["annotations"] = _HINTS[_METHODS[operation.method]]
        encoded = msgspec.json.encode(made)
        if len(encoded) > MAX_DEFINITION:
            raise BadPart(f"makes a definition of {len(encoded)} bytes, {MAX_DEFINITION} is most")
        return encoded

    def _output(self, answer: Any) -> Schema | None:
        """None where nothing can be promised."""
        if self._outputs is None or answer is None:
            return None
        try:
            found = self._outputs.schemas.converted(answer)
            made = self._outputs.bundled(found)
            for name in found.at_once if "$ref" in made else ():
                kind = self._outputs.schemas.named(name).schema.get("type")
                made = made | ({"type": kind} if kind else {})
            return _checked(made) if made else None
        except BadPart:
            return None

    def _open(self, parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
        """Without those that carry credentials, which are the upstream's."""
        return tuple(
            each for each in parameters if (each.place, each.name.lower()) not in self._secret
        )


def _shown_in(scheme: Scheme) -> tuple[str, str] | None:
    where, name = text(scheme.raw.get("in")), text(scheme.raw.get("name")).lower()
    return (where, name) if scheme.raw.get("type") == "apiKey" and name else None


def _description(operation: Operation) -> str:
    raw = operation.raw
    summary, more = plain(raw.get("summary"), MAX_TOOL), plain(raw.get("description"), MAX_TOOL)
    parts = [] if more.startswith(summary.rstrip(".")) else [summary]
    said = "\n".join(part for part in (*parts, more) if part)
    said = said or f"{operation.method} {operation.path}"
    return plain(f"Deprecated. {said}" if operation.deprecated else said, MAX_TOOL)


def _checked(schema: Schema) -> Schema:
    """That can be checked by. Raises BadPart."""
    if not schema_check.problems(schema):
        return schema
    plainer = _plainer(schema)
    wrong = schema_check.problems(plainer)
    if wrong:
        raise BadPart(f"makes no schema: {wrong[0][:300]}")
    return plainer


def _plainer(schema: Schema) -> Schema:
    made = mapped(schema, _plainer)
    if "$defs" in made:
        made["$defs"] = {name: _plainer(each) for name, each in made["$defs"].items()}
    return {name: value for name, value in made.items() if name not in _LEFT}


def _stay_inside(path: str) -> None:
    """Raises BadPart."""
    if any(unquote(step) in (".", "..") for step in path.split("/")):
        raise BadPart("has a step . or .. in its path, which may lead out of the API")
