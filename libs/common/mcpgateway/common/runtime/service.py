"""What the start of each service has in common: settings read or refused, the event loop, orders to
stop, the exit status. What a service does is its own `wiring`."""

import asyncio
import logging
import os
import re
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol, TypeVar

from mcpgateway.common.runtime import known_settings, logs
from mcpgateway.common.runtime.settings import SettingsError, load
from mcpgateway.common.runtime.tasks import EXPLAINED, PartFailed

if sys.platform == "win32":
    import asyncio as loops
else:
    import uvloop as loops

log = logging.getLogger(__name__)


class _Settings(Protocol):
    @property
    def log_level(self) -> str: ...

    @property
    def log_format(self) -> str: ...


S = TypeVar("S", bound=_Settings)


def read_settings(cls: type[S], role: str, environ: Mapping[str, str]) -> S:
    """Sets up the log as they say. Raises SettingsError that lists every problem."""
    known = known_settings.entries()
    review = known_settings.review(environ, known)
    if review.refusals:
        raise SettingsError(review.refusals)
    settings = load(cls, known_settings.apply_aliases(environ, known))
    logs.set_up(role, settings.log_level, settings.log_format)
    for notice in review.notices:
        log.info("%s", notice)
    return settings


def run_service(
    role: str, read: Callable[[], S], work: Callable[[S], Coroutine[Any, Any, None]]
) -> int:
    """The exit status: 0 after an orderly stop, 1 when it can not serve, 2 for a wrong setting."""
    try:
        settings = read()
    except SettingsError as error:
        sys.stderr.write("".join(f"{role}: {problem}\n" for problem in error.problems))
        return 2
    try:
        with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
            runner.run(work(settings))
    except EXPLAINED as error:
        log.error("%s", error)  # noqa: TRY400 - the message says all
        return 1
    except PartFailed as error:
        log.exception("%s failed", error.part)
        return 1
    return 0


def process_id() -> str:
    """`<host>-<pid>-<random>`: no other process's, and one token of a NATS subject."""
    host = re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname())[:40]
    return f"{host}-{os.getpid()}-{secrets.token_hex(3)}"


def stop_event() -> asyncio.Event:
    """Set by SIGTERM and SIGINT. Call it inside the running loop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
