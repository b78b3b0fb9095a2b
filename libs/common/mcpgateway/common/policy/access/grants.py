"""The roles that a principal has, and what they let it do where. Pure.

What has expired counts no more, in whichever table it still is.
"""

from collections.abc import Iterator, Mapping
from math import inf
from typing import NamedTuple

import msgspec

from mcpgateway.common.policy.access.permissions import ALL
from mcpgateway.common.routing.model import Role

MAX_INHERITED = 16  # roles above one; those further up give nothing


class Grant(msgspec.Struct, frozen=True, array_like=True):
    """A role: `scope` is "global", "team" (the one named `scope_id`) or "personal", for what one
    owns. `expires` in Unix seconds, None for never."""

    role: str
    scope: str
    scope_id: str = ""
    expires: float | None = None


_grants = msgspec.json.Decoder(tuple[Grant, ...])


def read(grants: bytes) -> tuple[Grant, ...]:
    """No grant where they can not be read: what is not understood gives nothing."""
    try:
        return _grants.decode(grants)
    except msgspec.DecodeError:
        return ()


def live(grants: bytes, at: float) -> tuple[Grant, ...]:
    """Those that count at that time (Unix seconds)."""
    if grants == b"[]":
        return ()
    return tuple([each for each in read(grants) if each.expires is None or at < each.expires])


def next_expiry(grants: bytes, at: float) -> float:
    """When the next of those that count will count no more; infinity for never."""
    return min((each.expires for each in live(grants, at) if each.expires is not None), default=inf)


class Means(NamedTuple):
    """What a role lets whoever has it do, with what it inherits."""

    name: str
    permissions: frozenset[str]

    def give(self, permission: str) -> bool:
        return permission in self.permissions or ALL in self.permissions


def means(roles: Mapping[str, Role]) -> dict[str, Means]:
    """By id of the role. A role that is not there gives nothing, and nor does one that inherits
    from itself give more than those on the way."""
    return {
        id: Means(role.name, frozenset(name for each in _line(roles, role) for name in each))
        for id, role in roles.items()
    }


def _line(roles: Mapping[str, Role], role: Role) -> Iterator[tuple[str, ...]]:
    seen: set[str] = set()
    current: Role | None = role
    while current is not None and current.id not in seen and len(seen) <= MAX_INHERITED:
        seen.add(current.id)
        yield current.permissions
        current = roles.get(current.inherits)
