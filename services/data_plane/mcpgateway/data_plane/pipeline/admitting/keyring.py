"""The keys of a table that verify callers' credentials, opened."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, OctKey

from mcpgateway.common import seal, tokens
from mcpgateway.common.jws import ALGORITHMS
from mcpgateway.common.routing import sealing
from mcpgateway.common.routing.model import SigningKey

log = logging.getLogger(__name__)

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


class BasicPair(NamedTuple):
    """`user:password` as sent, and the key that it is of."""

    pair: bytes
    key: SigningKey


@dataclass(frozen=True, slots=True)
class Keyring:
    """The opened keys of one `signing_keys` mapping. `marks`, by id: another one for another key,
    under whichever id, and the same however it is sealed."""

    source: Keys
    trusted: tuple[tokens.Trusted, ...] = ()
    basic: tuple[BasicPair, ...] = ()
    marks: Mapping[str, bytes] = field(default_factory=dict)


class Keyrings:
    """Opens each mapping once; the last one is kept."""

    def __init__(self, unsealer: Unsealer) -> None:
        self._unsealer = unsealer
        self._last = Keyring({})

    def of(self, source: Keys) -> Keyring:
        if self._last.source is not source:
            self._last = _open_all(source, self._unsealer)
        return self._last


def _open_all(source: Keys, unsealer: Unsealer) -> Keyring:
    """A key that can not be used is left out and named in the log; the others count."""
    trusted: list[tokens.Trusted] = []
    basic: list[BasicPair] = []
    marks: dict[str, bytes] = {}
    for key in source.values():
        try:
            material = _material(key, unsealer)
            if key.algorithm == "Basic":
                basic.append(BasicPair(material, key))
            else:
                trusted.append(_trusted(key, material))
            marks[key.id] = _mark(key, material)
        except (seal.SealError, JoseError, ValueError) as error:
            log.error("signing key %s is left out: %s", key.id, error)  # noqa: TRY400 - no trace of secrets
    return Keyring(source, tuple(trusted), tuple(basic), marks)


def _material(key: SigningKey, unsealer: Unsealer) -> bytes:
    return unsealer.open("signing_key", key.id, key.material) if key.sealed else key.material


def _trusted(key: SigningKey, material: bytes) -> tokens.Trusted:
    if key.algorithm not in ALGORITHMS:
        raise ValueError(f"its algorithm must be one of {', '.join(ALGORITHMS)}")
    rules = tokens.TokenRules(
        issuer=key.issuer,
        audience=key.audience,
        require_jti=key.require_jti,
        require_exp=key.require_exp,
        environment=key.environment,
        subject_claims=key.subject_claims,
        resources=True,
    )
    symmetric = key.algorithm.startswith("HS")
    jwk = (
        OctKey.import_key(material)
        if symmetric
        else JWKRegistry.import_key(msgspec.json.decode(material))
    )
    return tokens.Trusted(tokens.VerifyKey(key.id, key.algorithm, jwk, key.kid), rules)


def _mark(key: SigningKey, material: bytes) -> bytes:
    return hashlib.sha256(b"\0".join((key.id.encode(), key.algorithm.encode(), material))).digest()
