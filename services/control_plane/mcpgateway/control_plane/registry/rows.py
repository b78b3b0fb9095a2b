"""How a use case reads and writes one noun inside a write transaction: ports, which the store
implements."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from mcpgateway.control_plane.registry.model import Tool

T = TypeVar("T")


class Rows(Protocol[T]):
    """One noun inside a write transaction. Every change becomes a history row."""

    async def get(self, ids: Sequence[str]) -> list[T]: ...

    async def save(self, rows: Sequence[T]) -> None:
        """Insert or replace by id, stamped with the transaction's revision. Raises Conflict when
        a unique field is taken."""

    async def remove(self, ids: Sequence[str]) -> None:
        """Servers that held a removed thing lose it, and that is a change of those servers."""


class KeyedRows(Rows[T], Protocol[T]):
    """A noun whose things people name."""

    async def keyed(self, keys: Sequence[str]) -> list[T]:
        """Those with these names (of resources and roots: URIs), whoever owns them."""


class ChildRows(KeyedRows[T], Protocol[T]):
    """A noun whose things belong to an upstream."""

    async def of(self, upstream_id: str) -> list[T]: ...

    async def names_like(self, prefix: str) -> frozenset[str]:
        """Which offered names with this prefix are taken, by whichever upstream."""


class ToolRows(ChildRows[Tool], Protocol):
    """Saving one shapes what is derived of it anew."""

    async def makers(self, ids: Sequence[str]) -> list[Tool]:
        """The tools that are made of one of these, at once."""
