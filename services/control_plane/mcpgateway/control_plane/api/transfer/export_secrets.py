"""Credentials in export files: sealed under a passphrase, by us or by ContextForge. Pure.

Ours: AES-256-GCM with a key that Argon2id makes of the passphrase and the file's salt, bound to the
kind and name of the thing. ContextForge's, which is only opened: AES-256-GCM with the SHA-256 of
its AUTH_ENCRYPTION_SECRET as key, nonce first, base64url.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mcpgateway.common import seal
from mcpgateway.common.routing.query_credentials import told_apart

METHOD = "Argon2id+AES-256-GCM"
MASKED = "none: secrets are masked"
SALT = 16  # bytes
MIN_SECRET = 12  # characters
_COST = {"time_cost": 3, "memory_cost": 64 * 1024, "parallelism": 1}  # KiB
_NONCE = 12  # bytes
Headers = tuple[tuple[str, str], ...]


class Credentials(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a file keeps of one thing: header lines, the key of a client certificate, and by name
    the secrets of an OAuth client and the environment of a local command."""

    headers: Headers = ()
    key: str = ""
    oauth: dict[str, str] = {}
    env: dict[str, str] = {}


def derived(passphrase: str, salt: bytes) -> seal.Sealer:
    """Takes about a tenth of a second and 64 MiB, on purpose."""
    key = hash_secret_raw(passphrase.encode(), salt, hash_len=32, type=Type.ID, version=19, **_COST)
    return seal.Sealer((key,))


def sealed(sealer: seal.Sealer, kind: str, name: str, found: Credentials, nonce: bytes) -> str:
    context = seal.context("mcpgateway export", kind, name)
    return seal.to_text(sealer.seal(msgspec.json.encode(found), context, nonce))


def opened(sealer: seal.Sealer, kind: str, name: str, text: str) -> Credentials:
    """Raises ValueError."""
    context = seal.context("mcpgateway export", kind, name)
    try:
        return msgspec.json.decode(sealer.open(seal.from_text(text), context), type=Credentials)
    except (seal.SealError, msgspec.DecodeError):
        raise ValueError("does not open with this rekey_secret") from None


def opened_contextforge(secret: str, text: str) -> Credentials:
    """Raises ValueError."""
    key = hashlib.sha256(secret.encode()).digest()
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        plain = AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], None)
        found = msgspec.json.decode(plain, type=dict[str, str])
    except (ValueError, binascii.Error, InvalidTag, msgspec.DecodeError):
        raise ValueError(
            "does not open with this rekey_secret: it must be the AUTH_ENCRYPTION_SECRET of the "
            "ContextForge that exported it"
        ) from None
    return Credentials(tuple(found.items()))


def as_fields(kind: str, headers: Headers) -> Mapping[str, Any]:
    """Header lines as a body says them; of `query_param`, the parameter."""
    if kind == "query_param":
        name, value = (told_apart(headers).query or headers)[0]
        return {"authType": kind, "authQueryParamKey": name, "authQueryParamValue": value}
    only = dict(headers).get("Authorization", "") if len(headers) == 1 else ""
    scheme, _, value = only.partition(" ")
    if kind == "bearer" and scheme.lower() == "bearer":
        return {"authType": "bearer", "authToken": value}
    if kind == "basic" and scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(value).decode().partition(":")
        except (ValueError, binascii.Error):
            user = password = ""
        if user:
            return {"authType": "basic", "authUsername": user, "authPassword": password}
    lines = [{"key": name, "value": value} for name, value in headers]
    return {"authType": "authheaders", "authHeaders": lines}
