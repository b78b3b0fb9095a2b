"""What use cases of API tokens read, and how it is kept what they are used for. Ports, which the
store implements."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from mcpgateway.control_plane.registry.people.model import ApiToken


class TokenView(ApiToken, frozen=True, kw_only=True):
    """`last_source`: the address that it was used from last."""

    last_used: datetime | None = None
    last_source: str | None = None


class TokenQuery(NamedTuple):
    """None: anybody's, any team's. Newest first."""

    email: str | None = None
    team_id: str | None = None
    inactive: bool = False
    offset: int = 0
    limit: int = 50


class Usage(NamedTuple):
    """What was done with a token by one method."""

    method: str
    allowed: int
    refused: int


class Used(msgspec.Struct, frozen=True):
    """What a data plane says of calls with a token: how many of one method since it said so last.
    `at` is when the last of them came, from `source`."""

    token_id: str
    method: str
    allowed: int
    refused: int
    at: datetime
    source: str = ""


class TokenReads(Protocol):
    """Of what is committed. All raise Unavailable."""

    async def page(self, query: TokenQuery) -> tuple[list[TokenView], int]:
        """And how many there are without offset and limit."""

    async def one(self, id: str) -> TokenView | None: ...

    async def usage(self, id: str, since: datetime) -> list[Usage]:
        """The most used method first."""


class TokenUses(Protocol):
    async def note(self, used: Sequence[Used]) -> None:
        """What is no API token, or none any more, is passed over. Raises Unavailable."""

    async def forget(self, before: datetime) -> None:
        """Of hours before. Raises Unavailable."""
