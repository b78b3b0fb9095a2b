"""`python -m mcpgateway.translate`: wires the parts and runs until told to stop."""

import asyncio
import logging
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace

from mcpgateway.common.runtime import logs
from mcpgateway.common.runtime.http.server import Listener
from mcpgateway.common.runtime.stdio.app import Translator
from mcpgateway.common.runtime.stdio.options import Serve
from mcpgateway.translate.grpc.options import service_of
from mcpgateway.translate.options import Connect, parse
from mcpgateway.wrapper.options import Options
from mcpgateway.wrapper.serve import run
from mcpgateway.wrapper.sse_remote import HttpSse
from mcpgateway.wrapper.streamable import StreamableHttp

log = logging.getLogger("mcpgateway.translate")


async def serve(options: Serve, stop: asyncio.Event) -> None:
    """Until `stop` is set; then every session ends and every child with it. Raises OSError."""
    app = Translator(options)
    listener = await Listener.open(app, options.host, options.port)
    upkeep = asyncio.create_task(app.upkeep(), name="upkeep")
    try:
        _announce(options, listener.port)
        await stop.wait()
    finally:
        upkeep.cancel()
        await app.aclose()
        await listener.close()


def _announce(options: Serve, port: int) -> None:
    host = f"[{options.host}]" if ":" in options.host else options.host
    paths = [options.sse_path] * options.sse + ["/mcp"] * options.streamable
    urls = " and ".join(f"http://{host}:{port}{path}" for path in paths)
    what = service_of(options.command) or options.command[0]
    print(f"translate: serving {what} at {urls}", file=sys.stderr, flush=True)


async def _until_told(options: Serve) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":
        for order in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(order, stop.set)
    try:
        await serve(options, stop)
    except OSError as error:
        where = f"{options.host}:{options.port}"
        print(f"translate: can not listen on {where}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def main(argv: Sequence[str]) -> int:
    """Returns the exit status."""
    options = parse(argv, os.environ)
    if isinstance(options, Connect):
        remote = HttpSse if options.sse else StreamableHttp
        plain = Options(options.url, options.authorization, level=options.level)
        return run(plain, remote)
    quiet = options.level == "off"
    if shutil.which(options.command[0]) is None:
        print(f"translate: there is no program {options.command[0]!r}", file=sys.stderr)
        return 1
    logs.set_up("translate", "CRITICAL" if quiet else options.level.upper())
    try:
        served = replace(options, environment=(*os.environ.items(), *options.environment))
        return asyncio.run(_until_told(served))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
