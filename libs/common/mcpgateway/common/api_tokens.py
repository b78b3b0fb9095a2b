"""API tokens: `mcpgw_<id>_<secret>`, found by their id, known by the SHA-256 of their secret part.

Pure: randomness comes in. Whether a token still counts is not decided here. SHA-256 is enough, for
the secret is 256 random bits: nobody guesses it, so nothing has to make guessing slow.
"""

import base64
import hashlib
import hmac
import re
from typing import NamedTuple

from mcpgateway.common import ids

PREFIX = "mcpgw_"
ENTROPY = 48  # bytes that one token is made of
_ID_ENTROPY = 16
_FORM = re.compile(r"mcpgw_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")


class MadeToken(NamedTuple):
    """`text` is shown to its owner once; `sha256` is what is kept."""

    id: str
    text: str
    sha256: str


class Presented(NamedTuple):
    """What a caller shows."""

    id: str
    secret: str

    def proves(self, sha256: str) -> bool:
        """Whether the secret is the one that this was kept of; in constant time."""
        return hmac.compare_digest(digest(self.secret).encode(), sha256.encode())


def make(entropy: bytes) -> MadeToken:
    """A token of exactly 48 fresh random bytes."""
    if len(entropy) != ENTROPY:
        raise ValueError(f"an API token needs {ENTROPY} bytes, got {len(entropy)}")
    id = ids.make_id(entropy[:_ID_ENTROPY])
    secret = base64.urlsafe_b64encode(entropy[_ID_ENTROPY:]).rstrip(b"=").decode()
    return MadeToken(id, f"{PREFIX}{id}_{secret}", digest(secret))


def is_meant(text: str) -> bool:
    """Whether it wants to be one of these, well-formed or not. No JWT begins like this: its
    first letters are base64url of a brace."""
    return text.startswith(PREFIX)


def parse(text: str) -> Presented | None:
    """None for what is no API token."""
    found = _FORM.fullmatch(text)
    return None if found is None else Presented(found[1], found[2])


def digest(secret: str) -> str:
    """What is kept of a secret part: its SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()
