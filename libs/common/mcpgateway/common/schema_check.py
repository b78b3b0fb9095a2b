"""Holds JSON documents against the JSON Schemas of tools: 2020-12 unless `$schema` names draft 4,
6, 7 or 2019-09. Pure.

Nothing is fetched: a `$ref` to another document is a fault of the schema. `bounded` says whether
a check costs no more than the size of schema and document lets expect; any other schema is
somebody's to check where it can be stopped.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import jsonschema_rs
import msgspec

from mcpgateway.common.strict_json import Located, pointer

MAX_SCHEMA = 256 * 1024  # bytes of JSON
MAX_PROBLEMS = 20
MAX_WEIGHT = 20_000  # subschemas, each counted as often as something refers to it
_MAX_SAID = 300  # characters of one problem
_MAX_DEPTH = 200  # of schemas within schemas

_LINEAR = jsonschema_rs.RegexOptions()  # no backtracking: linear in the text, whatever the pattern
_BACKTRACKING = jsonschema_rs.FancyRegexOptions(backtrack_limit=1_000_000)
_OTHER_REFS = frozenset(("$dynamicRef", "$recursiveRef"))
_RENAMED = frozenset(("$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor"))


class Check:
    """A schema that documents can be held against. `bounded`: here and now."""

    def __init__(self, schema: dict[str, Any] | bool) -> None:
        """Raises ValueError, which says where the schema is wrong, for one that can not be used."""
        wrong = _unusable(schema)
        if wrong:
            raise ValueError(wrong)
        self.bounded = _is_light(schema)
        try:
            self._validator = _compiled(schema, _LINEAR)
        except ValueError:
            self._validator = _compiled(schema, _BACKTRACKING)  # of patterns that look around
            self.bounded = False

    def problems(self, document: Any) -> list[Located]:
        """The first 20 of what is wrong with a document, as `json.loads` makes it."""
        if self._validator.is_valid(document):
            return []
        found = islice(self._validator.iter_errors(document), MAX_PROBLEMS)
        return [Located(pointer(each.instance_path), _bounded(each.message)) for each in found]


def problems(schema: Any) -> list[str]:
    """Why a schema can not be used to check anything; nothing when it can. For who writes one."""
    try:
        Check(schema)
    except ValueError as error:
        return [str(error)]
    return []


def _compiled(
    schema: dict[str, Any] | bool,
    options: jsonschema_rs.RegexOptions | jsonschema_rs.FancyRegexOptions,
) -> jsonschema_rs.Validator:
    try:
        return jsonschema_rs.validator_for(schema, offline=True, pattern_options=options)
    except jsonschema_rs.ValidationError as error:
        where = pointer(error.instance_path)
        said = _bounded(error.message)
        raise ValueError(f"{where}: {said}" if where else said) from None
    except (jsonschema_rs.ReferencingError, ValueError, RecursionError) as error:
        raise ValueError(_bounded(str(error))) from None


def _unusable(schema: Any) -> str:
    """What no validator is asked about."""
    if not isinstance(schema, dict | bool):
        return "must be an object, true or false"
    try:
        size = len(msgspec.json.encode(schema))
    except (RecursionError, TypeError, UnicodeEncodeError):
        return "is not JSON, or is nested too deeply"
    if size > MAX_SCHEMA:
        return f"has {size} bytes, at most {MAX_SCHEMA} are checked"
    return "" if _is_flat(schema) else f"is nested more than {_MAX_DEPTH} deep"


def _is_flat(schema: Any) -> bool:
    left = [(schema, 0)]
    while left:
        value, depth = left.pop()
        if depth > _MAX_DEPTH:
            return False
        left.extend((each, depth + 1) for each in _inside(value))
    return True


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


class _Unbounded(Exception):
    """Some documents would take exponentially long."""


def _is_light(schema: dict[str, Any] | bool) -> bool:
    try:
        _Weigher(schema).weigh(schema)
    except _Unbounded:
        return False
    return True


class _Node(NamedTuple):
    refs: list[str]
    inside: list[Any]


class _Weigher:
    """Counts subschemas as often as a check may come to them. What refers to itself, and what is
    referred to by another way than `#/...`, has no weight that could be known."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._known: dict[str, int | None] = {}  # by reference; None: being weighed

    def weigh(self, value: Any) -> int:
        """Raises _Unbounded."""
        node = _looked_at(value, is_root=value is self._root)
        weight = 1 + sum(map(self.weigh, node.inside)) + sum(map(self._referred, node.refs))
        if weight > MAX_WEIGHT:
            raise _Unbounded
        return weight

    def _referred(self, ref: str) -> int:
        if ref in self._known:
            known = self._known[ref]
            if known is None:
                raise _Unbounded  # it refers to itself
            return known
        self._known[ref] = None
        weight = self._known[ref] = self.weigh(self._target(ref))
        return weight

    def _target(self, ref: str) -> Any:
        if ref != "#" and not ref.startswith("#/"):
            raise _Unbounded
        value = self._root
        for step in ref[2:].split("/") if len(ref) > 1 else ():
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
                value = value[int(key)]
            elif isinstance(value, dict) and key in value:
                value = value[key]
            else:
                raise _Unbounded  # percent-encoded, or not there
        return value


def _looked_at(value: Any, *, is_root: bool) -> _Node:
    if isinstance(value, list):
        return _Node([], value)
    if not isinstance(value, dict):
        return _Node([], [])
    if not _OTHER_REFS.isdisjoint(value) or _is_renamed(value, is_root=is_root):
        raise _Unbounded
    ref = value.get("$ref")
    refs = [ref] if isinstance(ref, str) else []
    return _Node(refs, list(value.values()))


def _is_renamed(value: Mapping[str, Any], *, is_root: bool) -> bool:
    """Whether references may find it by a name of its own."""
    return not is_root and any(isinstance(value.get(name), str) for name in _RENAMED)


def _bounded(text: str) -> str:
    return text if len(text) <= _MAX_SAID else text[: _MAX_SAID - 1] + "…"
