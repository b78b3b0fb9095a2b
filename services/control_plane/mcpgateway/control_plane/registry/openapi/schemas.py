"""Schemas of documents as JSON Schema 2020-12. Pure.

Only keywords that JSON Schema has, with values that they may have, get through; what a document
says of a schema beside that (examples, XML, discriminators) is left out. A reference becomes one
into `$defs`; which of these a tool gets, `bundles` decides. What is for a request has nothing that
is only read, and the other way round. A schema of an answer says of which shape it is and refuses
little: no service keeps to all that its document promises, and a client that checks would refuse
the answer.
"""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from mcpgateway.control_plane.registry.openapi.pointers import MAX_CHAIN, BadPart, Pointers
from mcpgateway.control_plane.registry.openapi.words import MAX_PART, plain

Side = Literal["request", "answer"]
Schema = dict[str, Any]

MAX_DEPTH = 60  # of schemas within one
MAX_ENUM = 500
_LARGEST = 2**63

_TYPES = frozenset(("string", "number", "integer", "boolean", "object", "array", "null"))
_FORBIDS: Schema = {"not": {}}
_OF_COMPONENTS = ("#/components/schemas/", "#/definitions/")
_NOT_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_SIZES = frozenset(
    ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties")
)
_NUMBERS = frozenset(("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum"))
_JUDGING = frozenset(
    (*_SIZES, *_NUMBERS, "multipleOf", "pattern", "uniqueItems", "enum", "const", "not", "required")
)  # left out of answers
_HIDDEN: Mapping[Side, str] = {"request": "readOnly", "answer": "writeOnly"}


class Converted(NamedTuple):
    """`refs` are the names in `$defs` that it refers to; `at_once` those that it is judged by
    before anything inside it."""

    schema: Schema
    refs: frozenset[str]
    at_once: frozenset[str]


class _Refs:
    __slots__ = ("all", "at_once")

    def __init__(self) -> None:
        self.all: set[str] = set()
        self.at_once: set[str] = set()


class Schemas:
    """Of one document and one side. What a reference names is converted once."""

    def __init__(self, pointers: Pointers, tree: Mapping[str, Any], side: Side) -> None:
        self._pointers = pointers
        self._side: Side = side
        self._names = _names(tree)
        self._refs: dict[str, str] = {}  # by name
        self._defs: dict[str, Converted] = {}

    def converted(self, raw: Any) -> Converted:
        """Raises BadPart."""
        refs = _Refs()
        schema = self._schema(raw, refs, 0, at_once=True)
        return Converted(schema, frozenset(refs.all), frozenset(refs.at_once))

    def named(self, name: str) -> Converted:
        """What a name in `$defs` is. Raises BadPart."""
        found = self._defs.get(name)
        if found is None:
            found = self._defs[name] = self.converted(self._pointers.target(self._refs[name]))
        return found

    def _schema(self, raw: Any, refs: _Refs, depth: int, *, at_once: bool = False) -> Schema:
        if depth > MAX_DEPTH:
            raise BadPart(f"has schemas nested more than {MAX_DEPTH} deep")
        if raw is False:
            return dict(_FORBIDS)
        if not isinstance(raw, dict):
            return {}
        ref = raw.get("$ref")
        if isinstance(ref, str):
            return self._reference(raw, ref, refs, at_once)
        made = self._plain(raw)
        made |= self._inside(raw, refs, depth + 1)
        made |= self._combined(raw, refs, depth + 1, at_once)
        return self._nullable(raw, _simplified(made))

    def _reference(self, raw: Schema, ref: str, refs: _Refs, at_once: bool) -> Schema:
        name = self._name(self._last(ref))
        refs.all.add(name)
        if at_once:
            refs.at_once.add(name)
        made: Schema = {"$ref": f"#/$defs/{name}"}
        said = plain(raw.get("description"), MAX_PART)
        if said:
            made["description"] = said
        return self._nullable(raw, made)

    def _last(self, ref: str) -> str:
        """Of references to references. Raises BadPart."""
        for _ in range(MAX_CHAIN):
            target = self._pointers.target(ref)
            inner = target.get("$ref") if isinstance(target, dict) else None
            if not isinstance(inner, str):
                return ref
            ref = inner
        raise BadPart(f"{ref[:200]!r} refers to itself, or through too many")

    def _name(self, ref: str) -> str:
        name = self._names.get(ref)
        if name is None:
            last = _NOT_NAME.sub("-", ref.rpartition("/")[2])[:60].strip("-")
            name = f"{last or 'part'}-{sha256(ref.encode()).hexdigest()[:6]}"
            self._names[ref] = name
        self._refs[name] = ref
        return name

    def _plain(self, raw: Schema) -> Schema:
        """Keywords without schemas in them."""
        made: Schema = {}
        for name, take in _PLAIN.items():
            if name not in raw or (self._side == "answer" and name in _JUDGING):
                continue
            value = take(raw[name])
            if value is not None:
                made[name] = value
        if self._side == "request":
            _bounds(raw, made)
        if raw.get("type") == "file":
            made["type"] = "string"
        return made

    def _inside(self, raw: Schema, refs: _Refs, depth: int) -> Schema:
        made: Schema = {}
        self._properties(raw, made, refs, depth)
        items = raw.get("items")
        if isinstance(items, list):
            made["prefixItems"] = [self._schema(each, refs, depth) for each in items]
        elif items is not None:
            made["items"] = self._schema(items, refs, depth)
        prefixed = raw.get("prefixItems")
        if isinstance(prefixed, list) and prefixed:
            made["prefixItems"] = [self._schema(each, refs, depth) for each in prefixed]
        more = raw.get("additionalProperties")
        if isinstance(more, dict) and more:
            made["additionalProperties"] = self._schema(more, refs, depth)
        elif more is False and self._side == "request":
            made["additionalProperties"] = False
        return made

    def _properties(self, raw: Schema, made: Schema, refs: _Refs, depth: int) -> None:
        properties = raw.get("properties")
        if not isinstance(properties, dict):
            return
        shown = {name: each for name, each in properties.items() if not self.hides(each)}
        if shown:
            made["properties"] = {
                name: self._member(each, refs, depth) for name, each in shown.items()
            }
        if self._side == "request":
            required = names_of(raw.get("required"))
            kept = [name for name in required if name in shown or name not in properties]
            if kept:
                made["required"] = kept

    def _member(self, raw: Any, refs: _Refs, depth: int) -> Schema:
        made = self._schema(raw, refs, depth)
        return made if self._side == "request" else _or_null(made)

    def hides(self, raw: Any) -> bool:
        """Whether a member is the other side's alone."""
        return isinstance(raw, dict) and raw.get(_HIDDEN[self._side]) is True

    def _combined(self, raw: Schema, refs: _Refs, depth: int, at_once: bool) -> Schema:
        made: Schema = {}
        for name in ("allOf", "anyOf", "oneOf"):
            several = raw.get(name)
            if not isinstance(several, list) or not several:
                continue
            # Branches that refuse little do not exclude each other.
            word = "anyOf" if name == "oneOf" and self._side == "answer" else name
            found = [self._schema(each, refs, depth, at_once=at_once) for each in several]
            made[word] = made.get(word, []) + found
        inverse = raw.get("not")
        if isinstance(inverse, dict) and self._side == "request":
            made["not"] = self._schema(inverse, refs, depth, at_once=at_once)
        return made

    def _nullable(self, raw: Schema, made: Schema) -> Schema:
        wanted = raw.get("nullable") is True or raw.get("x-nullable") is True
        return _or_null(made) if wanted else made


def names_of(required: object) -> list[str]:
    """Of a list of names; nothing for what is none."""
    if not isinstance(required, list):
        return []
    return list(dict.fromkeys(each for each in required if isinstance(each, str)))


def _names(tree: Mapping[str, Any]) -> dict[str, str]:
    """Of the components' schemas, by reference: without what stands before their last dot, where
    that is no other's name."""
    components = tree.get("components")
    found = components.get("schemas") if isinstance(components, dict) else tree.get("definitions")
    if not isinstance(found, dict):
        return {}
    prefix = _OF_COMPONENTS[0] if isinstance(components, dict) else _OF_COMPONENTS[1]
    short: dict[str, int] = {}
    for name in found:
        word = _NOT_NAME.sub("-", name.rpartition(".")[2])
        short[word] = short.get(word, 0) + 1
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in found:
        word = _NOT_NAME.sub("-", name.rpartition(".")[2])
        whole = _NOT_NAME.sub("-", name)
        chosen = word if short[word] == 1 and word else whole
        if chosen in taken or not chosen:
            chosen = f"{chosen}-{sha256(name.encode()).hexdigest()[:6]}"
        taken.add(chosen)
        names[prefix + name.replace("~", "~0").replace("/", "~1")] = chosen
    return names


def _bounds(raw: Schema, made: Schema) -> None:
    """Before 3.1 an exclusive bound was a flag beside the bound."""
    for flag, bound in (("exclusiveMaximum", "maximum"), ("exclusiveMinimum", "minimum")):
        if raw.get(flag) is True and bound in made:
            made[flag] = made.pop(bound)


def _simplified(made: Schema) -> Schema:
    """A schema that is one other and a few words beside it is that one, with the words."""
    several = made.get("allOf")
    if several is None or len(several) != 1:
        return made
    rest = {name: value for name, value in made.items() if name not in ("allOf", "type")}
    only: Schema = several[0]
    if rest.keys() - {"description", "default"} or (
        "type" in made and "$ref" not in only and only.get("type") != made["type"]
    ):
        return made
    return only | rest


def _or_null(made: Schema) -> Schema:
    kinds = made.get("type")
    if isinstance(kinds, str) and "const" not in made and not _combines(made):
        wider = made | {"type": [kinds, "null"] if kinds != "null" else kinds}
        if "enum" in made and None not in made["enum"]:
            wider["enum"] = [*made["enum"], None]
        return wider
    if isinstance(kinds, list) and not _combines(made) and "enum" not in made:
        return made if "null" in kinds else made | {"type": [*kinds, "null"]}
    said: Schema = {name: made[name] for name in ("description", "default") if name in made}
    inner = {name: value for name, value in made.items() if name not in said}
    return {"anyOf": [inner, {"type": "null"}], **said} if inner else made


def _combines(made: Schema) -> bool:
    return not made.keys().isdisjoint(("allOf", "anyOf", "oneOf", "not", "$ref"))


def _kinds(value: object) -> Any:
    if isinstance(value, str):
        return value if value in _TYPES else None
    if isinstance(value, list):
        kept = [each for each in dict.fromkeys(map(str, value)) if each in _TYPES]
        return (kept[0] if len(kept) == 1 else kept) or None
    return None


def _number(value: object) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < _LARGEST else None  # nor is what is no number less than that


def _size(value: object) -> int | None:
    found = _number(value)
    return int(found) if found is not None and 0 <= found == int(found) else None


def _pattern(value: object) -> str | None:
    """Those of JavaScript that Python and Rust read alike; others would refuse the whole schema."""
    if not isinstance(value, str) or len(value) > 500:
        return None
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError):
        return None
    return value


def _enum(value: object) -> list[Any] | None:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_ENUM:
        return None
    kept: list[Any] = []
    for each in value:
        if not any(each == other and type(each) is type(other) for other in kept[:MAX_ENUM]):
            kept.append(each)
    return kept


_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "type": _kinds,
    "description": lambda value: plain(value, MAX_PART) or None,
    "enum": _enum,
    "const": lambda value: value,
    "default": lambda value: value,
    "format": lambda value: value if isinstance(value, str) and len(value) < 50 else None,
    "pattern": _pattern,
    "uniqueItems": lambda value: True if value is True else None,
    "multipleOf": lambda value: value if (_number(value) or 0) > 0 else None,
    "contentMediaType": lambda value: value if isinstance(value, str) else None,
    "contentEncoding": lambda value: value if isinstance(value, str) else None,
    **dict.fromkeys(_SIZES, _size),
    **dict.fromkeys(_NUMBERS, _number),
}
