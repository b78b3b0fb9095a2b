"""What a token leaves of what its principal may do. A scope only ever narrows. Pure."""

from typing import Any

import msgspec


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    """`teams`: None for all of the principal's; none named, only what is public. `permissions`:
    None or "*" for all. `server`: the one virtual server that it is for, "" for all. `networks`
    (CIDR), `times` and `limits` say from where, when and how often it is taken."""

    teams: tuple[str, ...] | None = None
    permissions: tuple[str, ...] | None = None
    server: str = ""
    networks: tuple[str, ...] = ()
    times: dict[str, Any] = {}
    limits: dict[str, Any] = {}

    def leaves(self, permission: str) -> bool:
        """Whether it does not take this permission away."""
        left = self.permissions
        return left is None or permission in left or "*" in left

    @property
    def guarded(self) -> bool:
        """Whether each request has to be looked at: where from, when, how often."""
        return bool(self.networks or self.times or self.limits)


EVERYTHING = Scope()
