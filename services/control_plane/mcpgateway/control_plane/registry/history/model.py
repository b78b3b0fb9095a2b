"""The values of history. Bodies are JSON of the registry's structs, as the store wrote them."""

from datetime import datetime
from typing import Literal

import msgspec

from mcpgateway.common.routing.model import Record
from mcpgateway.control_plane.registry.model import Who

Op = Literal["create", "update", "delete"]
GONE = msgspec.Raw(b"null")  # the body of what is not there


class Entry(msgspec.Struct, frozen=True):
    """One thing as one revision left it; `body` is GONE after a delete."""

    noun: str
    id: str
    revision: int
    op: Op
    body: msgspec.Raw = GONE


class Version(msgspec.Struct, frozen=True):
    """An edit of one thing. `version` is None for a delete."""

    revision: int
    version: int | None
    op: Op
    at: datetime
    who: Who
    body: msgspec.Raw = GONE


class Change(msgspec.Struct, frozen=True):
    """What became of one thing between two states; GONE where it is not there."""

    noun: str
    id: str
    before: msgspec.Raw = GONE
    after: msgspec.Raw = GONE

    @property
    def op(self) -> Op:
        if self.before == GONE:
            return "create"
        return "delete" if self.after == GONE else "update"


class Revision(msgspec.Struct, frozen=True):
    """One link of the chain (see `chain`). `who` is the JSON text of a `Who`, as it was hashed."""

    n: int
    registry: str
    at: datetime
    who: msgspec.Raw
    entries: int
    digest: str
    previous: str
    hash: str


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which revisions. None: no such filter. `noun` keeps revisions that changed one such thing;
    `until` is not among them."""

    by: str | None = None
    noun: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Tried(msgspec.Struct, frozen=True):
    """What a write would have done: each thing that it would have changed, and of what data planes
    get, as much as tells what callers would see of it."""

    changes: tuple[Change, ...] = ()
    before: tuple[Record, ...] = ()
    after: tuple[Record, ...] = ()
