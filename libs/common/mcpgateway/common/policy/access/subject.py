"""Who acts: a principal, what its token leaves of its rights, and for whom it acts. Pure."""

from collections.abc import Mapping
from math import inf

import msgspec

from mcpgateway.common.policy.access.grants import live
from mcpgateway.common.policy.access.scope import EVERYTHING, Scope
from mcpgateway.common.routing.model import Principal


class Subject(msgspec.Struct, frozen=True):
    """`principal` None is anonymous. `claims` is a JSON object, of the verified token. `token` is
    its `jti`, or the id of an API token. `chain` has who acts for the principal (RFC 8693 `act`),
    the outermost first. `at` is when it was established, in Unix seconds: roles that had expired
    by then do not count, and where nobody says when, none that ever expires."""

    principal: Principal | None = None
    scope: Scope = EVERYTHING
    claims: bytes = b"{}"
    token: str = ""
    chain: tuple[str, ...] = ()
    at: float = inf

    @property
    def id(self) -> str:
        """The principal's; "" for anonymous."""
        return "" if self.principal is None else self.principal.id

    def stored(self, principals: Mapping[str, Principal]) -> bool:
        """Whether the principal is one of the table's. One that is not (the administrator of a
        gateway that is open) can not be renewed."""
        return self.principal is not None and self.principal.id in principals

    def renewed(self, principals: Mapping[str, Principal]) -> "Subject | None":
        """As its principal is now, with the same scope; None when it is gone. What outlives a
        table asks this with each new one."""
        if self.principal is None:
            return self
        found = principals.get(self.principal.id)
        if found is self.principal:
            return self
        return None if found is None else msgspec.structs.replace(self, principal=found)

    def sameness(self) -> tuple[object, ...]:
        """Equal for subjects that may do the same, whatever their tokens are called."""
        scope = b"" if self.scope == EVERYTHING else msgspec.json.encode(self.scope)
        had = () if self.principal is None else live(self.principal.grants, self.at)
        return self.id, scope, self.claims, self.chain, had


NOBODY = Subject()
