"""What was or would be done, as a terminal shows it. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_VERBS = {
    "create": ("created", "would be created"),
    "update": ("configured", "would be changed"),
    "delete": ("deleted", "would be deleted"),
    "unchanged": ("unchanged", "unchanged"),
    "skip": ("skipped", "would be skipped"),
    "failed": ("failed", "would fail"),
}
_WIDTH = 100  # characters of a value
_EFFECTS = 20


def changes_anything(answer: Mapping[str, Any]) -> bool:
    return any(each["action"] in ("create", "update", "delete") for each in answer["results"])


def fails(answer: Mapping[str, Any]) -> bool:
    return any(each["action"] == "failed" for each in answer["results"])


def plan(answer: Mapping[str, Any], *, tried: bool, fields: bool) -> str:
    """A line for each thing, with `fields` what changes of it."""
    lines: list[str] = []
    for each in answer["results"]:
        verb = _VERBS[each["action"]][tried]
        lines.append(f"{each['kind'].lower()}/{each['name']} {verb}")
        if each.get("error"):
            lines.append(f"    {each['error']}")
        lines += [f"    note: {note}" for note in each.get("notes", ())]
        if fields:
            lines += _changes(each)
    return "".join(f"{line}\n" for line in lines)


def _changes(result: Mapping[str, Any]) -> Iterator[str]:
    for change in result.get("changes", ()):
        path = change["path"].removeprefix("/").replace("/", ".")
        if "before" in change:
            yield f"  - {path}: {_value(change['before'])}"
        if "after" in change:
            yield f"  + {path}: {_value(change['after'])}"
    if result.get("credential"):
        yield "  ~ credential: another secret"


def _value(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}... ({len(text)} characters)"


def summary(answer: Mapping[str, Any]) -> str:
    found = answer["summary"]
    told = ", ".join(f"{found[a]} {a}" for a in _VERBS if found.get(a))
    return f"{told or 'nothing'}\n"


def effects(answer: Mapping[str, Any]) -> str:
    """What callers would see of it."""
    found: Iterable[Mapping[str, Any]] = answer.get("effects", ())
    lines = [_effect(each) for each in found]
    more = max(0, len(lines) - _EFFECTS) + int(answer.get("moreEffects", 0))
    shown = lines[:_EFFECTS] + ([f"  and {more} more"] if more else [])
    return "\n".join(["Callers would see:", *shown]) + "\n" if shown else ""


def _effect(effect: Mapping[str, Any]) -> str:
    server = effect.get("server")
    where = f" at server {server.get('name')}" if isinstance(server, dict) else ""
    return f"  {effect.get('kind')} {effect.get('name')} {effect.get('effect')}{where}"
