"""Who calls, by the credentials of a request and the pinned table.

What was verified is remembered by the hash of the credentials until they expire. It holds while
the records that it was found by are the very same objects and nothing revokes it: a new table in
which none of them changed costs a few lookups, and a revocation nothing of anybody else's.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping

import msgspec

from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.policy.access.grants import next_expiry
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.pipeline.admitting.keyring import Keyrings, Unsealer
from mcpgateway.data_plane.pipeline.admitting.schemes import (
    OF_TOKEN,
    BasicScheme,
    BearerScheme,
    Found,
    Scheme,
    active,
    mark_of,
)
from mcpgateway.data_plane.pipeline.call import ANONYMOUS, Caller

__all__ = ["Authenticator", "Unsealer"]

CACHE_SIZE = 10_000  # verified credentials; the least recently used goes first
_NO_MORE: Mapping[bytes, Scheme] = {}


class Authenticator:
    """Names the caller of a request. `default` is who calls without credentials: nobody, or the
    platform administrator when authentication is switched off. `now` is Unix seconds. `more` are
    schemes beside Bearer and Basic, by name in lower case; `unknown` as of BearerScheme."""

    def __init__(
        self,
        unsealer: Unsealer,
        now: Callable[[], float],
        default: Caller = ANONYMOUS,
        more: Mapping[bytes, Scheme] = _NO_MORE,
        unknown: Callable[[], None] | None = None,
    ) -> None:
        self._now = now
        self._default = default
        self._keyrings = Keyrings(unsealer)
        self._schemes: dict[bytes, Scheme] = {
            b"bearer": BearerScheme(self._keyrings, now, unknown),
            b"basic": BasicScheme(self._keyrings),
            **more,
        }
        self._found: OrderedDict[bytes, Found] = OrderedDict()

    def identify(self, authorization: bytes | None, table: Table) -> Caller:
        """The caller that the Authorization header names. Raises Unauthenticated, and InvalidCall
        for a header that says nothing."""
        if authorization is None:
            return self._default
        digest = hashlib.sha256(authorization).digest()
        known = self._found.get(digest)
        if known is not None and known.holds(table) and self.holds(known.caller):
            self._found.move_to_end(digest)
            return known.caller
        self._found.pop(digest, None)
        found = self._find(authorization, table)
        self._found[digest] = found
        if len(self._found) > CACHE_SIZE:
            self._found.popitem(last=False)
        return found.caller

    def named(self, user: str, table: Table) -> Caller:
        """The caller whom a proxy names that is believed. Raises Unauthenticated."""
        principal = active(table, user)
        return self._dated(Caller(Subject(principal), f"{principal.id}\nproxy"))

    def still(self, table: Table, caller: Caller) -> bool:
        """Whether a caller who was let in under an earlier table would be under this one, by the
        same credentials; what it may do there is not asked."""
        subject = caller.subject
        if subject.principal is None or caller.key == self._default.key:
            return True
        principal = table.principals.get(subject.id)
        if principal is None or not principal.active or subject.token in table.revocations:
            return False
        if caller.verified_by.startswith(OF_TOKEN):
            record = table.api_tokens.get(subject.token)
            return record is not None and mark_of(record) == caller.verified_by
        if caller.api_token and caller.api_token not in table.api_tokens:
            return False
        return principal.not_before <= subject.principal.not_before and self.trusts(table, caller)

    def trusts(self, table: Table, caller: Caller) -> bool:
        """Whether the key that a caller's credentials were verified by is still one of a
        table's."""
        if not caller.verified_by:
            return True
        return caller.verified_by in self._keyrings.of(table.signing_keys).marks.values()

    def holds(self, caller: Caller) -> bool:
        """Whether the credentials of a caller have not expired; the table is not asked."""
        return self._now() < caller.expires

    def _find(self, authorization: bytes, table: Table) -> Found:
        name, _, value = authorization.partition(b" ")
        scheme = self._schemes.get(name.lower())
        if scheme is None:
            known = " or ".join(each.decode().capitalize() for each in self._schemes)
            raise Unauthenticated(f"Authorization must be {known}")
        found = scheme.find(value.strip(), table)
        return msgspec.structs.replace(found, caller=self._dated(found.caller))

    def _dated(self, caller: Caller) -> Caller:
        """With the roles that count now, until the next of them expires."""
        now, principal = self._now(), caller.principal
        grants = b"[]" if principal is None else principal.grants
        expires = min(caller.expires, next_expiry(grants, now))
        subject = msgspec.structs.replace(caller.subject, at=now)
        return msgspec.structs.replace(caller, subject=subject, expires=expires)
