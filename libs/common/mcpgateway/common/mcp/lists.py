"""Pages of MCP lists, and list items taken apart into name and definition and joined again.

An item's members keep their order and the bytes of their values; of a member that is named twice
the last value counts. One bad item never breaks a list: it is left out and named.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeVar

import msgspec

from mcpgateway.common import jsonrpc

ITEM_LIMIT = 1024 * 1024  # bytes of one definition
NAME_LIMIT = 2048  # characters of a name or URI

T = TypeVar("T")

_Raw = msgspec.Raw
_Schema = dict[str, _Raw] | bool
_members = msgspec.json.Decoder(dict[str, _Raw])
_items = msgspec.json.Decoder(list[_Raw])
_string = msgspec.json.Decoder(str)
_cursor = msgspec.json.Decoder(str | None)


class _ObjectSchema(msgspec.Struct):
    type: Literal["object"]


class _Tool(msgspec.Struct, rename="camel"):
    input_schema: _ObjectSchema
    output_schema: _Schema | None = None
    title: str | None = None
    description: str | None = None


class _Argument(msgspec.Struct):
    name: str


class _Prompt(msgspec.Struct):
    arguments: list[_Argument] | None = None
    title: str | None = None
    description: str | None = None


class _Resource(msgspec.Struct):
    name: str
    title: str | None = None
    description: str | None = None


class ListKind(NamedTuple):
    """One of the four lists: the capability that offers it, where its items are, what names one.

    `shape` is what strict clients demand of an item: one that lacks it costs them the whole list.
    """

    method: str
    capability: str
    member: str
    key: str
    shape: type[msgspec.Struct]


TOOLS = ListKind("tools/list", "tools", "tools", "name", _Tool)
PROMPTS = ListKind("prompts/list", "prompts", "prompts", "name", _Prompt)
RESOURCES = ListKind("resources/list", "resources", "resources", "uri", _Resource)
TEMPLATES = ListKind(
    "resources/templates/list", "resources", "resourceTemplates", "uriTemplate", _Resource
)
LISTS = (TOOLS, PROMPTS, RESOURCES, TEMPLATES)


class Item(NamedTuple):
    """What names a listed thing, and the rest of it as a JSON object."""

    name: str
    definition: bytes


class Page(NamedTuple):
    """One page. `cursor` None: the last one; an empty string is a cursor. `problems` names the
    items that were left out. `typed`: the result carries `resultType`."""

    items: tuple[Item, ...]
    problems: tuple[str, ...]
    cursor: str | None
    typed: bool


class ListError(ValueError):
    """Something that is not a list result, or not a list item, and why."""


def read_page(kind: ListKind, result: bytes | _Raw) -> Page:
    """`result` is the `result` member of the answer. Raises ListError."""
    members = _decode(_members, result, "result")
    if kind.member not in members:
        raise ListError(f"result has no member {kind.member!r}")
    items: list[Item] = []
    problems: list[str] = []
    listed: list[_Raw] = _decode(_items, members[kind.member], kind.member)
    for number, raw in enumerate(listed):
        try:
            items.append(split(kind, raw))
        except ListError as error:
            problems.append(f"{kind.method}: item {number}: {error}")
    cursor = members.get("nextCursor")
    following = None if cursor is None else _decode(_cursor, cursor, "nextCursor")
    return Page(tuple(items), tuple(problems), following, "resultType" in members)


def split(kind: ListKind, raw: bytes | _Raw) -> Item:
    """Takes a listed item apart. Raises ListError."""
    data = bytes(raw)
    if len(data) > ITEM_LIMIT:
        raise ListError(f"is {len(data)} bytes, the limit is {ITEM_LIMIT}")
    members = _decode(_members, data, "item")
    named = members.pop(kind.key, None)
    if named is None:
        raise ListError(f"has no {kind.key!r}")
    name = _decode(_string, named, kind.key)
    if not 0 < len(name) <= NAME_LIMIT:
        raise ListError(f"{kind.key!r} has {len(name)} characters, 1 to {NAME_LIMIT} are right")
    _check_shape(kind, name, data)
    return Item(name, jsonrpc.join_params(members))


def _check_shape(kind: ListKind, name: str, data: bytes) -> None:
    try:
        msgspec.json.decode(data, type=kind.shape)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ListError(f"{name[:80]!r}: {error}") from error


def join(key: str, name: str, definition: bytes) -> bytes:
    """The item again, its name first: what `split` made of it."""
    head = b'{"%b":%b' % (key.encode(), jsonrpc.encode(name))
    return head + b"}" if definition == b"{}" else head + b"," + definition[1:]


def offered(kind: ListKind, capabilities: Mapping[str, object]) -> bool:
    return capabilities.get(kind.capability) is not None


def _decode(decoder: msgspec.json.Decoder[T], data: bytes | _Raw, what: str) -> T:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ListError(f"{what}: {error}") from error
