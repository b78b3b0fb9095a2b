"""`mcpgateway login`: logs in at a gateway, so that other commands need no token."""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence

from mcpgateway.cli.errors import CommandError, UsageError
from mcpgateway.cli.logins import browser_flow, device_flow, server
from mcpgateway.cli.logins.kept import Logins, folder
from mcpgateway.common.runtime.settings import base_url

DEFAULT_URL = "http://127.0.0.1:4444"
SCOPE = "admin offline_access"


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Returns the exit status."""
    args = _parser().parse_args(argv)
    try:
        url = gateway_url(args.url, environ)
        if args.out:
            return _log_out(url, environ)
        found = server.discover(url)
        flow = device_flow.run if args.device else browser_flow.run
        login = server.login_of(found, flow(found, args.scope, _say), time.time())
        logins = Logins(folder(environ))
        with logins.changing():
            logins.keep(login)
        _say(f"Logged in at {url}.")
    except UsageError as error:
        print(f"mcpgateway login: {error}", file=sys.stderr)
        return 2
    except (CommandError, OSError) as error:
        print(f"mcpgateway login: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mcpgateway login: interrupted", file=sys.stderr)
        return 130
    return 0


def gateway_url(named: str | None, environ: Mapping[str, str]) -> str:
    """The gateway that is meant, without a path of its API or MCP. Raises UsageError."""
    try:
        url = base_url(named or environ.get("MCPGATEWAY_URL") or DEFAULT_URL)
    except ValueError as error:
        raise UsageError(f"URL {error}") from None
    return url.removesuffix("/v1").removesuffix("/mcp")


def _log_out(url: str, environ: Mapping[str, str]) -> int:
    logins = Logins(folder(environ))
    with logins.changing():
        login = logins.read().get(url)
        if login is None:
            raise CommandError(f"you are not logged in at {url}")
        logins.forget(url)
    server.give_back(login)
    _say(f"Logged out at {url}.")
    return 0


def _say(words: str) -> None:
    """Not on standard output, which is for what a command answers."""
    print(words, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mcpgateway login", description=__doc__)
    add = parser.add_argument
    add("url", nargs="?", metavar="URL", help=f"the gateway (MCPGATEWAY_URL, {DEFAULT_URL})")
    add("--device", action="store_true", help="no browser here: show a code to type in elsewhere")
    add(
        "--scope",
        default=SCOPE,
        help=f"what to ask for (default: {SCOPE!r}); never more than you may do",
    )
    add("--out", action="store_true", help="log out: give the tokens back, and forget them")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
