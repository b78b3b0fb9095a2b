"""Who is logged in, and whether a form was sent from our own pages. Pure.

The cookie holds the login token itself: nothing is kept here, so any replica serves any request.
The form token is derived from it: a page of another origin can neither read nor guess it.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

COOKIE = "mcpgateway_session"
NOTICE = "mcpgateway_notice"
FORM_TOKEN = "form_token"  # noqa: S105 - a field name, no secret


class _Claims(msgspec.Struct):
    sub: str = ""


class Notice(msgspec.Struct, frozen=True):
    """What the last action did, told on the next page. `kind` is ok or warning."""

    text: str
    kind: str = "ok"


def form_token(session: str) -> str:
    """The same for all forms of one session."""
    return hashlib.sha256(b"form\0" + session.encode()).hexdigest()


def same_token(session: str, given: str) -> bool:
    return hmac.compare_digest(form_token(session).encode(), given.encode())


def own_origin(headers: Mapping[str, str], host: str) -> bool:
    """Whether a form was sent from our pages, as far as the browser says. `host` is what the
    browser addressed. Schemes are not compared: a proxy may have ended TLS before us."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == host


def email_of(session: str) -> str:
    """Whom the token names, for display only: the control plane verifies it."""
    parts = session.split(".")
    if len(parts) != 3:
        return ""
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=_Claims).sub
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return ""


def write_notice(notice: Notice) -> str:
    """A cookie value."""
    kept = msgspec.structs.replace(notice, text=notice.text[:600])
    return base64.urlsafe_b64encode(msgspec.json.encode(kept)).decode()


def read_notice(value: str) -> Notice | None:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(value), type=Notice)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return None


def own_path(path: str) -> str:
    """Where to go after the login: a page of ours, else the overview."""
    plain = path.startswith(("/admin/ui/", "/admin?")) or path == "/admin"
    return path if plain and "\\" not in path and "//" not in path else "/admin"
