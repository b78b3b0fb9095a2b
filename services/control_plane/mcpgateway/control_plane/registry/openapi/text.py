"""The text of a document, JSON or YAML, as a tree of plain values. Pure.

YAML as OpenAPI wants it: version 1.2 with the values that JSON has, so `no` and dates are texts.
Aliases are kept as one value in several places; what they would be written out is bounded.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 200
MAX_NODES = 5_000_000  # values, each counted as often as an alias names it

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_MERGE = "<<"
_TAG = "tag:yaml.org,2002:"
_KNOWN = frozenset(
    f"{_TAG}{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null")
)
_loads = msgspec.json.Decoder(Any).decode


class BadDocument(Exception):
    """It can not be read; the message says why, and goes on from "the document"."""


def parse(document: bytes) -> dict[str, Any]:
    """Raises BadDocument."""
    if len(document) > MAX_BYTES:
        raise BadDocument(f"has {len(document)} bytes, {MAX_BYTES} is the limit")
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDocument(f"is not UTF-8: {error}") from None
    tree = _json(text) if text.lstrip()[:1] in ("{", "[") else _yaml(text)
    if not isinstance(tree, dict):
        raise BadDocument("must be an object (a mapping) at its root")
    return tree


def _json(text: str) -> Any:
    try:
        tree = _loads(text.encode())
    except (msgspec.DecodeError, ValueError) as error:
        raise BadDocument(f"is no JSON: {error}") from None
    except RecursionError:
        raise _too_deep() from None
    _check_depth(tree)
    return tree


def _check_depth(tree: Any) -> None:
    left = [(tree, 0)]
    while left:
        value, depth = left.pop()
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(value, dict | list):
            inside = value.values() if isinstance(value, dict) else value
            left.extend((each, depth + 1) for each in inside if isinstance(each, dict | list))


def _too_deep() -> BadDocument:
    return BadDocument(f"is nested more than {MAX_DEPTH} deep")


def _yaml(text: str) -> Any:
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise BadDocument(f"is no YAML: {' '.join(str(error).split())[:500]}") from None
    except RecursionError:
        raise _too_deep() from None
    return _Made().value(node, 0)


class _Made:
    """Values of the nodes that were met, and how many values each is when written out."""

    def __init__(self) -> None:
        self._done: dict[int, tuple[Any, int]] = {}
        self._open: set[int] = set()

    def value(self, node: yaml.Node | None, depth: int) -> Any:
        return self._made(node, depth)[0] if node is not None else None

    def _made(self, node: yaml.Node, depth: int) -> tuple[Any, int]:
        found = self._done.get(id(node))
        if found is not None:
            return found
        if id(node) in self._open:
            raise BadDocument(f"holds itself, by the alias for line {_line(node)}")
        if depth > MAX_DEPTH:
            raise _too_deep()
        self._open.add(id(node))
        made = self._of(node, depth)
        self._open.discard(id(node))
        if made[1] > MAX_NODES:
            raise BadDocument(f"is over {MAX_NODES} values when its aliases are written out")
        self._done[id(node)] = made
        return made

    def _of(self, node: yaml.Node, depth: int) -> tuple[Any, int]:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            made = [self._made(each, depth + 1) for each in node.value]
            return [value for value, _ in made], 1 + sum(size for _, size in made)
        return _scalar(node), 1

    def _mapping(self, node: yaml.MappingNode, depth: int) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        total = 1
        for key, inside in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise BadDocument(f"has a key that is no text, at line {_line(key)}")
            value, size = self._made(inside, depth + 1)
            total += size
            if key.value == _MERGE and isinstance(value, dict | list):
                for each in _mappings(value):
                    merged = each | merged
            else:
                members[key.value] = value
        return merged | members, total


def _mappings(value: dict[str, Any] | list[Any]) -> Iterator[dict[str, Any]]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            yield each


def _scalar(node: yaml.Node) -> Any:
    text: str = node.value
    if not node.tag.startswith(_TAG):
        raise BadDocument(f"has the tag {node.tag[:80]!r} at line {_line(node)}: only plain values")
    if getattr(node, "style", None) or node.tag == f"{_TAG}str":
        return text
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    return _number(text)


def _number(text: str) -> Any:
    """JSON's numbers; whatever else stays a text."""
    if text[:1] not in "-.0123456789" or len(text) > 40:
        return text
    try:
        return _loads(text.encode())
    except (msgspec.DecodeError, ValueError):
        return text


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
