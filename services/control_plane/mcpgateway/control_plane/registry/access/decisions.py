"""The log of decisions: who was or was not allowed what, counted by the minute. It holds no
arguments and no secrets, and no decision waits for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol

import msgspec

Verdict = Literal["allow", "deny"]

MAX_BATCH = 10_000  # entries added at once
# Characters; what is longer is cut.
LIMITS = {
    **dict.fromkeys(("principal", "token", "id", "server", "rule"), 255),
    **dict.fromkeys(("action", "source"), 64),
    "kind": 32,
    "name": 2048,
}


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided alike within one minute (`minute` is its beginning), `count` times.

    `action` is a permission. `kind`, `id` and `name` are the object's, `server` the id of the
    virtual server at which it was asked for ("" for none). `token`: the `jti`, or an API token's
    id. `source`: the caller's address. `rule`: the id of the rule or role that decided, or a word
    for what did.
    """

    minute: datetime
    principal: str
    action: str
    verdict: Verdict
    kind: str = ""
    id: str = ""
    name: str = ""
    server: str = ""
    token: str = ""
    source: str = ""
    rule: str = ""
    count: int = 1


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which decisions; None: any. `before`: where the page before ended. Newest first."""

    principal: str | None = None
    action: str | None = None
    kind: str | None = None
    id: str | None = None
    name: str | None = None
    server: str | None = None
    rule: str | None = None
    verdict: Verdict | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, int] | None = None
    limit: int = 100


class Logged(NamedTuple):
    """`row`: where it stands among those of its minute."""

    row: int
    decided: Decided


class DecisionSink(Protocol):
    async def add(self, batch: Sequence[Decided]) -> None:
        """All of them or none. Over MAX_BATCH: InvalidCall. Raises Unavailable."""


class DecisionLog(DecisionSink, Protocol):
    """All raise Unavailable."""

    async def find(self, asked: Asked) -> list[Logged]: ...

    async def distinct(self, since: datetime | None, limit: int) -> list[Decided]:
        """Different ones, whatever their minute, token and rule, the last of each, the newest
        first; `count` is how often it came in all."""

    async def clean(self, before: datetime) -> int:
        """Removes what is older, some at a time; answers how many it removed."""


def kept_since(now: datetime, days: int) -> datetime:
    """What is older than this goes."""
    return now - timedelta(days=days)
