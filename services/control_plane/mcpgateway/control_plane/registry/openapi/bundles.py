"""One schema with all that it refers to, within a size. Pure.

A model reads each schema with every list of tools. What does not fit is left open, furthest first:
words inside go before structure does, so that what is said stays true and what a service takes is
never refused.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from mcpgateway.control_plane.registry.openapi.pointers import BadPart
from mcpgateway.control_plane.registry.openapi.schemas import MAX_DEPTH, Converted, Schema, Schemas

_DEPTHS = (10, 8, 6, 5, 4, 3, 2)  # to which a schema too large is cut, in turn
_REF = "#/$defs/"
_LISTS = ("prefixItems", "allOf", "anyOf", "oneOf")
_SINGLE = ("items", "additionalProperties", "not")


class Sized(NamedTuple):
    """A part of `$defs`, and its bytes as JSON."""

    schema: Schema
    bytes: int


class Bundler:
    """Of one side of one document. What is worked out of a name is kept."""

    def __init__(self, schemas: Schemas, budget: int) -> None:
        """`budget`: bytes of JSON of each schema."""
        self.schemas = schemas
        self._budget = budget
        self._whole: dict[str, Sized] = {}
        self._bare: dict[str, Sized] = {}
        self._ends: set[str] = set()  # names that were found to end

    def bundled(self, raw: Converted) -> Schema:
        """Raises BadPart for what refers to itself without an end, or to what is not there."""
        root = _fitted(raw.schema, self._budget)
        left = self._budget - _size(root)
        kept, open_ = self._taken(refs_of(root), left, self._whole_of)
        if open_:
            kept, open_ = self._taken(refs_of(root), left, self._bare_of)
        for name in (*raw.at_once, *kept):
            self._check_ends(name, ())
        parts = {name: each.schema for name, each in kept.items()}
        parts |= {name: _opened(self.schemas.named(name).schema) for name in open_}
        return _joined(root, parts)

    def _taken(
        self, first: Iterable[str], left: int, of: Callable[[str], Sized]
    ) -> tuple[dict[str, Sized], set[str]]:
        """The nearest ones, and those that are left open."""
        kept: dict[str, Sized] = {}
        open_: set[str] = set()
        waiting = deque(dict.fromkeys(first))
        met = set(waiting)
        while waiting:
            name = waiting.popleft()
            part = of(name)
            if part.bytes > left:
                open_.add(name)
                continue
            left -= part.bytes
            kept[name] = part
            more = [each for each in refs_of(part.schema) if each not in met]
            met.update(more)
            waiting.extend(more)
        return kept, open_

    def _whole_of(self, name: str) -> Sized:
        if name not in self._whole:
            schema = self.schemas.named(name).schema
            self._whole[name] = Sized(schema, len(name) + _size(schema))
        return self._whole[name]

    def _bare_of(self, name: str) -> Sized:
        if name not in self._bare:
            schema = _without_words(self.schemas.named(name).schema)
            self._bare[name] = Sized(schema, len(name) + _size(schema))
        return self._bare[name]

    def _check_ends(self, name: str, way: tuple[str, ...]) -> None:
        """No schema may be judged by itself before anything in a value is."""
        if name in way:
            raise BadPart(f"the schema {name!r} is made of itself, without an end")
        if name in self._ends:
            return
        if len(way) > MAX_DEPTH:
            raise BadPart(f"has schemas made of over {MAX_DEPTH} others")
        for each in self.schemas.named(name).at_once:
            self._check_ends(each, (*way, name))
        self._ends.add(name)


def _size(schema: Any) -> int:
    return len(msgspec.json.encode(schema))


def refs_of(schema: Schema) -> Iterator[str]:
    """The names in `$defs` that it refers to, as often as it does."""
    name = _named(schema)
    if name is not None:
        yield name
    for inside in inner(schema):
        yield from refs_of(inside)


def _named(schema: Schema) -> str | None:
    ref = schema.get("$ref")
    return ref.removeprefix(_REF) if isinstance(ref, str) else None


def inner(schema: Schema) -> Iterator[Schema]:
    """The schemas directly inside."""
    yield from schema.get("properties", {}).values()
    for name in _LISTS:
        yield from schema.get(name, ())
    for name in _SINGLE:
        inside = schema.get(name)
        if isinstance(inside, dict):
            yield inside


def mapped(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """With the schemas directly inside changed."""
    made = dict(schema)
    if "properties" in made:
        made["properties"] = {name: change(each) for name, each in made["properties"].items()}
    for name in _LISTS:
        if name in made:
            made[name] = [change(each) for each in made[name]]
    for name in _SINGLE:
        if isinstance(made.get(name), dict):
            made[name] = change(made[name])
    return made


def _fitted(schema: Schema, budget: int) -> Schema:
    """At most so many bytes, as far as cutting helps: words deep inside go first."""
    if _size(schema) <= budget:
        return schema
    bare = mapped(schema, lambda each: mapped(each, _without_words))
    if _size(bare) <= budget:
        return bare
    for depth in _DEPTHS:
        bare = _cut(bare, depth)
        if _size(bare) <= budget:
            break
    return bare


def _without_words(schema: Schema) -> Schema:
    made = mapped(schema, _without_words)
    made.pop("description", None)
    return made


def _cut(schema: Schema, depth: int) -> Schema:
    if depth == 0:
        return _opened(schema)
    return mapped(schema, lambda each: _cut(each, depth - 1))


def _opened(schema: Schema) -> Schema:
    """Of the same type, and anything in it."""
    return {name: schema[name] for name in ("type", "description") if name in schema}


def _joined(root: Schema, parts: dict[str, Schema]) -> Schema:
    """What is referred to once stands where it is referred to."""
    uses = Counter(refs_of(root))
    for each in parts.values():
        uses.update(refs_of(each))

    def placed(schema: Schema) -> Schema:
        name = _named(schema)
        if name is not None and uses[name] == 1:
            said = {key: value for key, value in schema.items() if key != "$ref"}
            return placed(parts[name]) | said
        return mapped(schema, placed)

    made = placed(root)
    shared = {name: placed(part) for name, part in parts.items() if uses[name] > 1}
    return made | {"$defs": shared} if shared else made
