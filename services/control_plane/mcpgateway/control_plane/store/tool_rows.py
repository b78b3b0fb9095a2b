"""How tools are written: what a derived tool says follows what its base says, whoever writes."""

from collections.abc import Iterable, Sequence

from typing_extensions import override

from mcpgateway.common.routing.recipe import MAX_DEPTH
from mcpgateway.control_plane.registry import recipes
from mcpgateway.control_plane.registry.model import Tool
from mcpgateway.control_plane.store.children import ChildRows
from mcpgateway.control_plane.store.rows import Context, fetch
from mcpgateway.control_plane.store.servers import ServerRows
from mcpgateway.control_plane.store.tools import MAKERS


class ToolRows(ChildRows[Tool]):
    """Implements ports.ToolRows."""

    def __init__(self, context: Context, servers: ServerRows) -> None:
        super().__init__(context, "tool", Tool, servers)

    async def makers(self, ids: Sequence[str]) -> list[Tool]:
        return await fetch(self._connection, Tool, MAKERS, list(ids))

    @override
    async def save(self, rows: Sequence[Tool]) -> None:
        """And what is derived of these, where they say something else of themselves now: a new
        revision of each, not a new version."""
        if not rows:
            return
        written = await self._settled(rows)
        await super().save(written)
        for _ in range(MAX_DEPTH):
            changed = await self._outdated(written)
            if not changed:
                return
            await super().save(changed)
            written = changed

    async def _settled(self, rows: Sequence[Tool]) -> list[Tool]:
        """Those of them that are derived of others of them come out right, too."""
        known = {row.id: row for row in rows}
        missing = {base for row in rows if (base := recipes.base_of(row)) and base not in known}
        others = {row.id: row for row in await self.get(sorted(missing))} if missing else {}
        derived = [row.id for row in rows if recipes.base_of(row)]
        for _ in range(min(len(derived), MAX_DEPTH)):
            for id in derived:
                base = recipes.base_of(known[id])
                known[id] = recipes.settled(known[id], known.get(base) or others.get(base))
        return list(known.values())

    async def _outdated(self, bases: Iterable[Tool]) -> list[Tool]:
        by_id = {row.id: row for row in bases}
        found = []
        for row in await self.makers(list(by_id)):
            base = by_id.get(recipes.base_of(row))
            now = recipes.settled(row, base)
            if base is not None and now != row:
                found.append(now)
        return found
