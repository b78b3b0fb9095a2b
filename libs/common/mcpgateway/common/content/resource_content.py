"""The answers to `resources/read` for resources of the gateway's own. Pure.

`content` of a resource is JSON `{"text"}` or `{"blob"}`; its text is passed on as it is, or where
the resource is a template, after its variables were put in (elsewhere).
"""

import binascii

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.content import mime_types
from mcpgateway.common.content.jobs import Found
from mcpgateway.common.content.limits import LIMITS, Limits
from mcpgateway.common.content.prompt_template import Unusable
from mcpgateway.common.content.uri_variables import BadTemplate, names, parse
from mcpgateway.common.mcp.revisions import Era

TEXT = "text/plain"


class Content(msgspec.Struct, frozen=True):
    """One of both. A blob is base64."""

    text: str | msgspec.UnsetType = msgspec.UNSET
    blob: str | msgspec.UnsetType = msgspec.UNSET


class _Definition(msgspec.Struct):
    mime: str = msgspec.field(name="mimeType", default="")


_content = msgspec.json.Decoder(Content)
_definition = msgspec.json.Decoder(_Definition)


def read(content: bytes) -> Content:
    """Raises Unusable."""
    try:
        found = _content.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unusable(f"content: {error}") from error
    if isinstance(found.text, str) is isinstance(found.blob, str):
        raise Unusable("content: must have text or blob, and not both")
    return found


def mime_type(uri: str, content: Content, definition: bytes = b"{}") -> str:
    """As the definition says; else by the URI's ending, the first bytes of a blob, or none of
    these: text/plain, application/octet-stream."""
    declared = _declared(definition)
    if declared:
        return declared
    by_uri = mime_types.by_uri(uri)
    if by_uri:
        return by_uri
    return mime_types.by_bytes(content.blob) if isinstance(content.blob, str) else TEXT


def result(uri: str, content: Content, mime: str) -> bytes:
    """The `contents` member of a result, as JSON, without braces around it."""
    text = isinstance(content.text, str)
    return b'"contents":[{"uri":%b,"mimeType":%b,"%b":%b}]' % (
        jsonrpc.encode(uri),
        jsonrpc.encode(mime),
        b"text" if text else b"blob",
        jsonrpc.encode(content.text if text else content.blob),
    )


def caching(era: Era, ttl_ms: int, *, anybody: bool) -> bytes:
    """The members that say how long a result may be kept and by whom, with a comma before them;
    legacy clients know none. `anybody`: who has no credentials may read it, too."""
    if era == "legacy":
        return b""
    scope = b"public" if anybody and ttl_ms > 0 else b"private"
    return b',"ttlMs":%d,"cacheScope":"%b"' % (max(ttl_ms, 0), scope)


def shape_problems(content: bytes, limit: int, limits: Limits = LIMITS) -> list[str]:
    """What is wrong with the content of a resource as an operator wrote it. `limit`: of its bytes
    as JSON."""
    if len(content) > limit:
        return [f"content: has {len(content)} bytes, and may have {limit}"]
    try:
        found = read(content)
    except Unusable as problem:
        return [str(problem)]
    if isinstance(found.blob, str):
        try:
            binascii.a2b_base64(found.blob, strict_mode=True)
        except (ValueError, UnicodeEncodeError) as error:
            return [f"content.blob: is not base64: {error}"]
    return []


def template_problems(uri_template: str, found: Found) -> list[str]:
    """What is wrong with a template resource, by what was found in its text."""
    try:
        known = names(parse(uri_template))
    except BadTemplate as problem:
        return [f"uriTemplate: {problem}"]
    problems = [f"content.text: {found.problem}"] if found.problem else []
    unknown = ", ".join(repr(name) for name in found.names if name not in known)
    if unknown:
        problems.append(f"content.text: uses {unknown}, which is no variable of the URI template")
    return problems


def _declared(definition: bytes) -> str:
    try:
        return _definition.decode(definition).mime
    except (msgspec.DecodeError, RecursionError):
        return ""
