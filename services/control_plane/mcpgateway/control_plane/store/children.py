"""How tools, prompts and resources are written: what may belong to an upstream and is held by
servers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from typing_extensions import override

from mcpgateway.control_plane.registry.model import Agent, Prompt, Resource, Tool
from mcpgateway.control_plane.registry.ports import Child
from mcpgateway.control_plane.store import agents, prompts, resources, tools
from mcpgateway.control_plane.store.rows import Context, EntityRows, fetch
from mcpgateway.control_plane.store.servers import ServerRows
from mcpgateway.control_plane.store.statements import Held, Sql

C = TypeVar("C", bound=Tool | Prompt | Resource)


@dataclass(frozen=True, slots=True)
class ChildSql:
    """See the modules of the nouns."""

    rows: Sql
    held: Held
    of_upstream: str
    names_like: str | None


SQL: dict[Child, ChildSql] = {
    "tool": ChildSql(tools.ROWS, tools.HELD, tools.OF_UPSTREAM, tools.NAMES_LIKE),
    "prompt": ChildSql(prompts.ROWS, prompts.HELD, prompts.OF_UPSTREAM, prompts.NAMES_LIKE),
    "resource": ChildSql(resources.ROWS, resources.HELD, resources.OF_UPSTREAM, None),
}


class ChildRows(EntityRows[C]):
    """Implements ports.ChildRows."""

    def __init__(self, context: Context, noun: Child, type: type[C], servers: ServerRows) -> None:
        super().__init__(context, noun, type, SQL[noun].rows)
        self._child = SQL[noun]
        self._servers = servers

    async def of(self, upstream_id: str) -> list[C]:
        return await fetch(self._connection, self._type, self._child.of_upstream, upstream_id)

    async def names_like(self, prefix: str) -> frozenset[str]:
        if self._child.names_like is None:
            return frozenset()
        rows = await self._connection.fetch(self._child.names_like, prefix)
        return frozenset(row["name"] for row in rows)

    async def touch_holders(self, ids: Sequence[str]) -> None:
        held = await self._connection.fetch(self._child.held.holders, list(ids))
        await self._servers.touch(held, edits=0)

    @override
    async def remove(self, ids: Sequence[str]) -> None:
        """Servers that held one of these are written first, without it."""
        held = await self._connection.fetch(self._child.held.drop_from_servers, list(ids))
        await self._servers.touch(held, edits=1)
        await super().remove(ids)


class AgentRows(EntityRows[Agent]):
    """Agents belong to no upstream, and are held by servers."""

    def __init__(self, context: Context, servers: ServerRows) -> None:
        super().__init__(context, "agent", Agent, agents.ROWS)
        self._servers = servers

    @override
    async def remove(self, ids: Sequence[str]) -> None:
        """Servers that held one of these are written first, without it."""
        held = await self._connection.fetch(agents.HELD.drop_from_servers, list(ids))
        await self._servers.touch(held, edits=1)
        await super().remove(ids)
