"""The one sealing primitive: AES-256-GCM with a key id and bound context.

Layout: `kid(1) | nonce(12) | ciphertext+tag`. The context (purpose and whatever else must match:
group, principal, expiry) is authenticated, not stored: opening needs the same context. The nonce
comes in as a parameter, so this room draws no randomness and reads no clock.
"""

import base64
import binascii
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_SIZE = 12
_OVERHEAD = 1 + NONCE_SIZE + 16


class SealError(Exception):
    """Not sealed by us, not for this context, damaged, or under a key that is gone."""


def key_id(key: bytes) -> int:
    """0-255, the same wherever the key is used. It tells which key sealed something and nothing
    about the key; two keys may share an id."""
    return blake2b(digest_size=1, key=key, person=b"key id").digest()[0]


@dataclass(frozen=True)
class Sealer:
    """Seals under the first key of a ring and opens under any of it: so what the ring can open
    does not depend on which key is first. `keys` are of 32 bytes each."""

    keys: tuple[bytes, ...] = field(repr=False)
    _prefix: bytes = field(init=False, repr=False, compare=False)
    _ciphers: Mapping[int, tuple[AESGCM, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.keys or any(len(key) != 32 for key in self.keys):
            raise ValueError("a ring has at least one key, and keys are 32 bytes")
        ciphers: dict[int, tuple[AESGCM, ...]] = {}
        for key in self.keys:
            id = key_id(key)
            ciphers[id] = (*ciphers.get(id, ()), AESGCM(key))
        object.__setattr__(self, "_prefix", bytes((key_id(self.keys[0]),)))
        object.__setattr__(self, "_ciphers", ciphers)

    def seal(self, plain: bytes, context: bytes, nonce: bytes) -> bytes:
        """`nonce` must be 12 fresh random bytes: never twice under one key."""
        sealed = self._ciphers[self._prefix[0]][0].encrypt(nonce, plain, context)
        return self._prefix + nonce + sealed

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises SealError."""
        if len(sealed) < _OVERHEAD:
            raise SealError("sealed value is too short")
        ciphers = self._ciphers.get(sealed[0])
        if ciphers is None:
            raise SealError(f"sealed under unknown key {sealed[0]}")
        nonce, body = sealed[1 : 1 + NONCE_SIZE], sealed[1 + NONCE_SIZE :]
        for cipher in ciphers:
            with suppress(InvalidTag):
                return cipher.decrypt(nonce, body, context)
        raise SealError("sealed value is damaged or meant for another context")

    @property
    def newest(self) -> "Sealer":
        """With the key that seals alone."""
        return Sealer(self.keys[:1])


def context(*parts: str) -> bytes:
    """Unambiguous context bytes: ("a", "bc") and ("ab", "c") differ."""
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))


def to_text(sealed: bytes) -> str:
    """URL- and header-safe text (base64url without padding)."""
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """Only the one spelling that `to_text` makes. Raises SealError."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error) as error:
        raise SealError("not base64url") from error
    if to_text(raw) != text:
        raise SealError("not base64url")
    return raw
