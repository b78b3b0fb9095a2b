"""Answers that come when something is made for them: from a task to the sink of the call."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import Bug, GatewayError, TemplateFailed
from mcpgateway.data_plane.pipeline.call import AnswerSink, Call
from mcpgateway.data_plane.pipeline.remote import Remote

log = logging.getLogger(__name__)

T = TypeVar("T")


class Later:
    """What is under way is held here, as many as whoever does the work lets wait. A client that
    leaves or cancels gives up its place."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._tasks: set[asyncio.Task[Any]] = set()

    def answer(
        self,
        call: Call,
        what: str,
        work: Coroutine[Any, Any, T],
        make: Callable[[T], bytes],
    ) -> "asyncio.Task[T]":
        """Returns the work under way. `what` is named in errors; `make` makes the result of what
        the work comes to, and must not hold the call."""
        sink = self._remote.sink(call, None)
        count = self._remote.calls.ending(call)
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(partial(_over, sink, call.id, what, make, count))
        sink.bind(_Ticket(task))
        return task


class _Ticket:
    """Implements request.Ticket."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = task

    def cancel(self) -> None:
        self._task.cancel()

    def pause(self) -> None:
        """There is nothing to hold back."""

    def resume(self) -> None:
        pass


def _over(
    sink: AnswerSink,
    id: jsonrpc.Id,
    what: str,
    make: Callable[[T], bytes],
    count: Callable[[str], None],
    task: asyncio.Task[T],
) -> None:
    if task.cancelled():  # by the sink, which wants to hear no more
        count("cancelled")
        return
    error = task.exception()
    if error is None:
        count("ok")
        sink.answer(jsonrpc.response(id, make(task.result())))
        return
    if isinstance(error, TemplateFailed):
        told: GatewayError = TemplateFailed(f"{what}: {error.message}")
    elif isinstance(error, GatewayError):
        told = error
    else:
        log.error("%s could not be answered", what, exc_info=error)
        told = Bug(f"{what} could not be answered")
    count(told.code)
    sink.failed(told)
