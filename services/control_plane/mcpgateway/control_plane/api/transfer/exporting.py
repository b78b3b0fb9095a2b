"""Reads the registry for exports: one list of each kind, and of what they refer to."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from mcpgateway.control_plane.api.transfer import export
from mcpgateway.control_plane.api.transfer.kinds import Kinds
from mcpgateway.control_plane.registry.model import Entity, Viewer
from mcpgateway.control_plane.registry.transfer.kinds import HELD, SPECS
from mcpgateway.control_plane.registry.transfer.model import Kind
from mcpgateway.control_plane.registry.transfer.plan import MARK
from mcpgateway.control_plane.registry.views import Query

Chosen: TypeAlias = Mapping[str, frozenset[str]] | None
_CHILDREN = ("Tool", "Resource", "Prompt")


@dataclass(frozen=True, slots=True)
class Selection:
    """`tags`: any of these; None: whatever their tags. `label`: of this set."""

    kinds: tuple[Kind, ...] = tuple(SPECS)
    tags: tuple[str, ...] | None = None
    label: str = ""
    include_inactive: bool = True


class Told(NamedTuple):
    """One document, and what it was made of."""

    kind: Kind
    row: Any
    document: dict[str, Any]


async def documents(
    kinds: Kinds,
    viewer: Viewer,
    selection: Selection,
    dependencies: bool = False,
    chosen: Chosen = None,
) -> list[Told]:
    """What the viewer may see, in the order in which it can be applied. What a gateway lists is
    left out unless somebody changed something of it. `dependencies`: and what selected servers
    hold, with its gateways. `chosen`: of each plural the names, URIs or ids; None: all."""
    query = Query(viewer=viewer, tags=selection.tags, include_inactive=selection.include_inactive)
    rows: dict[Kind, dict[str, Any]] = {kind: {} for kind in kinds}
    for kind in selection.kinds:
        names = None if chosen is None else chosen.get(kinds[kind].plural, frozenset())
        if names is None or names:
            found = await kinds[kind].read(query)
            rows[kind] = {r.id: r for r in found if _chosen(r, selection.label, names)}
    if dependencies:
        await _add_held(kinds, viewer, rows)
    gateways = await _gateways(kinds, viewer, [kind for kind in rows if rows[kind]])
    names_of = await _held_names(kinds, viewer, list(rows["Server"].values()))
    return [
        Told(kind, row, _document(kind, row, kinds, gateways, names_of))
        for kind, found_rows in rows.items()
        for row in found_rows.values()
        if kind not in _CHILDREN or export.is_changed(kind, row, gateways.get(row.upstream_id))
    ]


def _document(
    kind: Kind,
    row: Any,
    kinds: Kinds,
    gateways: Mapping[str, Entity],
    names: Mapping[str, str],
) -> dict[str, Any]:
    made = export.document(kind, row, kinds[kind], gateways)
    return export.with_held(made, row, names) if kind == "Server" else made


async def _add_held(kinds: Kinds, viewer: Viewer, rows: dict[Kind, dict[str, Any]]) -> None:
    upstreams: set[str] = set()
    for field, ids in export.held_ids(list(rows["Server"].values())).items():
        found = await _by_ids(kinds, viewer, HELD[field], ids)
        rows[HELD[field]] |= {row.id: row for row in found}
        upstreams |= {row.upstream_id for row in found if getattr(row, "upstream_id", None)}
    found = await _by_ids(kinds, viewer, "Gateway", upstreams)
    rows["Gateway"] |= {row.id: row for row in found}


async def _by_ids(kinds: Kinds, viewer: Viewer, kind: Kind, ids: Collection[str]) -> list[Any]:
    query = Query(viewer=viewer, ids=tuple(sorted(ids)), include_inactive=True)
    return await kinds[kind].read(query) if ids else []


async def _gateways(kinds: Kinds, viewer: Viewer, wanted: Iterable[Kind]) -> dict[str, Entity]:
    if not any(kind in _CHILDREN for kind in wanted):
        return {}
    rows = await kinds["Gateway"].read(Query(viewer=viewer, include_inactive=True))
    return {row.id: row for row in rows}


async def _held_names(kinds: Kinds, viewer: Viewer, servers: list[Any]) -> dict[str, str]:
    names: dict[str, str] = {}
    for field, ids in export.held_ids(servers).items():
        rows = await _by_ids(kinds, viewer, HELD[field], ids)
        names |= {row.id: export.key_of(row) for row in rows}
    return names


def _chosen(row: Any, label: str, names: frozenset[str] | None) -> bool:
    if label and MARK + label not in row.tags:
        return False
    return names is None or bool(names & {row.id, export.key_of(row), getattr(row, "name", "")})
