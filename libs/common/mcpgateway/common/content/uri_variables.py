"""The variables of a URI template (RFC 6570): read out of a URI, and put into one. Pure.

Reading is the reverse of an expansion that loses something: where several readings are possible,
earlier expressions take as much as they can, and a variable that could be empty or absent is
absent. Supported are all operators, several variables in an expression, `*` (the values of a list,
which a reading joins again with the operator's separator), and in expansion `:n` of strings. Values
are strings or lists, no associative arrays.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

MAX_URI = 2048  # characters; a longer one is read as none of the template's
MAX_VARIABLES = 32  # of a template

_EXPRESSION = re.compile(r"\{([+#./;?&]?)([^{}]*)\}")
_NAME = re.compile(r"(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:[A-Za-z0-9_.]|%[0-9A-Fa-f]{2})*\Z")
_RESERVED = ":/?#[]@!$&'()*+,;="
_TRIPLET = re.compile("(%[0-9A-Fa-f]{2})")


class _Way(NamedTuple):
    """How an operator expands (RFC 6570, appendix A). `ends`: what its values do not contain, as
    they are read."""

    first: str
    separator: str
    named: bool
    if_empty: str
    reserved: bool
    ends: str


_WAYS = {
    "": _Way("", ",", named=False, if_empty="", reserved=False, ends="/?#"),
    "+": _Way("", ",", named=False, if_empty="", reserved=True, ends=""),
    "#": _Way("#", ",", named=False, if_empty="", reserved=True, ends=""),
    ".": _Way(".", ".", named=False, if_empty="", reserved=False, ends="/?#"),
    "/": _Way("/", "/", named=False, if_empty="", reserved=False, ends="?#"),
    ";": _Way(";", ";", named=True, if_empty="", reserved=False, ends="/?#"),
    "?": _Way("?", "&", named=True, if_empty="=", reserved=False, ends="#"),
    "&": _Way("&", "&", named=True, if_empty="=", reserved=False, ends="#"),
}


class _Variable(NamedTuple):
    name: str
    explode: bool
    prefix: int  # 0: all of it


class _Expression(NamedTuple):
    way: _Way
    variables: tuple[_Variable, ...]


Template = tuple[str | _Expression, ...]
Values = Mapping[str, str | Sequence[str]]


class BadTemplate(ValueError):
    """No URI template; the message says where."""


def parse(template: str) -> Template:
    """Raises BadTemplate."""
    parts: list[str | _Expression] = []
    end = 0
    for found in _EXPRESSION.finditer(template):
        parts += (template[end : found.start()], _expression(found[1], found[2]))
        end = found.end()
    parts.append(template[end:])
    for part in parts:
        if isinstance(part, str) and ("{" in part or "}" in part):
            raise BadTemplate(f"a brace that belongs to no expression: {part[:40]!r}")
    if len(names(tuple(parts))) > MAX_VARIABLES:
        raise BadTemplate(f"over {MAX_VARIABLES} variables")
    return tuple(part for part in parts if part != "")


def names(template: Template) -> tuple[str, ...]:
    """Of its variables, in their order."""
    found = (part.variables for part in template if not isinstance(part, str))
    return tuple(dict.fromkeys(each.name for variables in found for each in variables))


def expand(template: Template, values: Values) -> str:
    """What is not given is left out."""
    return "".join(part if isinstance(part, str) else _expanded(part, values) for part in template)


def read(template: Template, uri: str) -> dict[str, str] | None:
    """The variables that this URI gives, percent-decoded; None when it is none of the template's,
    or gives one variable two values."""
    if len(uri) > MAX_URI:
        return None
    spans = _spans(template, uri)
    if spans is None:
        return None
    found: dict[str, str] = {}
    for expression, text in spans:
        values = _read(expression, text)
        if values is None or any(found.get(name, each) != each for name, each in values.items()):
            return None
        found |= values
    return found


def _expression(operator: str, text: str) -> _Expression:
    return _Expression(_WAYS[operator], tuple(map(_variable, text.split(","))))


def _variable(text: str) -> _Variable:
    name, colon, length = text.partition(":")
    explode = not colon and name.endswith("*")
    name = name[:-1] if explode else name
    good = length.isascii() and length.isdigit() and 0 < int(length[:5]) < 10_000
    if not _NAME.match(name) or (colon and not good):
        raise BadTemplate(f"no variable: {text[:40]!r}")
    return _Variable(name, explode, int(length) if colon else 0)


def _expanded(expression: _Expression, values: Values) -> str:
    way = expression.way
    parts: list[str] = []
    for variable in expression.variables:
        value = values.get(variable.name)
        if value is None or (not isinstance(value, str) and not value):
            continue
        if isinstance(value, str):
            whole = value[: variable.prefix] if variable.prefix else value
            parts.append(_named(way, variable.name, _encoded(way, whole)))
        elif variable.explode:
            parts += [_named(way, variable.name, _encoded(way, each)) for each in value]
        else:
            joined = ",".join(_encoded(way, each) for each in value)
            parts.append(_named(way, variable.name, joined))
    return way.first + way.separator.join(parts) if parts else ""


def _named(way: _Way, name: str, value: str) -> str:
    if not way.named:
        return value
    return f"{name}={value}" if value else name + way.if_empty


def _encoded(way: _Way, value: str) -> str:
    if not way.reserved:
        return quote(value, safe="~")
    parts = _TRIPLET.split(value)  # what is encoded already stays as it is
    return "".join(
        part if n % 2 else quote(part, safe="~" + _RESERVED) for n, part in enumerate(parts)
    )


def _spans(template: Template, uri: str) -> list[tuple[_Expression, str]] | None:
    """What of the URI each expression takes. Two walks over the parts: onward with all positions
    that can be reached, then back from the end by the latest of them."""
    reached: list[set[int]] = [{0}]
    for part in template:
        reached.append(_onward(part, uri, reached[-1]))
        if not reached[-1]:
            return None
    end = len(uri)
    if end not in reached[-1]:
        return None
    spans: list[tuple[_Expression, str]] = []
    for part, starts in zip(reversed(template), reversed(reached[:-1]), strict=True):
        if isinstance(part, str):
            end -= len(part)
            continue
        latest = (each for each in range(end, -1, -1) if each in starts)
        start = next(each for each in latest if _takes(part, uri, each, end))
        spans.append((part, uri[start:end]))
        end = start
    return spans[::-1]


def _onward(part: str | _Expression, uri: str, starts: set[int]) -> set[int]:
    if isinstance(part, str):
        return {each + len(part) for each in starts if uri.startswith(part, each)}
    ends: set[int] = set(starts)  # an expression may be absent
    reach = 0
    for start in sorted(starts):
        if start >= reach and uri.startswith(part.way.first, start):
            reach = _stop(part, uri, start)
            ends.update(range(start, reach + 1))
    return ends


def _takes(part: _Expression, uri: str, start: int, end: int) -> bool:
    if start == end:
        return True
    return uri.startswith(part.way.first, start) and end <= _stop(part, uri, start)


def _stop(part: _Expression, uri: str, start: int) -> int:
    """Up to where an expression that begins here could go on."""
    begins = start + len(part.way.first)
    found = (uri.find(mark, begins) for mark in part.way.ends)
    return min((each for each in found if each >= 0), default=len(uri))


def _read(expression: _Expression, text: str) -> dict[str, str] | None:
    way = expression.way
    if not text:
        return {}
    body = text[len(way.first) :]
    return _read_pairs(expression, body) if way.named else _read_list(expression, body)


def _read_list(expression: _Expression, body: str) -> dict[str, str] | None:
    way, variables = expression.way, expression.variables
    parts = body.split(way.separator) if len(variables) > 1 or way.separator != "," else [body]
    last = variables[-1]
    if len(parts) > len(variables):
        if not last.explode:
            return None
        head = len(variables) - 1
        parts = [*parts[:head], way.separator.join(parts[head:])]
    return {each.name: _decoded(part) for each, part in zip(variables, parts, strict=False)}


def _read_pairs(expression: _Expression, body: str) -> dict[str, str] | None:
    """By name, in any order."""
    known = {each.name: each for each in expression.variables}
    found: dict[str, str] = {}
    for pair in body.split(expression.way.separator):
        name, _, value = pair.partition("=")
        if name not in known or (name in found and not known[name].explode):
            return None
        decoded = _decoded(value)
        found[name] = f"{found[name]},{decoded}" if name in found else decoded
    return found


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode(errors="replace")
