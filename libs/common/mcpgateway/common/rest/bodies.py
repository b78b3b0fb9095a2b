"""Bodies of requests, made of arguments: JSON, forms, multipart forms (RFC 7578), texts, bytes.
Pure."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.rest.query import Field, joined
from mcpgateway.common.rest.template import scalar
from mcpgateway.common.routing.rest_request import (
    FORM,
    JSON,
    MULTIPART,
    Body,
    RestRequest,
    content_type,
)
from mcpgateway.common.strict_json import Located, pointer

MAX_NAME = 255  # characters of a file's name

_USUAL: dict[Body, str] = {
    "json": JSON,
    "form": FORM,
    "text": "text/plain; charset=utf-8",
    "binary": "application/octet-stream",
}
_OCTETS = "application/octet-stream"
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")
_DATA_URL = re.compile(r"data:[^,]{0,300};base64,")
_BLANKS = re.compile(r"[ \t\r\n]+")
_arguments = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Written(NamedTuple):
    """`media_type` is the Content-Type, "" where there is no body."""

    content: bytes = b""
    media_type: str = ""


class Given(NamedTuple):
    """The arguments of a call: as they came, as values, and those that the body is made of, by
    their names there."""

    raw: bytes | msgspec.Raw
    values: Mapping[str, Any]
    members: Mapping[str, str]


def written(request: RestRequest, kind: Body, given: Given, problems: list[Located]) -> Written:
    """What is wrong with arguments is added to `problems`; the body is of no use then."""
    if kind == "none" or (request.body_argument and request.body_argument not in given.values):
        return Written()
    if kind == "multipart":
        return _multipart(_parts(_fields(request, given, problems), request.files, problems))
    named = media_type(request, kind)
    if kind == "json":
        return Written(_json(request, given), named)
    if kind == "form":
        fields = _fields(request, given, problems)
        return Written(joined(fields, frozenset(), problems).encode(), named)
    name = request.body_argument
    if kind == "text":
        return Written(_text(given.values[name], pointer([name]), problems), named)
    return Written(_bytes(given.values[name], pointer([name]), problems), named)


def media_type(request: RestRequest, kind: Body) -> str:
    """The Content-Type of a body that is no multipart form."""
    return content_type(request) or _USUAL[kind]


def _json(request: RestRequest, given: Given) -> bytes:
    """Spliced of the client's own bytes: numbers keep their digits."""
    raws = _arguments.decode(given.raw)
    if request.body_argument:
        return bytes(raws[request.body_argument])
    return jsonrpc.join_params({name: raws[each] for name, each in given.members.items()})


def _fields(request: RestRequest, given: Given, problems: list[Located]) -> list[Field]:
    """Of a form."""
    style = request.query_style
    if not request.body_argument:
        return [
            Field(argument, name, given.values[argument], style.get(argument, ""))
            for name, argument in given.members.items()
        ]
    value = given.values[request.body_argument]
    if not isinstance(value, dict):
        problems.append(Located(pointer([request.body_argument]), "must be an object"))
        return []
    return [Field(name, name, each, style.get(name, "")) for name, each in value.items()]


def _text(value: Any, where: str, problems: list[Located]) -> bytes:
    text = scalar(value)
    try:
        return jsonrpc.encode(value) if text is None else text.encode()
    except (UnicodeEncodeError, RecursionError):
        problems.append(Located(where, "holds half a character, or is nested too deeply"))
        return b""


def _bytes(value: Any, where: str, problems: list[Located]) -> bytes:
    """Of base64 with or without line breaks, or of a data URL."""
    if isinstance(value, str):
        start = _DATA_URL.match(value)
        text = _BLANKS.sub("", value[start.end() if start else 0 :])
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            pass
    problems.append(Located(where, "must be base64 (RFC 4648, section 4)"))
    return b""


class _Part(NamedTuple):
    name: str
    content: bytes
    file: str = ""
    media_type: str = ""


def _parts(
    fields: Iterable[Field], files: Mapping[str, str], problems: list[Located]
) -> Iterator[_Part]:
    for field in fields:
        many = isinstance(field.value, list)
        for index, value in enumerate(field.value if many else [field.value]):
            where = pointer([field.argument, index] if many else [field.argument])
            if value is None:
                continue
            if field.argument in files:
                yield _file(field.key, value, files[field.argument], (where, problems))
            else:
                plain = scalar(value) is not None
                content = _text(value, where, problems)
                yield _Part(field.key, content, media_type="" if plain else JSON)


def _file(name: str, value: Any, media_type: str, told: tuple[str, list[Located]]) -> _Part:
    where, problems = told
    said = value if isinstance(value, dict) else {"blob": value}
    content = _bytes(said.get("blob"), where + ("/blob" if said is value else ""), problems)
    file, kind = said.get("name", name), said.get("mimeType", media_type) or _OCTETS
    if not (isinstance(file, str) and 0 < len(file) <= MAX_NAME and _is_text(file)):
        problems.append(Located(f"{where}/name", f"must be 1 to {MAX_NAME} characters"))
        file = ""
    if not (isinstance(kind, str) and _MEDIA_TYPE.fullmatch(kind)):
        problems.append(Located(f"{where}/mimeType", "must be a media type, such as image/png"))
        kind = _OCTETS
    return _Part(name, content, file, kind)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _multipart(parts: Iterable[_Part]) -> Written:
    """The boundary is made of all that it keeps apart, so that none of it can hold it."""
    shown = [_head(each) + each.content + b"\r\n" for each in parts]
    boundary = hashlib.sha256(b"".join(shown)).hexdigest()[:40]
    line = f"--{boundary}".encode()
    content = b"".join([line + b"\r\n" + each for each in shown]) + line + b"--\r\n"
    return Written(content, f"{MULTIPART}; boundary={boundary}")


def _head(part: _Part) -> bytes:
    said = f'Content-Disposition: form-data; name="{_quoted(part.name)}"'
    if part.file:
        said += f'; filename="{_quoted(part.file)}"'
    if part.media_type:
        said += f"\r\nContent-Type: {part.media_type}"
    return f"{said}\r\n\r\n".encode("utf-8", "replace")


def _quoted(text: str) -> str:
    """As browsers do (WHATWG HTML, multipart/form-data)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
