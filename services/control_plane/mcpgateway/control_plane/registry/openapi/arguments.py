"""The arguments of a tool, and where each goes in its request. Pure.

Parameters and the members of a body stand side by side, each under a name of its own; a body that
is no plain object is one argument.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from mcpgateway.common.policy.passthrough import NEVER_PASSED
from mcpgateway.common.routing.rest_request import COMPACT, STYLES
from mcpgateway.common.routing.rest_request import Body as Sent
from mcpgateway.control_plane.registry.openapi import media
from mcpgateway.control_plane.registry.openapi.members import members_of
from mcpgateway.control_plane.registry.openapi.naming import argument_name
from mcpgateway.control_plane.registry.openapi.parts import Body, Parameter, mapping, text
from mcpgateway.control_plane.registry.openapi.pointers import BadPart, Pointers
from mcpgateway.control_plane.registry.openapi.schemas import Converted, Schema, Schemas
from mcpgateway.control_plane.registry.openapi.words import MAX_PART, plain

_HOLE = re.compile(r"\{(\+?)([^{}?#]+)\}")
_SAFE = "!#$%&'()*+,/:;=?@[]~-._|^`<>\\\""
_ORDER = ("path", "query", "header", "cookie")
_ELSEWHERE = frozenset(  # said in other ways
    ("accept", "authorization", "content-length", "content-type", "host", "user-agent")
)
_OCTETS = "application/octet-stream"


class Arguments:
    """Filled by `parameters`, then `body`; then its attributes are those of the request."""

    def __init__(self, schemas: Schemas, pointers: Pointers, path: str) -> None:
        self.path = ""
        self.headers: dict[str, str] = {}
        self.query: dict[str, str] = {}
        self.header: dict[str, str] = {}
        self.cookie: dict[str, str] = {}
        self.members: dict[str, str] = {}
        self.styles: dict[str, str] = {}
        self.files: dict[str, str] = {}
        self.whole = ""  # the argument that is the body
        self._schemas = schemas
        self._pointers = pointers
        self._written = path
        self._taken: set[str] = set()
        self._properties: dict[str, Schema] = {}
        self._required: list[str] = []
        self._refs: set[str] = set()

    @property
    def schema(self) -> Converted:
        made: Schema = {"type": "object", "properties": self._properties}
        if self._required:
            made["required"] = self._required
        return Converted(made, frozenset(self._refs), frozenset())

    def parameters(self, found: tuple[Parameter, ...], bodiless: bool) -> None:
        """`bodiless`: what has no other place goes into the query by itself. Raises BadPart."""
        self._path([each for each in found if each.place == "path"])
        for each in sorted(found, key=lambda each: _ORDER.index(each.place)):
            if each.place == "query":
                self._query(each, bodiless)
            elif each.place == "header":
                self._header(each)
            elif each.place == "cookie":
                self.cookie[self._added(each)] = each.name

    def _path(self, found: list[Parameter]) -> None:
        declared = {each.name: each for each in found}
        done: dict[str, str] = {}
        pieces = _HOLE.split(self._written.partition("#")[0])  # which no server is told
        self.path = quote(pieces[0], safe=_SAFE)
        for plus, name, fixed in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            each = declared.get(name) or Parameter(name, "path", {"type": "string"}, True)
            if each.style in ("label", "matrix"):
                raise BadPart(f"has the path parameter {name[:80]!r} of style {each.style}")
            if name not in done:
                done[name] = self._added(each)
            sign = "+" if plus or each.multiple else ""
            self.path += f"{{{sign}{done[name]}}}" + quote(fixed, safe=_SAFE)

    def _query(self, each: Parameter, bodiless: bool) -> None:
        only = self._only(each)
        if only:
            sign = "&" if "?" in self.path else "?"
            self.path += f"{sign}{quote(each.name, safe='')}={quote(only, safe='')}"
            return
        argument = self._added(each)
        if argument != each.name or not bodiless:
            self.query[argument] = each.name
        style = self._style(each.schema, each.style, compact=each.compact)
        if style and not each.media_type:
            self.styles[argument] = style

    def _only(self, each: Parameter) -> str:
        """The one value that it must have, if there is but one."""
        schema = mapping(self._pointers.followed(each.schema))
        values = schema.get("enum")
        only = values[0] if isinstance(values, list) and len(values) == 1 else schema.get("const")
        return text(only) if each.required else ""

    def _style(self, raw: Any, style: str, *, compact: bool) -> str:
        """Only where it says more than what is usual: arrays several times, objects as JSON."""
        schema = mapping(self._pointers.followed(raw))
        kind = schema.get("type")
        if style == "deepObject":
            return style
        if style not in STYLES or (kind != "object" and not (kind == "array" and compact)):
            return ""
        return style + COMPACT if compact else style

    def _header(self, each: Parameter) -> None:
        """What can not be an argument is left out, unless it is needed."""
        lower = each.name.lower()
        if lower.encode("latin-1", "replace") in NEVER_PASSED:
            if each.required and lower not in _ELSEWHERE:
                raise BadPart(f"needs the header {each.name[:80]!r}, which no argument may set")
            return
        only = self._only(each)
        if only:
            self.headers[each.name] = only
        elif lower not in {name.lower() for name in self.headers}:
            self.header[self._added(each)] = each.name

    def body(self, body: Body) -> Sent:
        """What `RestRequest.body` is. Raises BadPart."""
        kind = media.bare(body.media_type)
        if media.is_json(kind) or kind == media.FORM:
            if kind not in (media.JSON, media.FORM, "*/*", "application/*"):
                self.headers["Content-Type"] = kind
            if not self._flat(body):
                self._whole(body, {"type": "object"} if kind == media.FORM else body.schema)
            return "form" if kind == media.FORM else "json"
        if kind == media.MULTIPART:
            if not self._flat(body):
                raise BadPart("has a multipart body whose fields are not named")
            return "multipart"
        return self._text(body, kind)

    def _text(self, body: Body, kind: str) -> Sent:
        self.headers["Content-Type"] = _OCTETS if "*" in kind else kind
        if media.is_text(kind):
            self._whole(body, {"type": "string", "description": f"The body, {kind}"})
            return "text"
        self._whole(body, {"type": "string", "description": f"The body, {kind}, in base64"})
        return "binary"

    def _whole(self, body: Body, raw: Any) -> None:
        parameter = Parameter("body", "query", raw, body.required, body.description)
        self.whole = self._added(parameter, "content")

    def _flat(self, body: Body) -> bool:
        """Whether each member is an argument."""
        found = members_of(body.schema, self._pointers)
        if found is None:
            return False
        kind = media.bare(body.media_type)
        for name, raw in found.properties.items():
            if self._schemas.hides(raw):
                continue
            if kind == media.MULTIPART and self._file(name, raw, body, found.required):
                continue
            required = body.required and name in found.required
            argument = self._added(Parameter(name, "query", raw, required), "body")
            if argument != name:
                self.members[argument] = name
            if kind != media.JSON:
                self._field(argument, raw, mapping(body.encoding.get(name)))
        return True

    def _field(self, argument: str, raw: Any, encoding: Mapping[str, Any]) -> None:
        style = text(encoding.get("style"))
        compact = encoding.get("explode") is False
        found = self._style(raw, style, compact=compact) if style else ""
        if found:
            self.styles[argument] = found

    def _file(self, name: str, raw: Any, body: Body, required: frozenset[str]) -> bool:
        schema = mapping(self._pointers.followed(raw))
        items = mapping(self._pointers.followed(schema.get("items")))
        several = schema.get("type") == "array"
        if not _is_file(items if several else schema):
            return False
        said = plain(schema.get("description"), MAX_PART)
        one: Schema = {"type": "string", "contentEncoding": "base64"}
        shown: Schema = {"type": "array", "items": one} if several else one
        note = f"{said} (a file, in base64)".strip()
        needed = body.required and name in required
        argument = self._added(Parameter(name, "query", shown, needed, note), "body")
        kind = text(mapping(body.encoding.get(name)).get("contentType"))
        self.files[argument] = "" if "," in kind or "*" in kind else kind.partition(";")[0].strip()
        if argument != name:
            self.members[argument] = name
        return True

    def _added(self, each: Parameter, place: str = "") -> str:
        """The name of a new argument."""
        argument = argument_name(each.name, place or each.place, self._taken)
        found = self._schemas.converted(_json_text(each) if each.media_type else each.schema)
        self._refs |= found.refs
        said = plain(each.description, MAX_PART)
        self._properties[argument] = found.schema | ({"description": said} if said else {})
        if each.required:
            self._required.append(argument)
        return argument


def _json_text(each: Parameter) -> Schema:
    return {
        "type": "string",
        "contentMediaType": media.bare(each.media_type),
        "description": f"A text of {each.media_type}",
    }


def _is_file(schema: Mapping[str, Any]) -> bool:
    """Octets, by the words of 3.0 or 3.1."""
    if schema.get("type") != "string":
        return False
    octets = text(schema.get("contentMediaType"))
    return schema.get("format") == "binary" or bool(octets and not schema.get("contentEncoding"))
