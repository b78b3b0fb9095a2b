"""JSON of others that is judged before it is passed on: what is judged must be what the next one
reads, so nothing in it may be said twice. Pure.
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from typing_extensions import override

from mcpgateway.common import jsonrpc


class Located(NamedTuple):
    """What is wrong at one place of a JSON document. `pointer` (RFC 6901) is "" for the whole."""

    pointer: str
    problem: str

    @override
    def __str__(self) -> str:
        return f"{self.pointer}: {self.problem}" if self.pointer else self.problem


class Unreadable(ValueError):
    """What can not be judged; `located` says where and why."""

    def __init__(self, located: Located) -> None:
        super().__init__(str(located))
        self.located = located


def pointer(path: Iterable[str | int]) -> str:
    """The JSON pointer of a path."""
    return "".join(["/" + str(key).replace("~", "~0").replace("/", "~1") for key in path])


def read(raw: bytes | msgspec.Raw) -> Any:
    """Raises Unreadable: a key twice in one object, a number of over 4,300 digits, nested too
    deeply, no JSON."""
    try:
        return jsonrpc.decode_strict(raw)
    except jsonrpc.DuplicateKey:
        raise Unreadable(Located(*_twice(raw))) from None
    except RecursionError:
        raise Unreadable(Located("", "is nested too deeply")) from None
    except ValueError as error:
        said = "is not JSON" if isinstance(error, json.JSONDecodeError) else "has a number"
        raise Unreadable(Located("", f"{said}: {error}")) from None


class _Pairs(list[tuple[str, Any]]):
    """An object as it was written."""


def _twice(raw: bytes | msgspec.Raw) -> tuple[str, str]:
    """Where the first duplicate key is. Only asked when there is one; walks without recursion."""
    left: list[tuple[tuple[str | int, ...], Any]] = [
        ((), json.loads(bytes(raw), object_pairs_hook=_Pairs))
    ]
    while left:
        path, value = left.pop()
        if isinstance(value, _Pairs):
            for key, count in Counter(key for key, _ in value).items():
                if count > 1:
                    return pointer((*path, key)), "duplicate key: it is named twice in its object"
            left.extend(((*path, key), each) for key, each in reversed(value))
        elif isinstance(value, list):
            left.extend(((*path, i), each) for i, each in enumerate(value))
    return "", "a duplicate key"
