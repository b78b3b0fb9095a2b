"""Who is logged in, and what the next page tells. Pure.

The cookie holds the login token itself: nothing is kept here, so any replica serves any request.
Whether a form was sent from our own pages is decided by the rule of `common.browser`.
"""

import base64
import binascii

import msgspec

from mcpgateway.common.browser import claims_said

NOTICE = "mcpgateway_notice"
FORM_TOKEN = "form_token"  # noqa: S105 - a field name, no secret


class Notice(msgspec.Struct, frozen=True):
    """What the last action did, told on the next page. `kind` is ok or warning."""

    text: str
    kind: str = "ok"


def email_of(session: str) -> str:
    """Whom the token names, for display only: the control plane verifies it."""
    subject = claims_said(session).get("sub")
    return subject if isinstance(subject, str) else ""


def ends_soon(session: str, now: float) -> bool:
    """Whether a login's token is past the middle of its time, so that the next one is wanted. A
    token of no session has no next one."""
    claims = claims_said(session)
    issued, expires = claims.get("iat"), claims.get("exp")
    if not claims.get("sid") or not isinstance(issued, int | float):
        return False
    return isinstance(expires, int | float) and now > (issued + expires) / 2


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
