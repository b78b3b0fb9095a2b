"""The token of a login, refreshed when it is about to expire."""

import time
from collections.abc import Callable, Mapping

from mcpgateway.cli.logins.kept import Login, Logins, folder
from mcpgateway.cli.logins.server import Refused, refreshed

EARLY = 120.0  # seconds before a token expires at which it is refreshed


def token_for(url: str, environ: Mapping[str, str], clock: Callable[[], float] = time.time) -> str:
    """Of the login that covers the URL; "" when there is none, or it has ended. Raises
    CommandError when the gateway does not answer."""
    logins = Logins(folder(environ))
    login = logins.covering(url)
    if login is None:
        return ""
    if login.expires - EARLY > clock():
        return login.access
    with logins.changing():
        return _renewed(logins, login.url, clock())


def _renewed(logins: Logins, url: str, now: float) -> str:
    login: Login | None = logins.read().get(url)
    if login is None:
        return ""
    if login.expires - EARLY > now:  # another command was quicker
        return login.access
    if not login.refresh:
        return login.access if login.expires > now else ""
    try:
        fresh = refreshed(login, now)
    except Refused as error:
        if error.error == "invalid_grant":
            logins.forget(url)
            return ""
        raise
    logins.keep(fresh)
    return fresh.access
