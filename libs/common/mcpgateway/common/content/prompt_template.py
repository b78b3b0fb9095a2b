"""A prompt of the gateway's own: messages with templates in their texts, and its arguments. Pure.

Which texts of a message are templates: `text` of a text part, and `text` of an embedded resource.
They are filled elsewhere (`plain_template`, or `sandbox` in a process of its own); here the JSON is
taken apart around them, and put together again with what came of them.
"""

import binascii
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.content.jobs import Found
from mcpgateway.common.content.limits import LIMITS, Limits

COMPLETIONS = 100  # values of one answer to `completion/complete`


class Messages(NamedTuple):
    """`texts` are the templates, `pieces` (one more) the JSON around them."""

    texts: tuple[str, ...]
    pieces: tuple[bytes, ...]

    def filled(self, texts: Sequence[str]) -> bytes:
        """The JSON array of messages with these in the places of the templates."""
        parts = [self.pieces[0]]
        for text, piece in zip(texts, self.pieces[1:], strict=True):
            parts += (jsonrpc.encode(text), piece)
        return b"".join(parts)


class Argument(msgspec.Struct, frozen=True):
    """As a prompt's definition declares it. `enum` is ours: the values to choose from, which
    `completion/complete` answers with."""

    name: str
    required: bool = False
    enum: tuple[str, ...] = ()


class Unbound(ValueError):
    """Arguments that do not fit the prompt. The message goes on from the word `arguments`."""


class Unusable(ValueError):
    """Messages, or a definition, that are not what MCP asks for; the message says where."""


def read(messages: bytes) -> Messages:
    """Raises Unusable."""
    try:
        each = _array.decode(messages)
        pieces: list[bytes] = [b"["]
        texts: list[str] = []
        for n, raw in enumerate(each):
            pieces[-1] += b"," if n else b""
            _cut(raw, _path_of(raw), pieces, texts)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unusable(f"messages: {error}") from error
    pieces[-1] += b"]"
    return Messages(tuple(texts), tuple(pieces))


def declared(definition: bytes) -> tuple[Argument, ...]:
    """The arguments in a prompt's definition. Raises Unusable."""
    try:
        return _definition.decode(definition).arguments
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unusable(f"arguments: {error}") from error


def bind(
    arguments: Iterable[Argument], given: bytes | None, limits: Limits = LIMITS
) -> dict[str, str]:
    """What a call gives (JSON, None for nothing), held against what is declared. MCP's arguments
    are strings. Raises Unbound: for a required one that is missing, and for one that is not
    declared."""
    known = {each.name: each for each in arguments}
    values = _values(given)
    missing = [name for name, each in known.items() if each.required and name not in values]
    if missing:
        raise Unbound(f"lacks {_listed(missing)}, which the prompt requires")
    unknown = [name for name in values if name not in known]
    if unknown:
        takes = f"takes {_listed(known)}" if known else "takes none"
        raise Unbound(f"has {_listed(unknown)}, but the prompt {takes}")
    if sum(map(len, values.values())) > limits.arguments:
        raise Unbound(f"has over {limits.arguments} characters in all")
    return values


def complete(values: Sequence[str], begun: str) -> bytes:
    """The `completion` member of a `completion/complete` result: the values that begin so."""
    fitting = [each for each in values if each.casefold().startswith(begun.casefold())]
    shown = fitting[:COMPLETIONS]
    more = len(fitting) > len(shown)
    return msgspec.json.encode({"values": shown, "total": len(fitting), "hasMore": more})


def shape_problems(messages: bytes, limits: Limits = LIMITS) -> list[str]:
    """What is wrong with a prompt's messages as an operator wrote them, templates aside."""
    if len(messages) > limits.messages:
        return [f"messages: has {len(messages)} bytes, and may have {limits.messages}"]
    try:
        each = _array.decode(messages)
    except (msgspec.DecodeError, RecursionError) as error:
        return [f"messages: must be an array of MCP prompt messages: {error}"]
    if not each:
        return ["messages: must have at least one message"]
    problems = [_message_problem(raw, limits) for raw in each]
    return [f"messages[{n}]{problem}" for n, problem in enumerate(problems) if problem]


def template_problems(found: Sequence[Found], arguments: Iterable[Argument]) -> list[str]:
    """What is wrong with the templates, by what was found in each. A name that nobody declares
    could never be given."""
    known = {each.name for each in arguments}
    problems: list[str] = []
    for n, each in enumerate(found):
        where = f"template {n + 1}"
        if each.problem:
            problems.append(f"{where}: {each.problem}")
        unknown = [name for name in each.names if name not in known]
        if unknown:
            problems.append(f"{where}: uses {_listed(unknown)}, which is no declared argument")
    return problems


class _Text(msgspec.Struct, tag="text"):
    text: str


class _Image(msgspec.Struct, tag="image"):
    data: str
    mime: str = msgspec.field(name="mimeType")


class _Audio(msgspec.Struct, tag="audio"):
    data: str
    mime: str = msgspec.field(name="mimeType")


class _Link(msgspec.Struct, tag="resource_link"):
    uri: str
    name: str


class _Contents(msgspec.Struct):
    uri: str
    text: str | msgspec.UnsetType = msgspec.UNSET
    blob: str | msgspec.UnsetType = msgspec.UNSET


class _Embedded(msgspec.Struct, tag="resource"):
    resource: _Contents


class _Message(msgspec.Struct):
    role: Literal["user", "assistant"]
    content: _Text | _Image | _Audio | _Link | _Embedded


class _Definition(msgspec.Struct):
    arguments: tuple[Argument, ...] = ()


_array = msgspec.json.Decoder(list[msgspec.Raw])
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_string = msgspec.json.Decoder(str)
_message = msgspec.json.Decoder(_Message)
_definition = msgspec.json.Decoder(_Definition)
_given = msgspec.json.Decoder(dict[str, Any])


def _path_of(message: msgspec.Raw) -> tuple[str, ...]:
    """Where in a message its template is; nowhere: ()."""
    content = _members.decode(_members.decode(message).get("content", b"{}"))
    match bytes(content.get("type", b"")):
        case b'"text"' if "text" in content:
            return ("content", "text")
        case b'"resource"' if "text" in _members.decode(content.get("resource", b"{}")):
            return ("content", "resource", "text")
    return ()


def _cut(raw: msgspec.Raw, path: tuple[str, ...], pieces: list[bytes], texts: list[str]) -> None:
    """Adds a value to the last piece, or where `path` leads to a template, its text to `texts`."""
    members = _members.decode(raw) if path else None
    if members is None or path[0] not in members:
        pieces[-1] += bytes(raw)
        return
    for n, (name, value) in enumerate(members.items()):
        pieces[-1] += (b"," if n else b"{") + jsonrpc.encode(name) + b":"
        if name != path[0]:
            pieces[-1] += bytes(value)
        elif len(path) > 1:
            _cut(value, path[1:], pieces, texts)
        else:
            texts.append(_string.decode(value))
            pieces.append(b"")
    pieces[-1] += b"}"


def _values(given: bytes | None) -> dict[str, str]:
    if given is None or given == b"null":
        return {}
    try:
        values = _given.decode(given)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unbound("must be an object of strings") from error
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise Unbound(f"must be strings: {_listed(wrong)}")
    return values


def _message_problem(raw: msgspec.Raw, limits: Limits) -> str:
    try:
        content = _message.decode(raw).content
    except (msgspec.DecodeError, RecursionError) as error:
        return f": {error}"
    match content:
        case _Text(text=text):
            return _length_problem(".content.text", text, limits)
        case _Image(data=data) | _Audio(data=data):
            return _base64_problem(".content.data", data)
        case _Embedded(resource=resource):
            return _contents_problem(resource, limits)
    return ""


def _contents_problem(contents: _Contents, limits: Limits) -> str:
    where = ".content.resource"
    match contents.text, contents.blob:
        case str(text), msgspec.UnsetType():
            return _length_problem(f"{where}.text", text, limits)
        case msgspec.UnsetType(), str(blob):
            return _base64_problem(f"{where}.blob", blob)
    return f"{where}: must have text or blob, and not both"


def _length_problem(where: str, text: str, limits: Limits) -> str:
    if len(text) <= limits.template:
        return ""
    return f"{where}: has {len(text)} characters, and may have {limits.template}"


def _base64_problem(where: str, data: str) -> str:
    try:
        binascii.a2b_base64(data, strict_mode=True)
    except (ValueError, UnicodeEncodeError) as error:
        return f"{where}: is not base64: {error}"
    return ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name[:100]) for name in names)
