"""What the Authorization header may say: one strategy for each scheme. Each looks in the pinned
table alone, and says which of its records the answer holds for.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from math import inf
from typing import Protocol

import msgspec

from mcpgateway.common import api_tokens, tokens
from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.policy.access.narrowing import made_from, scope_of
from mcpgateway.common.policy.access.scope import Scope
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import ApiToken, Principal, SigningKey
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.pipeline.admitting.keyring import Keyrings
from mcpgateway.data_plane.pipeline.call import Caller

OF_TOKEN = b"token:"  # how the mark of an API token begins; those of keys are 32 bytes
_scopes = msgspec.json.Decoder(Scope)


class Found(msgspec.Struct, frozen=True):
    """A caller, and the records that it was found by. It is the same while they are."""

    caller: Caller
    principal: Principal
    key: SigningKey | None = None
    token: ApiToken | None = None

    def holds(self, table: Table) -> bool:
        """Looked up in the new table: what else changes there makes no difference."""
        if table.principals.get(self.principal.id) is not self.principal:
            return False
        if self.key is not None and table.signing_keys.get(self.key.id) is not self.key:
            return False
        if self.token is not None and table.api_tokens.get(self.token.id) is not self.token:
            return False
        return self.caller.subject.token not in table.revocations


class Scheme(Protocol):
    """One scheme of the Authorization header. More can be given to the `Authenticator`."""

    def find(self, value: bytes, table: Table) -> Found:
        """Who shows this behind the scheme's name. Raises Unauthenticated. Must not block: it runs
        on the event loop."""


class BearerScheme:
    """API tokens, and JWTs of whoever the table trusts. `now` is Unix seconds. `unknown` is told of
    a token whose key may be a new one of an identity provider: it must not block."""

    def __init__(
        self,
        keyrings: Keyrings,
        now: Callable[[], float],
        unknown: Callable[[], None] | None = None,
    ) -> None:
        self._keyrings = keyrings
        self._now = now
        self._unknown = unknown

    def find(self, value: bytes, table: Table) -> Found:
        text = value.decode("latin-1")
        if not text:
            raise Unauthenticated("Authorization: Bearer must be followed by a token")
        if api_tokens.is_meant(text):
            return self._by_api_token(text, table)
        return self._by_jwt(text, table)

    def _by_api_token(self, text: str, table: Table) -> Found:
        presented = api_tokens.parse(text)
        record = None if presented is None else table.api_tokens.get(presented.id)
        # One answer for all: which ids there are is nobody's business.
        if presented is None or record is None or not presented.proves(record.sha256):
            raise Unauthenticated("API token is not known here, or was revoked")
        if record.expires and record.expires <= self._now():
            raise Unauthenticated("API token has expired")
        principal = active(table, record.principal)
        subject = Subject(principal, _scopes.decode(record.scope), token=record.id)
        caller = Caller(
            subject, f"{principal.id}\napi_token", record.expires or inf, mark_of(record)
        )
        return Found(caller, principal, token=record)

    def _by_jwt(self, text: str, table: Table) -> Found:
        keyring = self._keyrings.of(table.signing_keys)
        try:
            claims, by = tokens.verify_any(text, keyring.trusted, self._now())
        except tokens.UnknownSigner:
            # Keys that have an id of their issuer's are those of key sets, which change.
            if self._unknown and any(each.key.published for each in keyring.trusted):
                self._unknown()
            raise
        if claims.jti is not None and claims.jti in table.revocations:
            raise Unauthenticated("token was revoked")
        principal = active(table, claims.subject)
        if claims.issued < principal.not_before:
            raise Unauthenticated("token was revoked: it is older than its subject allows")
        subject = Subject(
            principal, scope_of(claims.raw), claims.lasting, claims.jti or "", claims.chain
        )
        key = table.signing_keys[by.key.kid]
        expires = inf if claims.expires is None else claims.expires
        name = f"{principal.id}\n{claims.issuer}"
        made = _made_from(claims, principal, table)
        caller = Caller(
            subject, name, expires, keyring.marks[key.id], claims.resources, made.id if made else ""
        )
        return Found(caller, principal, key, made)


class BasicScheme:
    """`user:password`, where the table has such a pair."""

    def __init__(self, keyrings: Keyrings) -> None:
        self._keyrings = keyrings

    def find(self, value: bytes, table: Table) -> Found:
        try:
            pair = base64.b64decode(value, validate=True)
        except binascii.Error as error:
            raise Unauthenticated("Basic credentials are not base64") from error
        keyring = self._keyrings.of(table.signing_keys)
        for candidate in keyring.basic:
            if hmac.compare_digest(candidate.pair, pair):
                key = candidate.key
                principal = active(table, key.subject)
                name = f"{principal.id}\nbasic"
                caller = Caller(Subject(principal), name, inf, keyring.marks[key.id])
                return Found(caller, principal, key)
        raise Unauthenticated("Basic credentials are wrong, or not accepted here")


def active(table: Table, subject: str) -> Principal:
    """Raises Unauthenticated. Identity providers write emails as their users typed them."""
    principal: Principal | None = table.principals.get(subject)
    if principal is None:
        principal = table.principals.get(subject.lower())
    if principal is None or not principal.active:
        raise Unauthenticated("token names no active user of this gateway")
    return principal


def _made_from(claims: tokens.Claims, principal: Principal, table: Table) -> ApiToken | None:
    """Raises Unauthenticated when the API token that it was made from ended."""
    id = made_from(claims.raw)
    if not id:
        return None
    record: ApiToken | None = table.api_tokens.get(id)
    if record is None or record.principal != principal.id:
        raise Unauthenticated("token was revoked: the API token that it was made from ended")
    return record


def mark_of(record: ApiToken) -> bytes:
    """Another one when the token is another, or leaves something else."""
    said = b"\0".join((record.sha256.encode(), record.scope, b"%r" % record.expires))
    return OF_TOKEN + hashlib.sha256(said).digest()
