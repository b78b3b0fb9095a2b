"""Arguments as fields of a query string or a form, in OpenAPI's styles. Pure.

Everything is percent-encoded but what a style puts between values, so no value becomes a field.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from mcpgateway.common import jsonrpc
from mcpgateway.common.rest.template import encoded, scalar
from mcpgateway.common.routing.rest_request import COMPACT
from mcpgateway.common.strict_json import Located, pointer

MAX_DEPTH = 8  # of objects in each other that `deepObject` takes apart; below that they are JSON

_BETWEEN = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C"}


class Field(NamedTuple):
    """An argument and what it is called where it goes. `style` as in `RestRequest.query_style`."""

    argument: str
    key: str
    value: Any
    style: str = ""


def joined(fields: Iterable[Field], taken: frozenset[str], problems: list[Located]) -> str:
    """`a=1&b=2`. Null is left out. No field may be called as one of `taken`."""
    return "&".join(
        [
            f"{encoded(key)}={value}"
            for each in fields
            for key, value in _pairs(each, taken, problems)
        ]
    )


def _pairs(
    field: Field, taken: frozenset[str], problems: list[Located]
) -> Iterator[tuple[str, str]]:
    try:
        pairs = list(_styled(field.key, field.value, field.style))
    except (UnicodeEncodeError, RecursionError):
        said = "holds half a character, or is nested too deeply"
        problems.append(Located(pointer([field.argument]), said))
        return
    for key, value in pairs:
        if key in taken:
            said = f"would set the query parameter {key!r} again, which the tool's URL sets"
            problems.append(Located(pointer([field.argument]), said))
        else:
            yield key, value


def _styled(key: str, value: Any, style: str) -> Iterator[tuple[str, str]]:
    kind = style.removesuffix(COMPACT)
    if kind == "deepObject":
        yield from _deep(key, value, MAX_DEPTH)
    elif kind and kind != style:
        yield from _compact(key, value, _BETWEEN[kind])
    elif kind and isinstance(value, dict):
        for name, each in value.items():
            yield from _repeated(name, each)
    else:
        yield from _repeated(key, value)


def _repeated(key: str, value: Any) -> Iterator[tuple[str, str]]:
    for each in value if isinstance(value, list) else [value]:
        if each is not None:
            yield key, _text(each)


def _compact(key: str, value: Any, between: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        value = [part for pair in value.items() if pair[1] is not None for part in pair]
    if not isinstance(value, list):
        yield from _repeated(key, value)
    elif value:
        yield key, between.join([_text(each) for each in value if each is not None])


def _deep(key: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if not depth or not isinstance(value, dict | list):
        yield from _repeated(key, value)
        return
    for name, each in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _deep(f"{key}[{name}]", each, depth - 1)


def _text(value: Any) -> str:
    """Percent-encoded; what is no scalar is JSON. Raises UnicodeEncodeError, RecursionError."""
    text = scalar(value)
    text = jsonrpc.encode(value).decode() if text is None else text
    text.encode()
    return encoded(text)
