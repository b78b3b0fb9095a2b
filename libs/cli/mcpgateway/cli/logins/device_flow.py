"""Logging in by the browser of any machine: a short code is typed in there (RFC 8628)."""

import time
from collections.abc import Callable
from typing import Any

from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.logins.server import Refused, Server, post

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER = 5.0  # seconds (RFC 8628 3.5)


def run(
    server: Server,
    scope: str,
    say: Callable[[str], None],
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """What the token endpoint answers. Raises CommandError."""
    started = post(server.device, scope=scope)
    try:
        code, shown = str(started["device_code"]), str(started["user_code"])
        page, interval = str(started["verification_uri"]), float(started.get("interval", 5))
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"{server.url} answers no device code") from error
    say(f"On any device, open\n\n  {page}\n\nand type in\n\n  {shown}\n")
    while True:
        pause(interval)
        try:
            return post(server.token, grant_type=_GRANT, device_code=code)
        except Refused as error:
            if error.error == "slow_down":
                interval += _SLOWER
            elif error.error != "authorization_pending":
                raise
