"""What our forms carry: what they are about, sealed.

A ticket is good for one purpose, for minutes, and in one browser: it is bound to a secret that this
browser alone has in a cookie. So a form that was not shown to this browser by us does nothing here,
whoever made the browser send it.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from mcpgateway.common import seal
from mcpgateway.common.seal import Sealer

LIFE = timedelta(minutes=10)  # to fill in a form
MAX_TICKET = 24 * 1024  # characters

Purpose = Literal["login", "consent", "device"]


class _Ticket(msgspec.Struct, frozen=True):
    browser: str
    expires: float
    about: dict[str, str]


class Tickets:
    """Seals and opens them. Keeps nothing. `secret`: what the browser has in its cookie."""

    def __init__(self, sealer: Sealer, entropy: Callable[[int], bytes]) -> None:
        self._sealer = sealer
        self._entropy = entropy

    def make(self, purpose: Purpose, secret: str, about: dict[str, str], now: datetime) -> str:
        ticket = _Ticket(_bound(secret), (now + LIFE).timestamp(), about)
        nonce = self._entropy(seal.NONCE_SIZE)
        sealed = self._sealer.seal(msgspec.json.encode(ticket), _context(purpose), nonce)
        return seal.to_text(sealed)

    def read(
        self, purpose: Purpose, secret: str, text: str, now: datetime
    ) -> dict[str, str] | None:
        """What it is about; None when it is not of this browser, or not of now."""
        if len(text) > MAX_TICKET or not secret:
            return None
        try:
            plain = self._sealer.open(seal.from_text(text), _context(purpose))
            ticket = msgspec.json.decode(plain, type=_Ticket)
        except (seal.SealError, msgspec.DecodeError):
            return None
        if ticket.expires <= now.timestamp():
            return None
        return ticket.about if hmac.compare_digest(ticket.browser, _bound(secret)) else None


def _bound(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _context(purpose: Purpose) -> bytes:
    return seal.context("oauth-server", purpose)
