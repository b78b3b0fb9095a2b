"""NATS identities: nkey texts, the JWTs of operator, accounts and users, and `.creds` files.

A NATS server that trusts the operator made here knows two users, each in an account of its own:
the control plane, which owns the streams and may publish routing, and the data planes, which may
not. Two accounts, because NATS does not judge the reply subject of a request: within one account
the answer to an allowed request could be aimed at a subject that its sender may not publish to.
Randomness and time come in as parameters.
NATS: "nkeys" (base32 of prefix, key, CRC-16) and "JWT v2" signed with Ed25519.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mcpgateway.common.keys import public_bytes
from mcpgateway.common.subjects import (
    Permissions,
    Subjects,
    control_plane_permissions,
    data_plane_permissions,
    shared_buckets,
    shared_reads,
)

SEED_SIZE = 32
ENTROPY_SIZE = 6 * SEED_SIZE  # operator, three accounts, two users

_SEED = 18 << 3  # "S"
_OPERATOR = 14 << 3  # "O"
_ACCOUNT = 0  # "A"
_USER = 20 << 3  # "U"
_UNLIMITED = -1


@dataclass(frozen=True)
class KeyPair:
    """An Ed25519 key in one of NATS's roles. `prefix` is the role's byte."""

    prefix: int
    seed: bytes = field(repr=False)

    @property
    def public(self) -> str:
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        return _text(bytes((self.prefix,)) + public_bytes(key))

    @property
    def seed_text(self) -> str:
        head = bytes((_SEED | self.prefix >> 5, (self.prefix & 31) << 3))
        return _text(head + self.seed)

    def sign(self, message: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


def parse_seed(text: str) -> KeyPair:
    """Raises ValueError that never contains the seed."""
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        raise ValueError("nkey seed is not base32") from None
    if len(raw) != 2 + SEED_SIZE + 2:
        raise ValueError(f"nkey seed has {len(raw)} bytes, must have {2 + SEED_SIZE + 2}")
    body, checksum = raw[:-2], raw[-2:]
    if _crc16(body) != checksum:
        raise ValueError("nkey seed is damaged: its checksum is wrong")
    if body[0] & 0xF8 != _SEED:
        raise ValueError("not an nkey seed: it must begin with S")
    return KeyPair((body[0] & 7) << 5 | body[1] >> 3, body[2:])


def _text(raw: bytes) -> str:
    return base64.b32encode(raw + _crc16(raw)).rstrip(b"=").decode()


def _crc16(raw: bytes) -> bytes:
    """CRC-16/XMODEM, little-endian."""
    return binascii.crc_hqx(raw, 0).to_bytes(2, "little")


@dataclass(frozen=True)
class Credentials:
    """What a user shows to the server: its JWT, and its key to sign the server's nonce."""

    jwt: str
    key: KeyPair

    def text(self) -> str:
        """A `.creds` file."""
        lines = (
            "-----BEGIN NATS USER JWT-----",
            self.jwt,
            "------END NATS USER JWT------",
            "",
            "-----BEGIN USER NKEY SEED-----",
            self.key.seed_text,
            "------END USER NKEY SEED------",
            "",
        )
        return "\n".join(lines)


_SECTION = re.compile(r"-{3,} *BEGIN ([A-Z ]+?) *-{3,}\s+(\S+)\s+-{3,} *END \1 *-{3,}")


def parse_credentials(text: str) -> Credentials:
    """Reads a `.creds` file. Raises ValueError that says which part is missing or wrong."""
    sections = dict(_SECTION.findall(text))
    for name in ("NATS USER JWT", "USER NKEY SEED"):
        if name not in sections:
            raise ValueError(f"credentials have no section {name!r}")
    key = parse_seed(sections["USER NKEY SEED"])
    if key.prefix != _USER:
        raise ValueError("credentials hold the seed of something else than a user")
    return Credentials(sections["NATS USER JWT"], key)


@dataclass(frozen=True)
class NatsAuth:
    """`config` is lines for a nats-server configuration file; the others are `.creds` files.
    Losing them costs nothing: a new set, given to server and services, replaces them."""

    config: str
    control_plane: str = field(repr=False)
    data_plane: str = field(repr=False)


def make_auth(subjects: Subjects, entropy: bytes, issued_at: int) -> NatsAuth:
    """Makes an operator, its accounts and the two users from at least 192 random bytes.

    `issued_at` is in Unix seconds; nothing expires. The operator's and the accounts' seeds are
    not kept: nobody can add a user to this set.
    """
    if len(entropy) < ENTROPY_SIZE:
        raise ValueError(f"{ENTROPY_SIZE} random bytes are needed, got {len(entropy)}")
    seeds = [entropy[at : at + SEED_SIZE] for at in range(0, ENTROPY_SIZE, SEED_SIZE)]
    operator, system, owner, guest, control_plane, data_plane = (
        KeyPair(prefix, seed)
        for prefix, seed in zip(
            (_OPERATOR, _ACCOUNT, _ACCOUNT, _ACCOUNT, _USER, _USER), seeds, strict=True
        )
    )
    mint = _Mint(issued_at)
    operator_claims = {"type": "operator", "system_account": system.public}
    told = (subjects.receipts, subjects.hints, subjects.usages, subjects.token_wanted)
    heard = (subjects.delta, subjects.token_changes)
    accounts = {
        system: ("SYS", _account_claims()),
        owner: (
            "CONTROL_PLANE",
            {
                **_account_claims(jetstream=True),
                "exports": [*_streams(heard), *_services(subjects)],
                "imports": _of(guest, _streams(told)),
            },
        ),
        guest: (
            "DATA_PLANE",
            {
                **_account_claims(),
                "exports": _streams(told),
                "imports": _of(
                    owner, [*_streams(heard), *_services(subjects)], subjects.renamed_services
                ),
            },
        ),
    }
    preload = ", ".join(
        f"{key.public}: {mint.jwt(operator, key, name, claims)}"
        for key, (name, claims) in accounts.items()
    )
    config = (
        f"operator: {mint.jwt(operator, operator, 'mcpgateway', operator_claims)}\n"
        "resolver: MEMORY\n"
        f"resolver_preload: {{ {preload} }}\n"
        f"system_account: {system.public}\n"
    )

    def user(account: KeyPair, key: KeyPair, name: str, permissions: Permissions) -> str:
        return Credentials(mint.jwt(account, key, name, _user_claims(permissions)), key).text()

    return NatsAuth(
        config,
        user(owner, control_plane, "control-plane", control_plane_permissions(subjects)),
        user(guest, data_plane, "data-plane", data_plane_permissions(subjects)),
    )


def _streams(subjects: Iterable[str]) -> list[dict[str, Any]]:
    return [{"name": subject, "subject": subject, "type": "stream"} for subject in subjects]


def _services(subjects: Subjects) -> list[dict[str, Any]]:
    """A direct read of routing may be answered by many messages: a batch."""
    kinds = {
        **dict.fromkeys(shared_reads(subjects), "Stream"),
        **dict.fromkeys(shared_buckets(subjects), "Singleton"),
    }
    return [
        {"name": subject, "subject": subject, "type": "service", "response_type": kind}
        for subject, kind in kinds.items()
    ]


def _of(
    account: KeyPair, exports: list[dict[str, Any]], local: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """The imports that match another account's exports; `local` names some differently."""
    names = local or {}
    return [
        {
            "name": each["name"],
            "subject": each["subject"],
            "type": each["type"],
            "account": account.public,
            **({"local_subject": names[each["subject"]]} if each["subject"] in names else {}),
        }
        for each in exports
    ]


@dataclass(frozen=True)
class _Mint:
    issued_at: int

    def jwt(self, signer: KeyPair, subject: KeyPair, name: str, claims: dict[str, Any]) -> str:
        body = {
            "iat": self.issued_at,
            "iss": signer.public,
            "name": name,
            "sub": subject.public,
            "nats": {**claims, "version": 2},
        }
        digest = hashlib.sha256(_compact(body)).digest()
        body["jti"] = base64.b32encode(digest).rstrip(b"=").decode()
        head = _base64url(_compact({"typ": "JWT", "alg": "ed25519-nkey"}))
        unsigned = f"{head}.{_base64url(_compact(body))}"
        return f"{unsigned}.{_base64url(signer.sign(unsigned.encode()))}"


def _account_claims(*, jetstream: bool = False) -> dict[str, Any]:
    limits = dict.fromkeys(
        ("subs", "data", "payload", "imports", "exports", "conn", "leaf"), _UNLIMITED
    )
    if jetstream:
        limits |= dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), _UNLIMITED)
    return {
        "type": "account",
        "limits": {**limits, "wildcards": True},
        "default_permissions": {"pub": {}, "sub": {}},
    }


def _user_claims(permissions: Permissions) -> dict[str, Any]:
    return {
        "type": "user",
        "pub": {"allow": list(permissions.publish)},
        "sub": {"allow": list(permissions.subscribe)},
        **dict.fromkeys(("subs", "data", "payload"), _UNLIMITED),
    }


def _compact(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
