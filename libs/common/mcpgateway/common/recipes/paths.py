"""JSONPath (RFC 9535), as far as it ends by itself: names, indices and `[*]`. Pure.

A recipe's paths are followed on the event loop, so nothing is taken here that may cost more than
what it looks at is long: no descendants, slices, filters and functions. Where a query is one of
these, it finds what RFC 9535 says. Filters of results, which take all of it, run where they can be
stopped (`result_filter`).
"""

import json
import re
from dataclasses import dataclass
from typing import Any

MAX_PATH = 1024  # characters
MAX_SEGMENTS = 32
MAX_INDEX = 2**53 - 1

_NAME = r"[A-Za-z_\u0080-\U0010FFFF][\w\u0080-\U0010FFFF]*"
_SEGMENT = re.compile(
    rf"""\.(?P<name>{_NAME})
    | (?P<all>\.\*|\[\*\])
    | \[(?P<index>0|-?[1-9][0-9]*)\]
    | \['(?P<single>(?:[^'\\]|\\.)*)'\]
    | \["(?P<double>(?:[^"\\]|\\.)*)"\]""",
    re.VERBOSE | re.ASCII,
)
_QUOTED = re.compile(r'\\(?P<escaped>.)|"', re.DOTALL)
_TAKEN = "names (.a, ['a']), indices ([0], [-1]) and [*] are taken"


class PathError(ValueError):
    """It is no such path; the message says where."""


class TooMuch(ValueError):
    """More was found than one filling may take."""


class Budget:
    """How much one filling may take: values that are found, and bytes of what is made of them."""

    __slots__ = ("bytes", "values")

    def __init__(self, values: int = 10_000, bytes: int = 1024 * 1024) -> None:
        self.values = values
        self.bytes = bytes

    def find(self, count: int) -> None:
        """Raises TooMuch."""
        self.values -= count
        if self.values < 0:
            raise TooMuch("more values are found than may be taken at once")

    def take(self, size: int) -> None:
        """Raises TooMuch."""
        self.bytes -= size
        if self.bytes < 0:
            raise TooMuch("what is found is larger than may be taken at once")


@dataclass(frozen=True, slots=True)
class Path:
    """`segments`: a name, an index, or None for `[*]`."""

    text: str
    segments: tuple[str | int | None, ...]

    @property
    def many(self) -> bool:
        """Whether it may find several values."""
        return None in self.segments


def parse(text: str) -> Path:
    """Raises PathError."""
    if len(text) > MAX_PATH:
        raise PathError(f"has {len(text)} characters, at most {MAX_PATH} are taken")
    if not text.startswith("$"):
        raise PathError("must begin with $")
    segments: list[str | int | None] = []
    at = 1
    while at < len(text):
        found = _SEGMENT.match(text, at)
        if found is None:
            raise PathError(f"can not be read from {text[at : at + 20]!r} on: {_TAKEN}")
        segments.append(_segment(found))
        at = found.end()
    if len(segments) > MAX_SEGMENTS:
        raise PathError(f"has {len(segments)} segments, at most {MAX_SEGMENTS} are taken")
    return Path(text, tuple(segments))


def find(path: Path, value: Any, budget: Budget) -> list[Any]:
    """All that it finds in a JSON value, in order. Raises TooMuch."""
    found = [value]
    for segment in path.segments:
        below: list[Any] = []
        for each in found:
            children = _children(each, segment)
            budget.find(len(children))
            below += children
        found = below
    return found


def _children(value: Any, segment: str | int | None) -> list[Any]:
    if isinstance(value, dict):
        if segment is None:
            return list(value.values())
        return [value[segment]] if isinstance(segment, str) and segment in value else []
    if not isinstance(value, list):
        return []
    if segment is None:
        return value
    inside = isinstance(segment, int) and -len(value) <= segment < len(value)
    return [value[segment]] if inside and isinstance(segment, int) else []


def _segment(found: "re.Match[str]") -> str | int | None:
    """Raises PathError."""
    if found["all"] is not None:
        return None
    if found["name"] is not None:
        return found["name"]
    if found["index"] is not None:
        index = int(found["index"])
        if abs(index) > MAX_INDEX:
            raise PathError(f"has an index beyond {MAX_INDEX}")
        return index
    return _unquoted(found["single"], found["double"])


def _unquoted(single: str | None, double: str | None) -> str:
    """A name in quotes has the escapes of JSON, and its own quote. Raises PathError."""
    quote, inside = ('"', double or "") if single is None else ("'", single)

    def as_json(found: "re.Match[str]") -> str:
        escaped = found["escaped"]
        if escaped is None:
            return '\\"'  # a bare quote of the other kind
        if escaped == "'":
            return "'" if quote == "'" else found[0]  # which JSON has not
        wrong = escaped == '"' and quote == "'"
        return "\\x" if wrong else found[0]  # JSON has no \\x, which is told below

    try:
        name = json.loads(f'"{_QUOTED.sub(as_json, inside)}"')
        name.encode()
    except ValueError:
        raise PathError(f"has a name that can not be read: {inside[:40]!r}") from None
    return str(name)
