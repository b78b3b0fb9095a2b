"""`mcpgateway tunnel`: serves a stdio MCP server of this machine at a gateway elsewhere, which
calls it as one of its own. The gateway is dialled: nothing here has to be reachable.

Register it there first: POST /gateways with {"name": NAME, "transport": "TUNNEL"}.
"""

import argparse
import asyncio
import os
import random
import secrets
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from mcpgateway.cli.declarative.remote import TOKENS, add_options, remote
from mcpgateway.cli.declarative.run import guarded
from mcpgateway.cli.errors import CommandError, UsageError
from mcpgateway.cli.tunnel.dialling import Dialling
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.common.runtime import logs
from mcpgateway.common.runtime.http.dial import Dialer
from mcpgateway.common.runtime.http.request_url import split
from mcpgateway.common.runtime.http.tls import profile
from mcpgateway.common.runtime.http.websocket import WebSocket, WebSocketListener
from mcpgateway.common.runtime.http.websocket_client import Opening, open_websocket
from mcpgateway.common.runtime.stdio.app import Translator
from mcpgateway.common.runtime.stdio.options import Serve
from mcpgateway.common.runtime.tasks import end
from mcpgateway.common.runtime.tunnel.end import SOCKET
from mcpgateway.common.tunnel.greeting import SUBPROTOCOL
from mcpgateway.translate.options import command, whole
from mcpgateway.wrapper.options import LEVELS, OptionsError, positive

_SECONDS = 10.0  # for a connection, and for its answer
_ANYWHERE = AddressPolicy(loopback=True)  # whoever types a URL may call it


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit status 0: told to stop; 2: not let in, no such program, or a wrong option."""
    args = _parser().parse_args(argv)

    def act() -> int:
        serve = _serve(args, environ)
        logs.set_up("tunnel", "CRITICAL" if args.log_level == "off" else args.log_level.upper())
        asyncio.run(_until_told(args, environ, serve))
        return 0

    return guarded("tunnel", act)


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="mcpgateway tunnel", description=__doc__, allow_abbrev=False
    )
    made.add_argument(
        "--gateway", required=True, metavar="NAME", help="name or id of the gateway to serve"
    )
    made.add_argument("--stdio", required=True, metavar="CMD", help="stdio server to serve")
    made.add_argument("--max-children", type=int, default=20, metavar="N")
    made.add_argument("--idle", default="600", metavar="SECONDS", help="end unused sessions")
    made.add_argument("--log-level", choices=LEVELS, default="info")
    add_options(made)
    return made


def _serve(args: argparse.Namespace, environ: Mapping[str, str]) -> Serve:
    """Raises UsageError, and CommandError when there is no such program."""
    try:
        found = Serve(
            command=command(args.stdio),
            environment=tuple(childs(environ).items()),
            sse=False,
            idle=positive("--idle", args.idle, 30 * 86_400),
            max_children=whole("--max-children", args.max_children, 1, 10_000),
        )
    except OptionsError as error:
        raise UsageError(str(error)) from error
    if shutil.which(found.command[0]) is None:
        raise CommandError(f"there is no program {found.command[0]!r}")
    return found


def childs(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of the server: ours without what lets us into the gateway."""
    return {name: value for name, value in environ.items() if name not in TOKENS}


async def _until_told(args: argparse.Namespace, environ: Mapping[str, str], serve: Serve) -> None:
    """Raises CommandError."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":
        for order in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(order, stop.set)
    dialer = Dialer(lambda _: _ANYWHERE, profile(), loop)

    async def open(listener: WebSocketListener) -> WebSocket:
        # Asked for each time: the token of a login is refreshed.
        at = await asyncio.to_thread(remote, args, environ)
        origin, target = split(f"{at.url.rstrip('/')}/tunnels/{quote(args.gateway, safe='')}")
        lines = [(b"authorization", f"Bearer {at.token}".encode())] if at.token else []
        opening = Opening(origin, target, lines, SUBPROTOCOL)
        return await open_websocket(dialer, opening, listener, SOCKET, _SECONDS)

    app = Translator(serve)
    upkeep = asyncio.create_task(app.upkeep(), name="upkeep")
    dialling = Dialling(open, app, secrets.token_hex(16), random.random)
    keeping = asyncio.create_task(dialling.keep(), name="tunnel")
    told = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait((keeping, told), return_when=asyncio.FIRST_COMPLETED)
        if keeping.done():
            await keeping
    finally:
        await end(keeping, told, upkeep)
        await app.aclose()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
