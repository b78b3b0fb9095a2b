"""What history needs of the store."""

from collections.abc import Sequence
from typing import Protocol

from mcpgateway.control_plane.registry.history.model import (
    Change,
    Entry,
    Filter,
    Revision,
    Version,
)
from mcpgateway.control_plane.registry.model import Credential


class History(Protocol):
    """Reads of history, one statement each. All raise Unavailable."""

    async def versions(
        self, noun: str, id: str, before: int | None = None, limit: int | None = None
    ) -> list[Version]:
        """Edits of one thing, newest first, without their bodies; of revisions lower than `before`.
        A new revision for data planes alone is no edit."""

    async def version(self, noun: str, id: str, version: int) -> Version | None:
        """The newest of this number: who deletes a thing and makes it again with its id begins to
        count anew."""

    async def newest(self, noun: str, ids: Sequence[str]) -> list[Entry]:
        """The last state that each thing had, also when it is gone now."""

    async def at(
        self, revision: int, nouns: Sequence[str], ids: Sequence[str] | None = None
    ) -> list[Entry]:
        """All of these that were there at a revision."""

    async def changes(self, after: int, until: int) -> list[Change]:
        """What was written after one revision up to another, the net of it, by noun and id. What
        came and went in between has no body on both sides."""

    async def secrets(self, revision: int, ids: Sequence[str] | None = None) -> list[Credential]:
        """Credentials as they were at a revision, sealed under a key of now."""

    async def revisions(self, filter: Filter, before: int | None, limit: int) -> list[Revision]:
        """Newest first, lower than `before`."""

    async def chain(self, filter: Filter, after: int) -> list[tuple[Revision, list[Entry]]]:
        """Some revisions higher than `after`, oldest first, each with all that it changed; none
        when there are no more."""

    async def revision(self, n: int) -> Revision | None: ...

    async def kept_secrets(self) -> list[Credential]:
        """Every credential of every revision that had one, `revision` saying which."""
