"""YAML and JSON text as plain values, with the place of each of them. Pure.

Scalars are read by the core schema of YAML 1.2: `true`/`false`, `null`, numbers; `yes`, `on`, dates
and `1:30` stay texts. Tags other than `!!str` and merge keys are refused, aliases count as often as
they are used, a key stands once in a mapping: nothing is executed, nothing grows unseen.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from mcpgateway.cli.errors import CommandError

MAX_TEXT = 64 * 1024 * 1024  # characters
MAX_DOCUMENTS = 20_000
MAX_DEPTH = 64
MAX_VALUES = 2_000_000  # aliased ones as often as they are used

Path: TypeAlias = tuple[str | int, ...]
_STR_TAG = "tag:yaml.org,2002:str"
_INT = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_MAX_DIGITS = 40
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class Place(NamedTuple):
    """From 1."""

    line: int
    column: int


class TreeError(CommandError):
    """What is wrong with the text, and where."""

    def __init__(self, problem: str, place: Place) -> None:
        super().__init__(f"{place.line}:{place.column}: {problem}")
        self.problem = problem
        self.place = place


@dataclass(frozen=True, slots=True)
class Tree:
    """One document. `places` know each value by the keys and indices that lead to it."""

    value: Any
    places: dict[Path, Place] = field(repr=False)

    def place(self, path: Path) -> Place:
        """Of the value, or of the nearest one around it that is there."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]


def read(text: str) -> list[Tree]:
    """All documents of the text; those that hold nothing are left out. Raises TreeError."""
    if len(text) > MAX_TEXT:
        raise TreeError(f"more than {MAX_TEXT} characters", Place(1, 1))
    found: list[Tree] = []
    counted = _Counted()
    try:
        events = _events(text)
        for event in events:
            if isinstance(event, DocumentStartEvent):
                tree = _Document(events, counted).read()
                if tree.value is not None:
                    found.append(tree)
                if len(found) > MAX_DOCUMENTS:
                    raise TreeError(f"more than {MAX_DOCUMENTS} documents", tree.place(()))
    except yaml.MarkedYAMLError as error:
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise TreeError(f"no YAML: {problem}", _place(error.problem_mark)) from error
    except yaml.YAMLError as error:
        raise TreeError(f"no YAML: {error}".partition("\n")[0], Place(1, 1)) from error
    return found


def scalar(text: str) -> Any:
    """What a plain scalar means. Numbers that JSON could not say stay texts."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _MAX_DIGITS:
        return text
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def _events(text: str) -> Iterator[Event]:
    """A state machine: no depth of nesting is a depth of recursion."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return iter(yaml.parse(text, Loader=loader))


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark is not None else Place(1, 1)


class _Counted:
    """Values of all documents together."""

    def __init__(self) -> None:
        self._values = 0

    def add(self, more: int, place: Place) -> None:
        self._values += more
        if self._values > MAX_VALUES:
            raise TreeError(f"more than {MAX_VALUES} values, aliases counted", place)


class _Anchored(NamedTuple):
    value: Any
    values: int  # in it, itself included


class _Document:
    """Builds one document from its events."""

    def __init__(self, events: Iterator[Event], counted: _Counted) -> None:
        self._events = events
        self._counted = counted
        self._anchors: dict[str, _Anchored] = {}
        self._places: dict[Path, Place] = {}

    def read(self) -> Tree:
        value = self._node(next(self._events), ()).value
        return Tree(value, self._places)

    def _node(self, event: Event, path: Path) -> _Anchored:
        place = _place(event.start_mark)
        self._places[path] = place
        self._counted.add(1, place)
        if len(path) > MAX_DEPTH:
            raise TreeError(f"nested more than {MAX_DEPTH} levels deep", place)
        if isinstance(event, AliasEvent):
            return self._aliased(event, path, place)
        self._check_tag(event, place)
        made = self._made(event, path)
        if isinstance(event, NodeEvent) and event.anchor:
            self._anchors[event.anchor] = made
        return made

    def _made(self, event: Event, path: Path) -> _Anchored:
        match event:
            case MappingStartEvent():
                return self._mapping(path)
            case SequenceStartEvent():
                return self._sequence(path)
        return self._scalar(event)

    def _aliased(self, event: AliasEvent, path: Path, place: Place) -> _Anchored:
        found = self._anchors.get(event.anchor or "")
        if found is None:
            raise TreeError(f"*{event.anchor} has no &{event.anchor} before it", place)
        self._counted.add(found.values, place)
        if len(path) + _depth(found.value) > MAX_DEPTH:
            raise TreeError(f"nested more than {MAX_DEPTH} levels deep", place)
        return found

    def _check_tag(self, event: Event, place: Place) -> None:
        tag = getattr(event, "tag", None)
        if tag not in (None, "!", _STR_TAG):
            raise TreeError(f"the tag {tag} is not supported", place)

    def _scalar(self, event: Any) -> _Anchored:
        plain = event.implicit[0] and event.tag is None
        return _Anchored(scalar(event.value) if plain else event.value, 1)

    def _sequence(self, path: Path) -> _Anchored:
        items: list[Any] = []
        values = 1
        while not isinstance(event := next(self._events), CollectionEndEvent):
            made = self._node(event, (*path, len(items)))
            items.append(made.value)
            values += made.values
        return _Anchored(items, values)

    def _mapping(self, path: Path) -> _Anchored:
        members: dict[str, Any] = {}
        values = 1
        while not isinstance(event := next(self._events), CollectionEndEvent):
            key = self._key(event, members)
            made = self._node(next(self._events), (*path, key))
            members[key] = made.value
            values += made.values
        return _Anchored(members, values)

    def _key(self, event: Event, members: dict[str, Any]) -> str:
        place = _place(event.start_mark)
        if not isinstance(event, ScalarEvent):
            raise TreeError("a key must be a text", place)
        self._check_tag(event, place)
        if event.value == "<<" and event.implicit[0]:
            raise TreeError("merge keys (<<) are not supported", place)
        if event.value in members:
            raise TreeError(f"the key {event.value!r} stands there twice", place)
        return event.value


def _depth(value: Any) -> int:
    """How deep what an alias repeats goes; it was made within MAX_DEPTH itself."""
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0
