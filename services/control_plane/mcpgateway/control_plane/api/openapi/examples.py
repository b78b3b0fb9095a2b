"""Values of a type, few but of every kind that it has, to see what a function makes of them. Pure.

Free text is `TEXT` and what may be anything is `ANY`: in a script without upper and lower case, so
that both are still to be told in what was made of them.
"""

import dataclasses
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.control_plane.registry.definitions.definitions import Drift
from mcpgateway.control_plane.registry.model import Viewer

TEXT = "文"
ANY = "任"

_SIMPLE: dict[Any, Sequence[object]] = {
    types.NoneType: (None,),
    msgspec.UnsetType: (msgspec.UNSET,),
    bool: (True, False),
    int: (1,),
    float: (0.5,),
    str: (TEXT,),
    bytes: (f'{{"{ANY}":"{ANY}"}}'.encode(),),  # JSON as it came
    datetime: (datetime(2026, 1, 1, tzinfo=UTC),),
    Any: (ANY,),
    object: (ANY,),
    Viewer: (Viewer(TEXT),),  # who asks, which no answer shows
}


def examples(kind: Any, name: str = "") -> Sequence[Any]:
    """`name` is that of the member which is of that type: some text is JSON. Raises TypeError for
    a type that it knows nothing of."""
    if (name, kind) in _KNOWN:
        return _KNOWN[name, kind]()
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if isinstance(kind, TypeVar):
        return examples(kind.__bound__)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return arguments
    if origin in (Union, types.UnionType):
        return [each for argument in arguments for each in examples(argument)]
    if isinstance(origin, type):
        return _of_collection(origin, arguments)
    return _of_record(kind)


def _of_collection(origin: type, arguments: Sequence[Any]) -> Sequence[Any]:
    if issubclass(origin, tuple) and arguments[-1] is not Ellipsis:
        return [tuple(row.values()) for row in rows(dict(enumerate(arguments)))]
    if issubclass(origin, Mapping):
        keys, values = map(examples, arguments)
        if get_origin(arguments[0]) is Literal:  # somebody may look for any of them
            return [dict.fromkeys(keys, value) for value in values]
        return [{}, *({keys[0]: value} for value in values)]
    if issubclass(origin, Collection):
        made = origin if issubclass(origin, list | tuple | set | frozenset) else list
        return [made(), made(examples(arguments[0]))]
    raise TypeError(f"no examples of {origin.__name__} are known")


def _of_record(kind: Any) -> Sequence[Any]:
    hints = get_type_hints(kind.__init__ if _is_plain(kind) else kind)
    hints.pop("return", None)
    if not hints:
        raise TypeError(f"no examples of {kind!r} are known")
    return [kind(**row) for row in rows(hints)]


def _is_plain(kind: Any) -> bool:
    """A class whose annotations do not say how to make one."""
    known = dataclasses.is_dataclass(kind) or hasattr(kind, "_fields")
    return not known and not issubclass(kind, msgspec.Struct)


def rows(kinds: Mapping[Any, Any]) -> Sequence[dict[Any, Any]]:
    """As many as it takes until each member had each of its values."""
    columns = {name: examples(kind, str(name)) for name, kind in kinds.items()}
    longest = max((len(column) for column in columns.values()), default=1)
    return [
        {name: column[at % len(column)] for name, column in columns.items()}
        for at in range(longest)
    ]


def _text(**members: Any) -> str:
    return msgspec.json.encode(members).decode()


def _operations() -> Sequence[object]:
    return [None, *map(msgspec.to_builtins, examples(RestRequest))]


def _recipes() -> Sequence[object]:
    """Of both kinds; arguments and results are any JSON."""
    derived = {"tool": TEXT, "fixed": _FREE, "hidden": [TEXT], "defaults": _FREE}
    words = {"renamed": {TEXT: TEXT}, "described": {TEXT: TEXT}, "description": TEXT}
    step = {"name": TEXT, "tool": TEXT, "arguments": _FREE, "each": TEXT, "max_items": 1}
    limits = {"at_once": 1, "timeout_ms": 1, "on_error": "skip"}
    composed = {"steps": [step | limits], "result": ANY, "timeout_ms": 1}
    return [None, {"type": "derived"} | derived | words, {"type": "composed"} | composed]


_FREE = {ANY: ANY}
_MEMBERS = {
    "name": TEXT,
    "title": TEXT,
    "description": TEXT,
    "mimeType": TEXT,
    "size": 1,
    "inputSchema": _FREE,
    "outputSchema": _FREE,
    "annotations": _FREE,
    "arguments": [_FREE],
    "_meta": _FREE,
}
# Members that are JSON of a form that their types do not tell.
_KNOWN: dict[tuple[str, Any], Callable[[], Sequence[object]]] = {
    ("definition", str): lambda: ("{}", _text(**_MEMBERS)),
    ("pending", str | None): lambda: (None, _text(**_MEMBERS)),
    ("pinned", str | None): lambda: (None, _text(**_MEMBERS)),
    ("overrides", str): lambda: ("{}", _text(**_FREE)),
    ("capabilities", str): lambda: (_text(**_FREE),),
    ("messages", bytes): lambda: (f"[{_text(**_FREE)}]".encode(),),
    ("drift", dict[str, Any] | None): lambda: [None, *map(msgspec.to_builtins, examples(Drift))],
    ("messages", str | None): lambda: (None, f"[{_text(**_FREE)}]"),
    ("content", str | None): lambda: (None, _text(text=TEXT), _text(blob=TEXT)),
    ("request", dict[str, Any] | None): _operations,
    ("recipe", dict[str, Any] | None): _recipes,
}
