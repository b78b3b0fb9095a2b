"""What ContextForge writes, for tests of taking it over."""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def sealed_as_contextforge(secret: str, headers: dict[str, str]) -> str:
    """As its `services_auth` does."""
    nonce = b"123456789012"
    key = hashlib.sha256(secret.encode()).digest()
    raw = nonce + AESGCM(key).encrypt(nonce, json.dumps(headers).encode(), None)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
