"""What a body of /gateways says of an API with an OpenAPI document: a member `openapi`. Pure."""

from collections.abc import Collection, Mapping
from typing import Any, get_args

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common.policy.passthrough import may_be_passed
from mcpgateway.common.routing.rest_request import Method
from mcpgateway.control_plane.api.http.fields import Fields, camel, object_problem
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.nouns.auth_input import HEADER_NAME
from mcpgateway.control_plane.api.nouns.shared_input import text_mapping
from mcpgateway.control_plane.api.nouns.transport_told import TransportInput
from mcpgateway.control_plane.api.nouns.url_input import read_url
from mcpgateway.control_plane.registry.openapi.text import MAX_BYTES
from mcpgateway.control_plane.registry.transports import openapi
from mcpgateway.control_plane.registry.transports.openapi import Choice, OpenApiOptions

METHODS: tuple[str, ...] = get_args(Method)
_USUAL = OpenApiOptions()
_CHOICE = ("tags", "paths", "methods", "operations")
KNOWN = (
    *_CHOICE,
    "exclude",
    "document",
    "document_url",
    "deprecated",
    "output_schemas",
    "schema_bytes",
    "headers",
)
_DOCUMENT: Schema = {
    "anyOf": [{"type": "string"}, {"type": "object"}],
    "description": "The text of the document, JSON or YAML; or the document itself.",
}


def read_openapi(fields: Fields, new: bool) -> TransportInput:
    """All of it is said at once, but that the document stays when no other one, and no place of
    one, is said."""
    said = fields.raw("openapi", {"type": "object"})
    if said is UNSET:
        if new:
            fields.problem("openapi", "is required: a document_url, or a document", "missing")
        return TransportInput()
    if not isinstance(said, dict):
        fields.problem("openapi", "must be an object", "object")
        return TransportInput()
    return _read(fields, said, new)


def _read(fields: Fields, said: Mapping[str, Any], new: bool) -> TransportInput:
    """A document may be nested deeper than other members."""
    wrong = object_problem({name: said[name] for name in said.keys() - {"document"}})
    if wrong:
        fields.problem("openapi", wrong, "object")
        return TransportInput()
    inner = Fields(said)
    told = read_members(inner, needed=new)
    refuse_unknown(inner, said, KNOWN)
    for problem in inner.problems:
        fields.problem(f"openapi.{problem.field}", problem.problem, problem.rule)
    return told


def refuse_unknown(fields: Fields, said: Mapping[str, Any], known: Collection[str]) -> None:
    """A choice that is misspelled would choose everything."""
    spelled = {word for name in known for word in (name, camel(name))}
    for name in [each for each in said if each not in spelled]:
        fields.problem(str(name)[:80], f"is unknown; there are {', '.join(known)}", "member")


def read_members(fields: Fields, *, needed: bool) -> TransportInput:
    """`needed`: a document, or its place."""
    document = _document(fields)
    place = read_url(fields, "document_url", required=False)
    if document is not UNSET and place is not UNSET:
        fields.problem("document", "is given by a document_url, too: say one", "twice")
    nothing = fields.raw("document") is UNSET and fields.raw("document_url") is UNSET
    if needed and nothing:
        fields.problem("document_url", "is required, or a document", "missing")
    choice = _choice(fields)
    options = OpenApiOptions(
        document_url="" if isinstance(place, UnsetType) else place,
        tags=choice.tags,
        paths=choice.paths,
        methods=choice.methods,
        operations=choice.operations,
        exclude=_exclude(fields),
        deprecated=_or(fields.boolean("deprecated"), _USUAL.deprecated),
        output_schemas=_or(fields.boolean("output_schemas"), _USUAL.output_schemas),
        schema_bytes=_or(
            fields.integer("schema_bytes", openapi.LEAST_BYTES, openapi.MOST_BYTES),
            _USUAL.schema_bytes,
        ),
        headers=_headers(fields),
    )
    return TransportInput(options=openapi.kept(options), document=document)


def _or(value: Any, usual: Any) -> Any:
    return usual if value is UNSET else value


def _document(fields: Fields) -> bytes | UnsetType:
    value = fields.raw("document", _DOCUMENT)
    if isinstance(value, UnsetType):
        return UNSET
    if not isinstance(value, str | dict) or not value:
        fields.problem("document", "must be the text of an OpenAPI document, or one", "document")
        return UNSET
    try:
        text = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    except UnicodeEncodeError:
        fields.problem("document", "holds half a character", "document")
        return UNSET
    if len(text) > MAX_BYTES:
        fields.problem("document", f"has {len(text)} bytes, {MAX_BYTES} is the limit", "size")
    return text


def _choice(fields: Fields) -> Choice:
    found = {name: _names(fields, name) for name in _CHOICE}
    methods = tuple(each.upper() for each in found.pop("methods"))
    for each in methods:
        if each not in METHODS:
            fields.problem("methods", f"{each[:20]!r} is none of {', '.join(METHODS)}", "enum")
    return Choice(methods=methods, **found)


def _names(fields: Fields, name: str) -> tuple[str, ...]:
    found = fields.texts(name, openapi.MAX_NAMES, openapi.MAX_NAME)
    return () if isinstance(found, UnsetType) else found


def _exclude(fields: Fields) -> Choice:
    said: Mapping[str, Any] | UnsetType = fields.mapping("exclude")
    if isinstance(said, UnsetType):
        return openapi.NOTHING
    inner = Fields(said)
    choice = _choice(inner)
    refuse_unknown(inner, said, _CHOICE)
    for problem in inner.problems:
        fields.problem(f"exclude.{problem.field}", problem.problem, problem.rule)
    return choice


def _headers(fields: Fields) -> dict[str, str]:
    lines = text_mapping(fields, "headers", 4096)
    if isinstance(lines, UnsetType):
        return {}
    for name, value in lines.items():
        if not HEADER_NAME.fullmatch(name) or not may_be_passed(name):
            problem = "must be the name of a header that is neither a credential nor our own"
            fields.problem(f"headers.{name[:80]}", problem, "header")
        elif not (value.isascii() and value.isprintable()):
            fields.problem(f"headers.{name[:80]}", "must be printable ASCII on one line", "header")
    return lines
