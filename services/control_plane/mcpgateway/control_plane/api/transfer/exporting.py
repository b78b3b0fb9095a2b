"""Reads the registry for exports: one list of each kind, and of what they refer to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcpgateway.control_plane.api.transfer import export
from mcpgateway.control_plane.api.transfer.kinds import Kinds
from mcpgateway.control_plane.registry.model import Entity, Viewer
from mcpgateway.control_plane.registry.transfer.kinds import HELD, SPECS
from mcpgateway.control_plane.registry.transfer.model import Kind
from mcpgateway.control_plane.registry.transfer.plan import MARK
from mcpgateway.control_plane.registry.views import Query

_CHILDREN = ("Tool", "Resource", "Prompt")


@dataclass(frozen=True, slots=True)
class Selection:
    """`tags`: any of these; None: whatever their tags. `label`: of this set."""

    kinds: tuple[Kind, ...] = tuple(SPECS)
    tags: tuple[str, ...] | None = None
    label: str = ""
    include_inactive: bool = True


async def documents(kinds: Kinds, viewer: Viewer, selection: Selection) -> list[dict[str, Any]]:
    """What the viewer may see, in the order in which it can be applied. What a gateway lists is
    left out unless somebody changed something of it."""
    query = Query(viewer=viewer, tags=selection.tags, include_inactive=selection.include_inactive)
    gateways = await _gateways(kinds, viewer, selection.kinds)
    found: list[dict[str, Any]] = []
    for kind in selection.kinds:
        rows = [row for row in await kinds[kind].read(query) if _chosen(row, selection.label)]
        if kind in _CHILDREN:
            rows = [r for r in rows if export.is_changed(kind, r, gateways.get(r.upstream_id))]
        made = [export.document(kind, row, kinds[kind], gateways) for row in rows]
        if kind == "Server":
            names = await _held_names(kinds, viewer, rows)
            pairs = zip(made, rows, strict=True)
            made = [export.with_held(each, row, names) for each, row in pairs]
        found += made
    return found


async def _gateways(kinds: Kinds, viewer: Viewer, wanted: Iterable[Kind]) -> dict[str, Entity]:
    if not any(kind in _CHILDREN for kind in wanted):
        return {}
    rows = await kinds["Gateway"].read(Query(viewer=viewer, include_inactive=True))
    return {row.id: row for row in rows}


async def _held_names(kinds: Kinds, viewer: Viewer, servers: list[Any]) -> dict[str, str]:
    names: dict[str, str] = {}
    for field, ids in export.held_ids(servers).items():
        query = Query(viewer=viewer, ids=tuple(sorted(ids)), include_inactive=True)
        rows = await kinds[HELD[field]].read(query) if ids else []
        names |= {row.id: export.key_of(row) for row in rows}
    return names


def _chosen(row: Entity, label: str) -> bool:
    return not label or MARK + label in row.tags
