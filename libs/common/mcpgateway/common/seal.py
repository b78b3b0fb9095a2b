"""The one sealing primitive: AES-256-GCM with a key id and bound context.

Layout: `kid(1) | nonce(12) | ciphertext+tag`. The context (purpose and whatever else must match:
group, principal, expiry) is authenticated, not stored: opening needs the same context. The nonce
comes in as a parameter, so this room draws no randomness and reads no clock.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_SIZE = 12
_OVERHEAD = 1 + NONCE_SIZE + 16


class SealError(Exception):
    """Not sealed by us, not for this context, damaged, or under a key that is gone."""


@dataclass(frozen=True)
class Sealer:
    """Seals under one key and opens under any of a ring (rotation: old keys still open).

    `keys` maps a key id (0-255) to 32 bytes; `current` is the id to seal with.
    """

    keys: Mapping[int, bytes]
    current: int

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError(f"no key {self.current} in the ring")
        for kid, key in self.keys.items():
            if not 0 <= kid <= 255 or len(key) != 32:
                raise ValueError(f"key {kid}: ids are 0-255 and keys are 32 bytes")

    def seal(self, plain: bytes, context: bytes, nonce: bytes) -> bytes:
        """`nonce` must be 12 fresh random bytes: never twice under one key."""
        sealed = AESGCM(self.keys[self.current]).encrypt(nonce, plain, context)
        return bytes((self.current,)) + nonce + sealed

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises SealError."""
        if len(sealed) < _OVERHEAD:
            raise SealError("sealed value is too short")
        key = self.keys.get(sealed[0])
        if key is None:
            raise SealError(f"sealed under unknown key {sealed[0]}")
        try:
            return AESGCM(key).decrypt(
                sealed[1 : 1 + NONCE_SIZE], sealed[1 + NONCE_SIZE :], context
            )
        except InvalidTag as error:
            raise SealError("sealed value is damaged or meant for another context") from error


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
