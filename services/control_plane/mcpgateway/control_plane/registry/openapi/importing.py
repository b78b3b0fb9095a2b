"""A whole document as tools. Pure; made to run in a process that can be stopped."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.control_plane.registry.openapi import selection
from mcpgateway.control_plane.registry.openapi.bundles import Bundler
from mcpgateway.control_plane.registry.openapi.naming import tool_names
from mcpgateway.control_plane.registry.openapi.parts import Api, Operation
from mcpgateway.control_plane.registry.openapi.places import Place
from mcpgateway.control_plane.registry.openapi.pointers import BadPart
from mcpgateway.control_plane.registry.openapi.schemas import Schemas
from mcpgateway.control_plane.registry.openapi.security import Wanted, wanted
from mcpgateway.control_plane.registry.openapi.text import parse
from mcpgateway.control_plane.registry.openapi.tools import Making
from mcpgateway.control_plane.registry.openapi.versions import Described, Problem
from mcpgateway.control_plane.registry.openapi.words import (
    MAX_INSTRUCTIONS,
    MAX_PART,
    MAX_TITLE,
    line,
    plain,
)
from mcpgateway.control_plane.registry.transports.openapi import OpenApiOptions

MAX_TOOLS = 10_000


class Document(msgspec.Struct, frozen=True):
    """What is to be read. `url`: where the API is, "": as the document says; `found_at`: where the
    document was fetched, "" for one that was given by hand."""

    text: bytes
    options: OpenApiOptions
    url: str = ""
    found_at: str = ""


class Imported(msgspec.Struct, frozen=True):
    """An operation that became a tool."""

    name: str
    definition: bytes
    request: RestRequest
    method: str
    path: str
    operation: str
    summary: str
    tags: tuple[str, ...]
    deprecated: bool


class LeftOut(msgspec.Struct, frozen=True):
    """An operation that did not, and why. `chosen`: it was meant to."""

    method: str
    path: str
    operation: str
    reason: str
    chosen: bool


class Tag(msgspec.Struct, frozen=True):
    """`operations`: how many have it."""

    name: str
    description: str
    operations: int


class Reading(msgspec.Struct, frozen=True):
    """What a document came to. `problems` are about it as a whole, or about its choice."""

    version: str
    title: str
    release: str
    description: str
    url: str
    servers: tuple[str, ...]
    security: tuple[Wanted, ...]
    tags: tuple[Tag, ...]
    tools: tuple[Imported, ...]
    left_out: tuple[LeftOut, ...]
    problems: tuple[str, ...]


def read(document: Document) -> Reading:
    """Raises BadDocument."""
    described = Described(parse(document.text))
    api = described.api()
    place = Place(document.url, api.servers, document.found_at)
    found = list(described.operations())
    operations = [each for each in found if isinstance(each, Operation)]
    left_out = [
        LeftOut("", each.path, "", each.problem, True)
        for each in found
        if isinstance(each, Problem)
    ]
    tools: list[Imported] = []
    for each in _Importing(described, document.options, place, api).made(operations):
        if isinstance(each, Imported):
            tools.append(each)
        else:
            left_out.append(each)
    return Reading(
        api.version,
        line(api.title, MAX_TITLE),
        line(api.release, MAX_TITLE),
        plain(api.description, MAX_INSTRUCTIONS),
        place.url,
        api.servers[:100],
        wanted(api),
        tuple(_tags(api, operations)),
        tuple(tools),
        tuple(left_out),
        tuple(selection.unused(document.options, operations)),
    )


class _Named(NamedTuple):
    operation: Operation
    name: str


class _Importing:
    def __init__(
        self, described: Described, options: OpenApiOptions, place: Place, api: Api
    ) -> None:
        pointers, tree, most = described.pointers, described.tree, options.schema_bytes
        self._described = described
        self._options = options
        self._making = Making(
            pointers,
            Bundler(Schemas(pointers, tree, "request"), most),
            Bundler(Schemas(pointers, tree, "answer"), most // 2)
            if options.output_schemas
            else None,
            place,
            api.schemes,
            options.headers,
        )

    def made(self, operations: Sequence[Operation]) -> Iterator[Imported | LeftOut]:
        """Names are given to all, so that another choice changes none."""
        count = 0
        for each, name in zip(operations, tool_names(operations), strict=True):
            reason = selection.refusal(self._options, each)
            if reason:
                yield _left_out(each, reason, chosen=False)
                continue
            if count == MAX_TOOLS:
                yield _left_out(each, f"is one more than {MAX_TOOLS}, the most of one gateway")
                continue
            made = self._one(_Named(each, name))
            count += isinstance(made, Imported)
            yield made

    def _one(self, named: _Named) -> Imported | LeftOut:
        operation = named.operation
        try:
            asked = self._described.asked(operation)
            request, schema = self._making.request(operation, asked)
            definition = self._making.definition(operation, schema, asked.answer)
        except BadPart as error:
            return _left_out(operation, str(error))
        except RecursionError:
            return _left_out(operation, "is nested too deeply")
        return Imported(
            named.name,
            definition,
            request,
            operation.method,
            operation.path,
            operation.id,
            line(operation.raw.get("summary"), MAX_TITLE),
            operation.tags,
            operation.deprecated,
        )


def _left_out(operation: Operation, reason: str, *, chosen: bool = True) -> LeftOut:
    return LeftOut(operation.method, operation.path, operation.id, reason, chosen)


def _tags(api: Api, operations: Sequence[Operation]) -> Iterator[Tag]:
    """Those that operations have, in their order."""
    counts: dict[str, int] = {}
    for each in operations:
        for tag in dict.fromkeys(each.tags):
            counts[tag] = counts.get(tag, 0) + 1
    for name, count in counts.items():
        yield Tag(name, plain(api.tags.get(name), MAX_PART), count)
