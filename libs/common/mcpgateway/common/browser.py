"""The one rule for requests that a cookie speaks for, which the admin pages and the control plane
both keep to. Pure.

A browser sends a cookie whoever made it send the request. So a request that changes something, and
shows who it is by the session's cookie, must come from a page of ours (`own_origin`) and bring what
only such a page can know: a token that is bound to the session (`csrf_token`). It stays the same
while the session is refreshed, so that a page that is left open still works. Requests with an
Authorization header are exempt: no browser adds one by itself.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

SESSION_COOKIE = "mcpgateway_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # methods that change nothing
_MAX_TOKEN = 256  # characters of a token; ours have 64


def claims_said(token: str) -> Mapping[str, Any]:
    """What a JWT says, without a look at its signature; nothing for what is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=dict[str, Any])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return {}


def csrf_token(session: str) -> str:
    """`session` is the cookie's value, a login's token. Its `sid` is a secret between the browser
    and us, and outlives refreshes; a token without one is a secret itself."""
    sid = claims_said(session).get("sid")
    secret = sid if isinstance(sid, str) and sid else session
    return hmac.new(secret.encode(), b"mcpgateway csrf", hashlib.sha256).hexdigest()


def same_csrf(session: str, given: str) -> bool:
    """Compared in constant time."""
    right = csrf_token(session).encode()
    return hmac.compare_digest(right, given[:_MAX_TOKEN].encode("utf-8", "replace"))


def own_origin(headers: Mapping[str, str], host: str, others: Collection[str] = ()) -> bool:
    """Whether a request was sent from our pages, or by those of `others` (origins), as far as the
    browser says; one that says nothing passes. `host` is what the browser addressed. Schemes are
    not compared: a proxy may have ended TLS before us."""
    origin = headers.get("origin")
    if origin is not None and origin in others:
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    if origin is not None:
        return _netloc(origin) == host
    referrer = headers.get("referer")
    return referrer is None or _netloc(referrer) == host


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
