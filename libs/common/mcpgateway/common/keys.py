"""Every key of the suite, derived from AUTH_ENCRYPTION_SECRET by HKDF-SHA256 (RFC 5869).

The secret itself never leaves the control plane. A data plane gets two derived keys (what the
table's credentials are sealed with, and what session ids and the like are sealed with) and the
public half of the routing key; it can neither open the registry nor sign a table.
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mcpgateway.common import seal

_KEY_ID = 1


def derive(secret: str, purpose: str, *names: str) -> bytes:
    """32 bytes, different for each purpose and names."""
    info = seal.context("mcpgateway/v1", purpose, *names)
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode())


def store_sealer(secret: str) -> seal.Sealer:
    """For credentials at rest; control plane only."""
    return seal.Sealer({_KEY_ID: derive(secret, "store")}, _KEY_ID)


def routing_signer(secret: str, cluster: str, group: str) -> Ed25519PrivateKey:
    """Signs deltas and snapshots; control plane only."""
    return Ed25519PrivateKey.from_private_bytes(derive(secret, "routing", cluster, group))


def token_signer(secret: str, cluster: str) -> Ed25519PrivateKey:
    """Signs the tokens that the control plane issues at login."""
    return Ed25519PrivateKey.from_private_bytes(derive(secret, "token", cluster))


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def edge_secret(secret: str, cluster: str, group: str) -> str:
    """By which control plane and admin know that a forwarded request comes from a data plane."""
    return derive(secret, "edge", cluster, group).hex()


@dataclass(frozen=True, slots=True)
class DataPlaneKeys:
    """The two derived keys of a data plane, written as one setting (MCPGATEWAY_DATA_PLANE_KEY)."""

    wire: seal.Sealer
    sessions: seal.Sealer

    @staticmethod
    def derive(secret: str, cluster: str, group: str) -> "DataPlaneKeys":
        return DataPlaneKeys._of(
            derive(secret, "wire", cluster, group), derive(secret, "seal", cluster, group)
        )

    @staticmethod
    def parse(text: str) -> "DataPlaneKeys":
        """Raises ValueError that says what is wrong."""
        try:
            raw = seal.from_text(text)
        except seal.SealError as error:
            raise ValueError(f"data-plane key: {error}") from error
        if len(raw) != 64:
            raise ValueError(f"data-plane key: 64 bytes are needed, got {len(raw)}")
        return DataPlaneKeys._of(raw[:32], raw[32:])

    @staticmethod
    def _of(wire: bytes, sessions: bytes) -> "DataPlaneKeys":
        return DataPlaneKeys(
            seal.Sealer({_KEY_ID: wire}, _KEY_ID), seal.Sealer({_KEY_ID: sessions}, _KEY_ID)
        )

    def between(self, sender: str, receiver: str) -> seal.Sealer:
        """For what one replica sends another."""
        keys = {
            kid: derive(key.hex(), "replicas", sender, receiver)
            for kid, key in self.sessions.keys.items()
        }
        return seal.Sealer(keys, self.sessions.current)

    def text(self) -> str:
        return seal.to_text(self.wire.keys[_KEY_ID] + self.sessions.keys[_KEY_ID])
