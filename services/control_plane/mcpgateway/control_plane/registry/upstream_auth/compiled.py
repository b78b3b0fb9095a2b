"""What of an upstream's record follows from settings and from what is set for all: whose tokens it
is called with, which headers are passed to it, how callers are named to it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from mcpgateway.common.policy.passthrough import may_be_passed
from mcpgateway.common.policy.propagation import Propagation
from mcpgateway.common.routing.model import Tokens
from mcpgateway.control_plane.registry.model import Auth

_USUAL = Propagation()


@dataclass(frozen=True, slots=True)
class Passthrough:
    """`source`: "db" where what was set by the API wins over `defaults`, "env" where it does not
    count, "merge" for both."""

    enabled: bool = False
    defaults: tuple[str, ...] = ()
    source: str = "db"
    overwrites: bool = False

    def everywhere(self, chosen: Sequence[str] | None) -> tuple[str, ...]:
        """The global allow-list, `chosen` by the API (None: it was not)."""
        if not self.enabled:
            return ()
        if self.source == "env":
            names: Sequence[str] = self.defaults
        elif self.source == "merge":
            names = (*self.defaults, *(chosen or ()))
        else:
            names = self.defaults if chosen is None else chosen
        found = {name.lower(): name for name in names if may_be_passed(name)}
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Identity:
    """For upstreams whose registration says nothing."""

    enabled: bool = False
    how: Propagation = _USUAL

    def compiled(self, said: Mapping[str, Any] | None) -> bytes:
        """JSON for the record; empty where callers are not named. `said` is what the registration
        says, which names the members that differ."""
        own = said or {}
        if not own.get("enabled", self.enabled or bool(own)):
            return b""
        mode = own.get("mode", self.how.mode)
        prefix = own.get("headers_prefix", self.how.prefix)
        return msgspec.json.encode(Propagation(mode, prefix)) or b"{}"


NOTHING_PASSED = Passthrough()
NOBODY_NAMED = Identity()


def tokens_of(auth: Auth | None) -> Tokens:
    """Whose tokens an upstream with these credentials is called with."""
    if auth is None or auth.stored:
        return ""
    if auth.oauth is None:
        return "vault"
    if auth.oauth.shared:
        return "shared"
    return "oauth" if auth.oauth.grant_type == "authorization_code" else "exchange"
