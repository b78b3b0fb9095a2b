"""What is run: sets of the suite's scenarios, for each role, directly and through the gateway."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from support.mcp_servers import MODERN

Role = Literal["server", "client", "authorization"]
Upstream = Literal["modern", "legacy", "suite"]


@dataclass(frozen=True, slots=True)
class Set:
    """Scenarios that the suite knows for a role. `flag` chooses them, with `revision`."""

    role: Role
    revision: str
    flag: str = "--requirements"

    @property
    def name(self) -> str:
        return f"{self.role} {self.revision}"


@dataclass(frozen=True, slots=True)
class Leg:
    """A set through the gateway. For a server, `upstream` is the one era that it speaks; for a
    client the suite's own servers are the upstreams."""

    set: Set
    upstream: Upstream

    @property
    def name(self) -> str:
        return f"{self.set.name} -> {self.upstream}"


SERVER_SETS = (
    Set("server", MODERN),
    Set("server", "2025-11-25"),
    Set("server", "2025-06-18", "--spec-version"),
    Set("server", "2025-03-26", "--spec-version"),
)
CLIENT_SETS = (Set("client", MODERN), Set("client", "2025-11-25"))
# Of the gateway's own authorization server: there is nothing behind it to compare with.
AUTHORIZATION_SETS = (Set("authorization", MODERN), Set("authorization", "2025-11-25"))
UPSTREAMS: tuple[Literal["modern", "legacy"], ...] = ("modern", "legacy")
LEGS = (
    *(Leg(each, upstream) for each in SERVER_SETS for upstream in UPSTREAMS),
    *(Leg(each, "suite") for each in CLIENT_SETS),
)


def own(words: Sequence[str]) -> list[Set]:
    """The sets of what is the gateway's own, chosen alike."""
    return [each for each in AUTHORIZATION_SETS if all(word in each.name for word in words)]


def chosen(words: Sequence[str]) -> list[Leg]:
    """The legs whose name has all the words; all legs when there are none."""
    return [leg for leg in LEGS if all(word in leg.name for word in words)]
