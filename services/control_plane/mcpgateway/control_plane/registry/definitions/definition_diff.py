"""What a new definition of a tool means to its clients: a semantic diff with a severity. Pure.

Definitions are MCP tool objects as JSON text. What the diff does not know is compared as a whole.
"""

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

Object: TypeAlias = Mapping[str, Any]
Severity: TypeAlias = Literal["harmless", "widens", "behaviour", "breaks"]

SEVERITIES: tuple[Severity, ...] = ("harmless", "widens", "behaviour", "breaks")  # worst last
UNPINNED = frozenset(("_meta", "icons"))  # for hosts, not for models; some are new in each answer

MAX_CHANGES = 100
_WORDS = 1000  # of a text that are compared
_SHOWN = 500  # characters of a value
_DEPTH = 16  # of schemas in schemas
_NEITHER = object()


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`at` is a path like `inputSchema.properties.city`. `was` and `now` are texts, or JSON; long
    ones are cut. `added` and `removed` are words of a text."""

    at: str
    what: str
    severity: Severity
    was: str | None = None
    now: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def digest(definition: str) -> str:
    """SHA-256 in hex over what clients act on: canonical JSON without the members UNPINNED."""
    value = read(definition)
    if isinstance(value, dict):
        value = {name: each for name, each in value.items() if name not in UNPINNED}
        return hashlib.sha256(_canonical(value)).hexdigest()
    return hashlib.sha256(definition.encode()).hexdigest()


def diff(was: str, now: str) -> tuple[Change, ...]:
    """Worst first; at most MAX_CHANGES, the last of which then counts the rest."""
    before, after = read(was), read(now)
    if not isinstance(before, dict) or not isinstance(after, dict):
        return (_changed("", "is another", "breaks", was, now),)
    found = sorted(_members(before, after), key=lambda change: -SEVERITIES.index(change.severity))
    kept = found[:MAX_CHANGES]
    if len(found) > len(kept):
        more = f"and {len(found) - len(kept)} more changes"
        kept.append(Change(at="", what=more, severity=found[len(kept)].severity))
    return tuple(kept)


def worst(changes: Sequence[Change]) -> Severity:
    """Of none: harmless."""
    return max((change.severity for change in changes), key=SEVERITIES.index, default="harmless")


def read(definition: str) -> Any:
    """None when it can not be read. Numbers of any size can: msgspec refuses 1e400."""
    try:
        return json.loads(definition)
    except (ValueError, RecursionError):
        return None


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _members(before: Object, after: Object) -> Iterator[Change]:
    for name in {**before, **after}:
        was, now = before.get(name, _NEITHER), after.get(name, _NEITHER)
        if name in UNPINNED or _same(was, now):
            continue
        found = list(_member(name, was, now))
        yield from found or [_changed(name[:80], _verb(was, now), "behaviour", was, now)]


def _member(name: str, was: object, now: object) -> Iterator[Change]:
    """Nothing when it is not of the form that MCP gives it."""
    match name:
        case "description" | "title":
            yield _text(name, was, now)
        case "inputSchema":
            yield from _schema(name, was, now, _Input, _DEPTH)
        case "outputSchema":
            yield from _schema(name, was, now, _Output, _DEPTH)
        case "annotations":
            yield from _annotations(was, now)


def _annotations(was: object, now: object) -> Iterator[Change]:
    """Hints decide what is asked of a user, and what is sent twice."""
    before = was if isinstance(was, dict) else {}
    after = now if isinstance(now, dict) else {}
    for name in {**before, **after}:
        one, other = before.get(name, _NEITHER), after.get(name, _NEITHER)
        if not _same(one, other):
            yield _changed(f"annotations.{name}", _verb(one, other), "behaviour", one, other)


class _Input:
    """Severities of what a tool takes: more is wider, less breaks callers."""

    added: Severity = "widens"
    needed: Severity = "breaks"
    removed: Severity = "breaks"
    optional: Severity = "widens"
    wider: Severity = "widens"
    narrower: Severity = "breaks"


class _Output:
    """Severities of what it answers, the other way round."""

    added: Severity = "widens"
    needed: Severity = "widens"
    removed: Severity = "breaks"
    optional: Severity = "breaks"
    wider: Severity = "breaks"
    narrower: Severity = "behaviour"


_Side: TypeAlias = type[_Input] | type[_Output]


def _schema(at: str, was: object, now: object, side: _Side, depth: int) -> Iterator[Change]:
    if not isinstance(was, dict) or not isinstance(now, dict) or depth == 0:
        severity: Severity = "widens" if was is _NEITHER and side is _Output else "behaviour"
        yield _changed(at, _verb(was, now), severity, was, now)
        return
    for keyword in {**was, **now}:
        if not _same(was.get(keyword, _NEITHER), now.get(keyword, _NEITHER)):
            yield from _keyword(at, keyword, was, now, side, depth)


def _keyword(
    at: str, keyword: str, was: Object, now: Object, side: _Side, depth: int
) -> Iterator[Change]:
    place = f"{at}.{keyword[:80]}"
    one, other = was.get(keyword, _NEITHER), now.get(keyword, _NEITHER)
    match keyword:
        case "properties":
            yield from _properties(at, was, now, side, depth)
        case "required":
            yield from _required(at, was, now, side)
        case "items":
            yield from _schema(place, one, other, side, depth - 1)
        case "description" | "title":
            yield _text(place, one, other)
        case "type" | "enum":
            yield _choices(place, one, other, side)
        case _:
            yield _changed(place, _verb(one, other), "behaviour", one, other)


def _properties(at: str, was: Object, now: Object, side: _Side, depth: int) -> Iterator[Change]:
    before, after = _object(was.get("properties")), _object(now.get("properties"))
    needed = _names(now.get("required"))
    for name in {**before, **after}:
        place = f"{at}.properties.{name[:80]}"
        if name not in after:
            yield _changed(place, "removed", side.removed, before[name], _NEITHER)
        elif name not in before:
            severity = side.needed if name in needed else side.added
            what = "added, required" if name in needed else "added, optional"
            yield _changed(place, what, severity, _NEITHER, after[name])
        elif not _same(before[name], after[name]):
            yield from _schema(place, before[name], after[name], side, depth - 1)


def _required(at: str, was: Object, now: Object, side: _Side) -> Iterator[Change]:
    """But for properties that come or go, of which `_properties` tells."""
    before, after = _names(was.get("required")), _names(now.get("required"))
    one_sided = _object(was.get("properties")).keys() ^ _object(now.get("properties")).keys()
    for name in sorted((before ^ after) - one_sided):
        place = f"{at}.properties.{name[:80]}"
        if name in after:
            yield Change(at=place, what="required now", severity=side.needed)
        else:
            yield Change(at=place, what="optional now", severity=side.optional)


def _choices(at: str, was: object, now: object, side: _Side) -> Change:
    """Of `type` and `enum`, where none means any."""
    before, after = _set(was), _set(now)
    if after is None or (before is not None and before < after):
        severity = side.wider
    elif before is None or after < before:
        severity = side.narrower
    else:
        severity = "breaks"
    return _changed(at, _verb(was, now), severity, was, now)


def _text(at: str, was: object, now: object) -> Change:
    """Models read it and act on it."""
    before = was.split() if isinstance(was, str) else []
    after = now.split() if isinstance(now, str) else []
    severity: Severity = "harmless" if before == after else "behaviour"
    removed, added = _words(before[:_WORDS], after[:_WORDS])
    return msgspec.structs.replace(
        _changed(at, _verb(was, now), severity, was, now), added=added, removed=removed
    )


def _words(before: Sequence[str], after: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    removed: list[str] = []
    added: list[str] = []
    for operation, a, b, c, d in difflib.SequenceMatcher(None, before, after).get_opcodes():
        if operation != "equal":
            removed += before[a:b]
            added += after[c:d]
    return tuple(word[:80] for word in removed[:100]), tuple(word[:80] for word in added[:100])


def _changed(at: str, what: str, severity: Severity, was: object, now: object) -> Change:
    return Change(at=at, what=what, severity=severity, was=_shown(was), now=_shown(now))


def _shown(value: object) -> str | None:
    if value is _NEITHER:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _verb(was: object, now: object) -> str:
    if was is _NEITHER:
        return "added"
    return "removed" if now is _NEITHER else "changed"


def _same(was: object, now: object) -> bool:
    """As JSON: 1 and true are not the same."""
    if was is _NEITHER or now is _NEITHER:
        return was is now
    return _canonical(was) == _canonical(now)


def _object(value: object) -> Object:
    return value if isinstance(value, dict) else {}


def _names(value: object) -> frozenset[str]:
    items = value if isinstance(value, list) else []
    return frozenset(each for each in items if isinstance(each, str))


def _set(value: object) -> frozenset[bytes] | None:
    if value is _NEITHER:
        return None
    values = value if isinstance(value, list) else [value]
    return frozenset(_canonical(each) for each in values)
