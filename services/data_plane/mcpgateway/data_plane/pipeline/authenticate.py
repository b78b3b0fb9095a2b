"""Who calls: bearer tokens and basic credentials, verified by the keys of the pinned table.

A verified token is remembered until it expires. What is remembered holds only while the table's
signing keys and the token's principal are the very same objects, so a rotated key, a deactivated
user or a raised `not_before` counts from the first call under the new table.
"""

import base64
import binascii
import hashlib
import hmac
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, OctKey

from mcpgateway.common import seal, tokens
from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing import sealing
from mcpgateway.common.routing.model import Principal, SigningKey
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.pipeline.call import ANONYMOUS, Caller

log = logging.getLogger(__name__)

CACHE_SIZE = 10_000  # verified tokens; the least recently used goes first

Keys = Mapping[str, SigningKey]


@dataclass(frozen=True, slots=True)
class Unsealer:
    """Opens the table's secrets of one group."""

    wire: seal.Sealer
    cluster: str
    group: str

    def open(self, kind: str, id: str, sealed: bytes) -> bytes:
        """Raises seal.SealError."""
        context = sealing.wire_context(kind, self.cluster, self.group, id)
        return self.wire.open(sealed, context)


@dataclass(frozen=True, slots=True)
class _Bearer:
    """A key and what tokens signed with it must say."""

    key: tokens.VerifyKey
    mark: bytes
    rules: tokens.TokenRules


@dataclass(frozen=True, slots=True)
class _Basic:
    """`user:password` as sent, and whom it stands for."""

    pair: bytes
    mark: bytes
    subject: str


@dataclass(frozen=True, slots=True)
class _Keyring:
    """The opened keys of one `signing_keys` mapping."""

    source: Keys
    bearer: tuple[_Bearer, ...]
    basic: tuple[_Basic, ...]


class _Verified(msgspec.Struct, frozen=True):
    source: Keys
    principal: Principal
    caller: Caller


class Authenticator:
    """Names the caller of a request. `default` is who calls without credentials: nobody, or the
    platform administrator when authentication is switched off. `now` is Unix seconds."""

    def __init__(
        self, unsealer: Unsealer, now: Callable[[], float], default: Caller = ANONYMOUS
    ) -> None:
        self._unsealer = unsealer
        self._now = now
        self._default = default
        self._keyring = _Keyring({}, (), ())
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    def identify(self, authorization: bytes | None, table: Table) -> Caller:
        """The caller that the Authorization header names. Raises Unauthenticated."""
        if authorization is None:
            return self._default
        scheme, _, value = authorization.partition(b" ")
        match scheme.lower():
            case b"bearer":
                return self._bearer(value.strip(), table)
            case b"basic":
                return self._basic(value.strip(), table)
            case _:
                raise Unauthenticated("Authorization must be Bearer or Basic")

    def trusts(self, table: Table, caller: Caller) -> bool:
        """Whether the key that a caller's credentials were verified by is still one of a
        table's."""
        if not caller.verified_by:
            return True
        keyring = self._keys(table.signing_keys)
        marks = {key.mark for key in keyring.bearer} | {key.mark for key in keyring.basic}
        return caller.verified_by in marks

    def holds(self, caller: Caller) -> bool:
        """Whether the credentials of a caller have not expired; the table is not asked."""
        return self._now() < caller.expires

    def _bearer(self, token: bytes, table: Table) -> Caller:
        digest = hashlib.sha256(token).digest()
        known = self._verified.get(digest)
        if known is not None and self._holds(known, table):
            self._verified.move_to_end(digest)
            return known.caller
        self._verified.pop(digest, None)
        verified = self._verify(token, table)
        self._verified[digest] = verified
        if len(self._verified) > CACHE_SIZE:
            self._verified.popitem(last=False)
        return verified.caller

    def _holds(self, known: _Verified, table: Table) -> bool:
        return (
            known.source is table.signing_keys
            and known.principal is table.principals.get(known.principal.id)
            and self.holds(known.caller)
        )

    def _verify(self, token: bytes, table: Table) -> _Verified:
        keyring = self._keys(table.signing_keys)
        claims, mark = _claims(token.decode("latin-1"), keyring.bearer, self._now())
        principal = _active(table, claims.subject)
        if claims.issued < principal.not_before:
            raise Unauthenticated("token was revoked: it is older than its subject allows")
        expires = inf if claims.expires is None else claims.expires
        caller = Caller(Subject(principal), f"{claims.subject}\n{claims.issuer}", expires, mark)
        return _Verified(table.signing_keys, principal, caller)

    def _basic(self, encoded: bytes, table: Table) -> Caller:
        try:
            pair = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise Unauthenticated("Basic credentials are not base64") from error
        for candidate in self._keys(table.signing_keys).basic:
            if hmac.compare_digest(candidate.pair, pair):
                principal = _active(table, candidate.subject)
                key = f"{candidate.subject}\nbasic"
                return Caller(Subject(principal), key, inf, candidate.mark)
        raise Unauthenticated("Basic credentials are wrong, or not accepted here")

    def _keys(self, source: Keys) -> _Keyring:
        if self._keyring.source is not source:
            self._keyring = _open_all(source, self._unsealer)
        return self._keyring


def _claims(token: str, keys: tuple[_Bearer, ...], now: float) -> tuple[tokens.Claims, bytes]:
    """And the mark of the key that it was signed with."""
    unknown: Unauthenticated | None = None
    for candidate in keys:
        try:
            return tokens.verify(token, (candidate.key,), candidate.rules, now), candidate.mark
        except tokens.UnknownSigner as error:
            unknown = error
    raise unknown or Unauthenticated("no signing key is known here yet, so no token verifies")


def _active(table: Table, subject: str) -> Principal:
    principal: Principal | None = table.principals.get(subject)
    if principal is None or not principal.active:
        raise Unauthenticated("token names no active user of this gateway")
    return principal


def _open_all(source: Keys, unsealer: Unsealer) -> _Keyring:
    """A key that can not be used is left out and named in the log; the others count."""
    bearer: list[_Bearer] = []
    basic: list[_Basic] = []
    for key in source.values():
        try:
            material = _material(key, unsealer)
            if key.algorithm == "Basic":
                basic.append(_Basic(material, _mark(key, material), key.subject))
            else:
                bearer.append(_bearer_key(key, material))
        except (seal.SealError, JoseError, ValueError) as error:
            log.error("signing key %s is left out: %s", key.id, error)  # noqa: TRY400 - no trace of secrets
    return _Keyring(source, tuple(bearer), tuple(basic))


def _material(key: SigningKey, unsealer: Unsealer) -> bytes:
    return unsealer.open("signing_key", key.id, key.material) if key.sealed else key.material


def _bearer_key(key: SigningKey, material: bytes) -> _Bearer:
    rules = tokens.TokenRules(
        issuer=key.issuer,
        audience=key.audience,
        require_jti=key.require_jti,
        require_exp=key.require_exp,
        environment=key.environment,
    )
    symmetric = key.algorithm.startswith("HS")
    jwk = (
        OctKey.import_key(material)
        if symmetric
        else JWKRegistry.import_key(msgspec.json.decode(material))
    )
    return _Bearer(tokens.VerifyKey(key.id, key.algorithm, jwk), _mark(key, material), rules)


def _mark(key: SigningKey, material: bytes) -> bytes:
    """Another one for another key, under whichever id, and the same however it is sealed."""
    return hashlib.sha256(b"\0".join((key.id.encode(), key.algorithm.encode(), material))).digest()
