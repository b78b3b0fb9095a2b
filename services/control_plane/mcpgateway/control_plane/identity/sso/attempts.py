"""A login under way: what is kept of it between the way out and the way back. Pure but for what is
passed in.

It is kept nowhere but in the browser that began, in a cookie of its own: sealed, for this provider
and this `state` only. So an answer that another browser got, one for another provider (mix-up) and
one that nobody asked for open nothing, and beginning logins fills no table.
"""

import hashlib
from typing import NamedTuple

import msgspec

from mcpgateway.common import seal
from mcpgateway.common.errors import Unauthenticated

SECONDS = 600  # that a login may take at the provider
COOKIE = "mcpgateway_sso_"  # and the beginning of the state's hash
MAX_STATE = 128
MAX_PATH = 2400  # characters: with the rest, what browsers keep in one cookie (4 KiB)


class Attempt(msgspec.Struct, frozen=True):
    """`callback`: the redirect_uri, to be said again exactly. `after`: a path of ours. `expires` in
    Unix seconds."""

    nonce: str
    verifier: str
    callback: str
    after: str
    expires: float


class Fresh(NamedTuple):
    """Secrets of one attempt."""

    state: str
    nonce: str
    verifier: str


def fresh(entropy: bytes) -> Fresh:
    """`entropy`: 96 random bytes. The verifier has 43 characters (RFC 7636 4.1)."""
    parts = (entropy[at : at + 32] for at in (0, 32, 64))
    return Fresh(*(seal.to_text(part) for part in parts))


def cookie_of(state: str) -> str:
    """Each attempt has its own, so that two pages may log in at once."""
    return COOKIE + hashlib.sha256(state.encode()).hexdigest()[:16]


def write(sealer: seal.Sealer, provider: str, state: str, attempt: Attempt, entropy: bytes) -> str:
    """A cookie value. `entropy`: `seal.NONCE_SIZE` fresh bytes."""
    plain = msgspec.json.encode(attempt)
    return seal.to_text(sealer.seal(plain, _context(provider, state), entropy))


def read(sealer: seal.Sealer, provider: str, state: str, cookie: str, now: float) -> Attempt:
    """Raises Unauthenticated."""
    try:
        plain = sealer.open(seal.from_text(cookie), _context(provider, state))
    except seal.SealError:
        raise Unauthenticated(
            "this answer belongs to no login that began in this browser: begin again"
        ) from None
    attempt = msgspec.json.decode(plain, type=Attempt)
    if attempt.expires <= now:
        raise Unauthenticated(f"the login took more than {SECONDS} s: begin again")
    return attempt


def own_path(path: str) -> str:
    """Where to go after a login: a path of this site, else the admin pages. What a browser could
    take for another site (`//host`, a backslash, control characters) is none."""
    safe = path.startswith("/") and not path.startswith("//") and len(path) <= MAX_PATH
    clean = all(32 < ord(each) < 127 and each != "\\" for each in path)
    return path if safe and clean else "/admin"


def _context(provider: str, state: str) -> bytes:
    return seal.context("sso", provider, state)
