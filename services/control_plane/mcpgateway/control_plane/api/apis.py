"""/openapi/preview, /tools/generate-schemas-from-openapi: what OpenAPI documents would come to."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.http.exchange import actor_of, at, json, read_object
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.nouns.gateways import MAX_BODY
from mcpgateway.control_plane.api.nouns.openapi_input import (
    KNOWN,
    METHODS,
    read_members,
    refuse_unknown,
)
from mcpgateway.control_plane.api.nouns.url_input import read_url
from mcpgateway.control_plane.registry.discovered.ports import Target
from mcpgateway.control_plane.registry.openapi import asking
from mcpgateway.control_plane.registry.openapi.asking import Operated
from mcpgateway.control_plane.registry.openapi.importing import Imported, LeftOut, Reading
from mcpgateway.control_plane.registry.openapi.security import Wanted
from mcpgateway.control_plane.registry.ports import Ports

Json = dict[str, Any]
_SAID = "Schemas generated successfully from OpenAPI spec"


class Apis:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def routes(self) -> Sequence[Route]:
        refuses = (403, 502, 504)
        says = "What an OpenAPI document would come to as a gateway"
        previewing = Operation(self.preview, says, {200: Shown(show_reading)}, refuses)
        says = "The schemas of one operation of an OpenAPI document"
        making = Operation(self.schemas, says, {200: Shown(show_schemas)}, (*refuses, 404))
        return (
            at("/openapi/preview", POST=previewing),
            at("/tools/generate-schemas-from-openapi", POST=making),
            at("/admin/tools/generate-schemas-from-openapi", POST=making),
        )

    async def preview(self, request: Request) -> Response:
        target = read_target(await read_object(request, MAX_BODY))
        try:
            reading = await asking.preview(self._ports, actor_of(request), target)
        except InvalidCall as error:
            raise beside(error) from error
        return json(show_reading(reading))

    async def schemas(self, request: Request) -> Response:
        fields = Fields(await read_object(request))
        url = read_url(fields, "url", required=True)
        method = fields.choice("request_type", METHODS)
        place = read_url(fields, "openapi_url", required=False)
        fields.check()
        found = await asking.schemas(
            self._ports, actor_of(request), url or "", method or "GET", place or ""
        )
        return json(show_schemas(found))


def read_target(body: Mapping[str, Any]) -> Target:
    """The members of `openapi` of a gateway's body, and its `url`. Raises InvalidCall."""
    fields = Fields(body)
    url = read_url(fields, "url", required=False)
    told = read_members(fields, needed=True)
    refuse_unknown(fields, body, ("url", *KNOWN))
    fields.check()
    return Target(url or "", "OPENAPI", options=told.options or {}, document=told.document or b"")


def beside(error: InvalidCall) -> InvalidCall:
    """The same of a body that has the members of `openapi` beside its `url`."""
    inside = "openapi."
    errors = [each._replace(field=each.field.removeprefix(inside)) for each in error.errors]
    return InvalidCall(error.message.removeprefix(inside), errors=errors)


def show_reading(reading: Reading) -> Json:
    return {
        "openapi": reading.version,
        "title": reading.title,
        "version": reading.release,
        "description": reading.description,
        "url": reading.url,
        "servers": list(reading.servers),
        "security": [show_wanted(each) for each in reading.security],
        "tags": [msgspec.to_builtins(each) for each in reading.tags],
        "tools": [_tool(each) for each in reading.tools],
        "leftOut": [_left(each) for each in reading.left_out],
        "problems": list(reading.problems),
    }


def show_wanted(each: Wanted) -> Json:
    return {
        "name": each.name,
        "type": each.type,
        "description": each.description,
        "required": each.required,
        "gateway": each.gateway,
    }


def _tool(each: Imported) -> Json:
    return {
        "name": each.name,
        "method": each.method,
        "path": each.path,
        "operationId": each.operation,
        "summary": each.summary,
        "tags": list(each.tags),
        "deprecated": each.deprecated,
        "definitionBytes": len(each.definition),
    }


def _left(each: LeftOut) -> Json:
    return {
        "method": each.method,
        "path": each.path,
        "operationId": each.operation,
        "reason": each.reason,
        "chosen": each.chosen,
    }


def show_schemas(found: Operated) -> Json:
    return {
        "message": _SAID,
        "success": True,
        "input_schema": found.input,
        "output_schema": found.output,
        "spec_url": found.document_url,
    }
