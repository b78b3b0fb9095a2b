"""Every key of the suite, derived from AUTH_ENCRYPTION_SECRET by HKDF-SHA256 (RFC 5869).

More than one secret may be in use: while AUTH_ENCRYPTION_SECRET changes, the others are accepted
(`Secrets`). The first always seals and signs; what any of them made is opened and believed.

The secret itself never leaves the control plane. A data plane gets two derived keys (what the
table's credentials are sealed with, and what session ids and the like are sealed with) and the
public half of the routing key; it can neither open the registry nor sign a table.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mcpgateway.common import seal

Secrets = tuple[str, ...]  # the one in use, then others that are accepted
MOST = 8  # secrets at once
ACCEPTED = "AUTH_ENCRYPTION_SECRET_ACCEPTED"


def accepted(text: str) -> Secrets:
    """Reads the setting ACCEPTED: by commas. Raises ValueError that shows no secret."""
    found = tuple(word.strip() for word in text.split(",") if word.strip())
    if len(found) >= MOST:
        raise ValueError(f"may hold {MOST - 1} secrets, has {len(found)}")
    return found


def all_of(secret: str, others: Iterable[str]) -> Secrets:
    """Each once."""
    return tuple(dict.fromkeys((secret, *others)))


def derive(secret: str, purpose: str, *names: str) -> bytes:
    """32 bytes, different for each purpose and names."""
    info = seal.context("mcpgateway/v1", purpose, *names)
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode())


def store_sealer(secrets: Secrets) -> seal.Sealer:
    """For credentials at rest; control plane only."""
    return seal.Sealer(tuple(derive(secret, "store") for secret in secrets))


def routing_signer(secret: str, cluster: str, group: str) -> Ed25519PrivateKey:
    """Signs deltas and snapshots; control plane only."""
    return Ed25519PrivateKey.from_private_bytes(derive(secret, "routing", cluster, group))


def routing_public_keys(secrets: Secrets, cluster: str, group: str) -> tuple[Ed25519PublicKey, ...]:
    """Of all that may have signed."""
    return tuple(routing_signer(secret, cluster, group).public_key() for secret in secrets)


def token_signer(secret: str, cluster: str) -> Ed25519PrivateKey:
    """Signs the tokens that the control plane issues at login."""
    return Ed25519PrivateKey.from_private_bytes(derive(secret, "token", cluster))


def public_bytes(key: Ed25519PrivateKey | Ed25519PublicKey) -> bytes:
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_keys_text(keys: Iterable[Ed25519PublicKey]) -> str:
    """As the setting MCPGATEWAY_ROUTING_PUBLIC_KEY has them."""
    return ",".join(seal.to_text(public_bytes(key)) for key in keys)


def edge_secrets(secrets: Secrets, cluster: str, group: str) -> tuple[str, ...]:
    """By which control plane and admin know that a forwarded request comes from a data plane: the
    first is shown, any is believed."""
    return tuple(derive(secret, "edge", cluster, group).hex() for secret in secrets)


def tunnel_secrets(edge: Iterable[str]) -> tuple[str, ...]:
    """Of the edge's secrets, by which a runner knows that a data plane hands it a tunnel: whoever
    has these can not speak for the edge elsewhere."""
    return tuple(derive(secret, "tunnel").hex() for secret in edge)


def runner_ring(secrets: Secrets, cluster: str, group: str) -> seal.Sealer:
    """For tickets to the group's runners (`common/tickets.py`): the control plane makes them,
    runners open them, data planes do neither."""
    return seal.Sealer(tuple(derive(secret, "runner", cluster, group) for secret in secrets))


def ring_text(ring: seal.Sealer) -> str:
    """As the setting MCPGATEWAY_RUNNER_KEY has it."""
    return seal.to_text(b"".join(ring.keys))


def parse_ring(text: str) -> seal.Sealer:
    """Raises ValueError that says what is wrong."""
    try:
        raw = seal.from_text(text.strip())
    except seal.SealError as error:
        raise ValueError(f"must be keys: {error}") from error
    if not raw or len(raw) % 32 or len(raw) > 32 * MOST:
        raise ValueError(f"must be 32 bytes for each of 1 to {MOST} secrets, got {len(raw)}")
    return seal.Sealer(tuple(raw[at : at + 32] for at in range(0, len(raw), 32)))


@dataclass(frozen=True, slots=True)
class DataPlaneKeys:
    """The derived keys of a data plane, two of each secret, written as one setting
    (MCPGATEWAY_DATA_PLANE_KEY)."""

    wire: seal.Sealer
    sessions: seal.Sealer

    @staticmethod
    def derive(secrets: Secrets, cluster: str, group: str) -> "DataPlaneKeys":
        return DataPlaneKeys(
            seal.Sealer(tuple(derive(secret, "wire", cluster, group) for secret in secrets)),
            seal.Sealer(tuple(derive(secret, "seal", cluster, group) for secret in secrets)),
        )

    @staticmethod
    def parse(text: str) -> "DataPlaneKeys":
        """Raises ValueError that says what is wrong."""
        try:
            raw = seal.from_text(text)
        except seal.SealError as error:
            raise ValueError(f"data-plane key: {error}") from error
        if not raw or len(raw) % 64 or len(raw) > 64 * MOST:
            raise ValueError(
                f"data-plane key: 64 bytes for each of 1 to {MOST} secrets are needed, "
                f"got {len(raw)}"
            )
        halves = [raw[at : at + 32] for at in range(0, len(raw), 32)]
        return DataPlaneKeys(seal.Sealer(tuple(halves[::2])), seal.Sealer(tuple(halves[1::2])))

    def between(self, sender: str, receiver: str) -> seal.Sealer:
        """For what one replica sends another."""
        keys = (derive(key.hex(), "replicas", sender, receiver) for key in self.sessions.keys)
        return seal.Sealer(tuple(keys))

    def text(self) -> str:
        pairs = zip(self.wire.keys, self.sessions.keys, strict=True)
        return seal.to_text(b"".join(wire + sessions for wire, sessions in pairs))
