"""Wires a remote, the bridge and standard input and output, and runs them to the end."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from mcpgateway.common.runtime import logs
from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.wrapper.bridge import Bridge
from mcpgateway.wrapper.options import Options
from mcpgateway.wrapper.remote import Emit, Remote
from mcpgateway.wrapper.stdio import Input, Output
from mcpgateway.wrapper.streamable import StreamableHttp

log = logging.getLogger("mcpgateway.wrapper")

MakeRemote = Callable[[HttpClient, Options, Emit], Remote]


async def serve(options: Options, make_remote: MakeRemote = StreamableHttp) -> int:
    """Returns the exit status."""
    output = Output(sys.stdout.fileno())
    http = Pool()
    remote = make_remote(http, options, output.emit)
    bridge = Bridge(remote, output.emit, options.concurrency)
    try:
        await bridge.run(Input(sys.stdin.fileno()).lines())
    except* BrokenPipeError:
        log.info("the client is gone")
    finally:
        await http.aclose()
    return 0


def run(options: Options, make_remote: MakeRemote = StreamableHttp) -> int:
    """Sets up logging and the loop. Returns the exit status."""
    if options.level == "off":
        logging.disable(logging.CRITICAL)
    logs.set_up("wrapper", "CRITICAL" if options.level == "off" else options.level.upper())
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        return asyncio.run(_until_told(options, make_remote))
    return 130


async def _until_told(options: Options, make_remote: MakeRemote) -> int:
    task = asyncio.current_task()
    if sys.platform != "win32" and task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await serve(options, make_remote)
