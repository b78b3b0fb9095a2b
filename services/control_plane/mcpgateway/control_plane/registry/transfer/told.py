"""What was done, as it is told: field by field, and what servers hold by name."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from mcpgateway.control_plane.registry.history import diff
from mcpgateway.control_plane.registry.history.diff import Difference
from mcpgateway.control_plane.registry.history.model import GONE, Change
from mcpgateway.control_plane.registry.model import Entity
from mcpgateway.control_plane.registry.transfer.batch import Batch, Changed
from mcpgateway.control_plane.registry.transfer.kinds import HELD, SPECS
from mcpgateway.control_plane.registry.transfer.model import Result


async def told(batch: Batch, results: Iterable[Result]) -> tuple[Result, ...]:
    """With what changed of each that was updated."""
    found = [_with_changes(batch, each) for each in results]
    names = await _names(batch, found)
    return tuple(_named(each, names) for each in found)


def _with_changes(batch: Batch, result: Result) -> Result:
    if result.action != "update" or result.id is None:
        return result
    changed = batch.changed.get((SPECS[result.kind].noun, result.id))
    return msgspec.structs.replace(
        result,
        changes=tuple(_differences(changed)) if changed else (),
        credential=result.id in batch.secrets,
    )


def _differences(changed: Changed) -> list[Difference]:
    before, after = _body(changed.before), _body(changed.after)
    return diff.of_change(Change(changed.noun, changed.id, before, after))


def _body(row: Entity | None) -> msgspec.Raw:
    return GONE if row is None else msgspec.Raw(msgspec.json.encode(row))


async def _names(batch: Batch, results: Sequence[Result]) -> dict[str, str]:
    """Of all that servers hold or held, as far as it is still there."""
    wanted: dict[str, set[str]] = {field: set() for field in HELD}
    for result in results:
        if result.kind == "Server":
            for each in result.changes:
                field = each.path.removeprefix("/")
                if field in wanted:
                    wanted[field] |= {*_ids(each.before), *_ids(each.after)}
    names: dict[str, str] = {}
    for field, ids in wanted.items():
        spec = SPECS[HELD[field]]
        rows = await spec.rows(batch).get(sorted(ids)) if ids else []
        names |= {row.id: getattr(row, spec.key) for row in rows}
    return names


def _ids(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _named(result: Result, names: dict[str, str]) -> Result:
    if result.kind != "Server" or not result.changes:
        return result

    def shown(value: Any) -> Any:
        return [names.get(each, each) for each in value] if isinstance(value, list) else value

    changes = [
        Difference(each.path, shown(each.before), shown(each.after))
        if each.path.removeprefix("/") in HELD
        else each
        for each in result.changes
    ]
    return msgspec.structs.replace(result, changes=tuple(changes))
