"""Bodies of POST and PUT /resources. Pure."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common.content.resource_content import Content, mime_type
from mcpgateway.common.content.uri_variables import BadTemplate, parse
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.shared_input import (
    DESCRIPTION_LIMIT,
    access,
    json_object,
    overrides,
    said,
    tags,
    unwrapped,
)
from mcpgateway.control_plane.registry.drafts import ResourceDraft

URI_LIMIT = 2048
CONTENT_LIMIT = 100 * 1024  # bytes of a text, or of what a blob stands for
_TITLE = 255
_TTL = 365 * 86_400_000  # ms
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S*")


def read_resource(body: Mapping[str, Any], *, new: bool) -> ResourceDraft:
    """Raises InvalidCall that names every problem."""
    fields = Fields(unwrapped(body, "resource"))
    if new:
        fields.unsupported("gateway_id", "a gateway's resources are found by its discovery")
    uri = _uri(fields, new)
    content = _content(fields, new)
    members = said(_members(fields, new))
    if content is not UNSET:
        members["size"] = _size(content)
    if new and content is not UNSET and uri is not UNSET:
        members["mimeType"] = members.get("mimeType") or mime_type(uri, content)
    draft = ResourceDraft(
        uri=uri,
        template=UNSET if uri is UNSET else _is_template(uri),
        content=UNSET if content is UNSET else msgspec.json.encode(content).decode(),
        members=members,
        overrides=overrides(fields, _members),
        ttl_ms=fields.integer("ttl_ms", 0, _TTL),
        extension_metadata=json_object(fields, "extension_metadata"),
        tags=tags(fields),
        **access(fields),
    )
    fields.check()
    return draft


def _members(fields: Fields, new: bool = False) -> Mapping[str, object]:
    """Of a resource's definition, by MCP's names."""
    return {
        "name": fields.filled("name", 255, required=new),
        "title": fields.text("title", _TITLE),
        "description": fields.text("description", DESCRIPTION_LIMIT),
        "mimeType": fields.text("mime_type", 255),
        "annotations": json_object(fields, "annotations"),
        "_meta": json_object(fields, "_meta"),
    }


def _uri(fields: Fields, new: bool) -> str | UnsetType:
    """A URI, or a URI template, which may be said in either field."""
    template = fields.text("uri_template", URI_LIMIT)
    uri = fields.filled("uri", URI_LIMIT, required=new and not template)
    where, found = ("uri_template", template) if template else ("uri", uri)
    if found is UNSET:
        return UNSET
    if not _SCHEME.fullmatch(found):
        fields.problem(where, "must begin with a scheme, and hold no white space", "uri")
        return UNSET
    try:
        parse(found)
    except BadTemplate as error:
        fields.problem(where, f"is no URI template (RFC 6570): {error}", "uri")
        return UNSET
    if where == "uri_template" and not _is_template(found):
        fields.problem(where, "has no {variable}: give it as uri", "uri")
        return UNSET
    return found


def _is_template(uri: str) -> bool:
    return any(not isinstance(part, str) for part in parse(uri))


def _content(fields: Fields, new: bool) -> Content | UnsetType:
    """`content` is text; `blob` base64."""
    text = fields.raw("content", {"type": "string"})
    blob = fields.raw("blob", {"type": "string", "contentEncoding": "base64"})
    if text is not UNSET and blob is not UNSET:
        fields.problem("blob", "can not be given with content: a resource has one of them", "one")
        return UNSET
    if blob is not UNSET:
        return _blob(fields, blob)
    if isinstance(text, UnsetType):
        if new:
            fields.problem("content", "is required, or blob", "missing")
        return UNSET
    if not isinstance(text, str) or "\0" in text:
        fields.problem("content", "must be a string without the character NUL", "string")
        return UNSET
    return _within(fields, "content", Content(text=text), len(text.encode(errors="replace")))


def _blob(fields: Fields, blob: object) -> Content | UnsetType:
    try:
        size = len(base64.b64decode(blob, validate=True)) if isinstance(blob, str) else -1
    except (binascii.Error, ValueError):
        size = -1
    if size < 0 or not isinstance(blob, str):
        fields.problem("blob", "must be base64 (RFC 4648)", "base64")
        return UNSET
    return _within(fields, "blob", Content(blob=blob), size)


def _within(fields: Fields, name: str, content: Content, size: int) -> Content | UnsetType:
    if size > CONTENT_LIMIT:
        problem = f"has {size} bytes, {CONTENT_LIMIT} is the limit: larger ones belong to a gateway"
        fields.problem(name, problem, "size")
        return UNSET
    return content


def _size(content: Content) -> int:
    if isinstance(content.text, str):
        return len(content.text.encode())
    return len(base64.b64decode(content.blob or ""))
