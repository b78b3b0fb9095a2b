"""What an OpenAPI document would come to, before anything is registered; and the schemas of one
operation, for a tool of the gateway's own."""

import re
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from mcpgateway.common.errors import Denied, NotFound, Unavailable
from mcpgateway.control_plane.registry.access.rights import needed
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.discovered.ports import Target
from mcpgateway.control_plane.registry.openapi.importing import Imported, Reading
from mcpgateway.control_plane.registry.openapi.ports import ApiReader
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.transports.openapi import OpenApiOptions, kept

_HOLE = re.compile(r"\\\{[^{}]*\\\}")  # as re.escape writes it


class Operated(NamedTuple):
    """`input` and `output` are JSON Schemas, `document_url` is where they come from."""

    input: dict[str, Any]
    output: dict[str, Any] | None
    document_url: str


async def preview(ports: Ports, actor: Actor, target: Target) -> Reading:
    """Nothing is kept. Raises Denied and what `ApiReader.read` does."""
    _check(actor, "gateway")
    return (await _reader(ports).read(target)).reading


async def schemas(
    ports: Ports, actor: Actor, url: str, method: str, document_url: str = ""
) -> Operated:
    """Of the operation that a URL is, by its path. `document_url` "": `/openapi.json` there. Raises
    Denied, NotFound for no such operation, and what `ApiReader.read` does."""
    _check(actor, "tool")
    parts = urlsplit(url)
    place = document_url or f"{parts.scheme}://{parts.netloc}/openapi.json"
    options = OpenApiOptions(document_url=place, methods=(method,))
    target = Target("", "OPENAPI", options=kept(options))
    reading = (await _reader(ports).read(target)).reading
    found = operation_at(reading, parts.path)
    if found is None:
        raise NotFound(f"the document at {place} has no {method} {parts.path!r}")
    definition = msgspec.json.decode(found.definition)
    return Operated(definition["inputSchema"], definition.get("outputSchema"), place)


def operation_at(reading: Reading, path: str) -> Imported | None:
    """By the path of the document, or of its URL; one without parameters before others."""
    exact = [each for each in reading.tools if each.path == path]
    fitting = [each for each in reading.tools if _fits(each.path, path)]
    behind = [each for each in reading.tools if _ends(each, path)]
    return next(iter([*exact, *sorted(fitting, key=_parameters), *behind]), None)


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(_HOLE.sub("[^/]+", re.escape(template)), path) is not None


def _ends(each: Imported, path: str) -> bool:
    """The path of a URL begins with that of the API's own URL."""
    whole = urlsplit(each.request.url).path
    return whole == path or _fits(whole, path)


def _parameters(each: Imported) -> int:
    return each.path.count("{")


def _check(actor: Actor, what: str) -> None:
    permission = needed(what, "create")
    if not actor.viewer.may_somewhere(permission):
        raise Denied(f"to have an OpenAPI document read, you need {permission} somewhere")


def _reader(ports: Ports) -> ApiReader:
    if ports.apis is None:
        raise Unavailable("OpenAPI documents are not read here")
    return ports.apis
