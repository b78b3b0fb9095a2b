"""One call of a tool that is a REST operation: its requests, up to the result.

Mostly one request. More where the service asks to be asked again, or the tool goes through the
pages of a list: one after another, in the call's time.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import (
    GatewayError,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.common.rest import paging, results, retrying
from mcpgateway.common.rest.building import Built
from mcpgateway.common.rest.paging import Page
from mcpgateway.common.rest.results import Answer, Asked
from mcpgateway.common.runtime.http.client import HttpClient, Ticket, Timeouts
from mcpgateway.data_plane.upstreams.faults import Refusal, TokenRefused, refused
from mcpgateway.data_plane.upstreams.request import Sink, UpstreamRequest
from mcpgateway.data_plane.upstreams.rest.answer_reader import AnswerReader
from mcpgateway.data_plane.upstreams.rest.operations import Known

Counted = Callable[[str], None]
"""Hears how each request ended: its status (`2xx` ...), or the code of an error."""


def _later(seconds: float, act: Callable[[], None]) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(seconds, act)


class Times(NamedTuple):
    """`clock` in seconds of any origin, `now` in Unix seconds, `random` from 0 to 1."""

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    random: Callable[[], float] = random.random
    later: Callable[[float, Callable[[], None]], asyncio.TimerHandle] = _later


class Sending(NamedTuple):
    """What all calls share."""

    http: HttpClient
    counted: Counted
    times: Times = Times()


class Outgoing(NamedTuple):
    """The request as it goes out: `lines` are all header lines, `query` the parameters that
    credentials add to each target."""

    built: Built
    lines: bytes
    query: str


class RestCall(AnswerReader):
    """The ticket of its call, and the receiver of its requests."""

    def __init__(
        self, sending: Sending, known: Known, request: UpstreamRequest, out: Outgoing, sink: Sink
    ) -> None:
        super().__init__()
        self._sending = sending
        self._known = known
        self._request = request
        self._out = out
        self._sink = sink
        self._ticket: Ticket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._target = out.built.target
        self._again = 0  # of the request that goes out now
        self._until = sending.times.clock() + self._seconds
        self._pages: list[Page] = []
        self._last: Answer | None = None

    def start(self) -> None:
        """Raises GatewayError when the pool is closed."""
        self._send()

    # The ticket.

    def cancel(self) -> None:
        self.over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._ticket is not None:
            self._ticket.cancel()

    def pause(self) -> None:
        """Nothing is passed on before all is there."""

    def resume(self) -> None:
        """See `pause`."""

    # Requests.

    @property
    def _seconds(self) -> float:
        """In which requests are begun."""
        timeouts = self._known.timeouts
        whole = timeouts.total if self._known.within else None
        return whole or timeouts.first_byte

    def _send(self) -> None:
        known, out = self._known, self._out
        target = paging.with_query(self._target, out.query) if out.query else self._target
        line = f"{known.operation.request.method} {target} HTTP/1.1\r\n".encode()
        self._ticket = self._sending.http.send(
            known.origin,
            line + out.lines,
            out.built.body,
            self,
            safe=self._request.safe,
            timeouts=self._timeouts(),
        )

    def _timeouts(self) -> Timeouts:
        """Of what the call has left."""
        timeouts = self._known.timeouts
        if not self._known.within or not (self._again or self._pages):
            return timeouts
        left = max(self._until - self._sending.times.clock(), 0.001)
        return replace(timeouts, total=left, first_byte=min(left, timeouts.first_byte))

    def _send_more(self) -> None:
        self._timer = None
        try:
            self._send()
        except GatewayError as error:
            self.lost(error)

    # Answers.

    @override
    def answered(self, answer: Answer) -> None:
        self._sending.counted(f"{answer.status // 100}xx")
        seconds = self._wait(answer)
        if seconds is not None:
            self._again += 1
            self._timer = self._sending.times.later(seconds, self._send_more)
        elif not 200 <= answer.status < 300:
            self._refused(answer)
        elif self._known.operation.request.pagination is None:
            self._end(results.result(self._asked(), answer))
        else:
            self._paged(answer)

    def _wait(self, answer: Answer) -> float | None:
        """Before the same request is sent again; None: it is not."""
        if answer.status < 400 or self._again >= self._known.operation.request.retries:
            return None
        times = self._sending.times
        seconds = retrying.wait(
            answer,
            self._again,
            harmless=self._request.safe,
            now=times.now(),
            random=times.random(),
        )
        if seconds is None or times.clock() + seconds >= self._until:
            return None
        return seconds

    def _refused(self, answer: Answer) -> None:
        upstream = self._request.upstream
        if upstream.tokens and answer.status in (401, 403):
            refusal = Refusal(answer.status, answer.content_type, challenge=answer.challenge)
            error = refused(upstream.name, refusal)
            if isinstance(error, TokenRefused):
                self.over = True
                self._sink.failed(error)  # its caller may be asked for another
                return
        self._end_with(results.result(self._asked(), answer), f"status {answer.status}")

    @override
    def lost(self, error: GatewayError) -> None:
        self._sending.counted(error.code)
        if not isinstance(error, UpstreamError):
            self.over = True
            self._sink.failed(error)  # ours, and better next time
            return
        unsent = isinstance(error, UpstreamTimeout) and error.unsent
        may_be_done = not (unsent or isinstance(error, UpstreamUnreachable))
        said = results.failure(self._asked(), error.message, may_be_done=may_be_done)
        self._end_with(said, error.message)

    @override
    def broken(self, said: str) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        self._sending.counted("unusable")
        self._end_with(results.failure(self._asked(), said, may_be_done=True), said)

    # Pages.

    def _paged(self, answer: Answer) -> None:
        how = self._known.operation.request.pagination
        assert how is not None
        url = self._known.operation.url.base + self._target
        try:
            page = paging.read(how, url, answer.body, answer.link)
        except paging.NotPaged as error:
            self._end_with(results.result(self._asked(), answer), str(error))
            return
        self._pages.append(page)
        self._last = answer
        if not page.next or len(self._pages) >= how.max_pages:
            self._end_pages("")
            return
        self._target = page.next
        self._again = 0
        if not self._known.within:
            self._until = self._sending.times.clock() + self._seconds
        self._send_more()

    def _end_with(self, result: bytes, missing: str) -> None:
        """What was read of a list is shown, even where the rest is `missing`."""
        if self._pages:
            self._end_pages(missing)
        else:
            self._end(result)

    def _end_pages(self, missing: str) -> None:
        assert self._last is not None
        request = self._known.operation.request
        body = paging.whole(request, self._last.body, self._pages)
        # What is filtered is for a program to read.
        noted = not self._known.tool.result_filter
        note = paging.note(request, self._pages, missing) if noted else ""
        self._end(results.result(self._asked(), self._last._replace(body=body), note))

    # The end.

    def _asked(self) -> Asked:
        operation, client = self._known.operation, self._request.client
        url = operation.url.base + self._out.built.target.partition("?")[0]
        return Asked(
            f"{operation.request.method} {url}",
            url,
            client.era,
            client.revision,
            self._known.structured,
            not self._request.safe,
        )

    def _end(self, result: bytes) -> None:
        self.over = True
        self._sink.answer(jsonrpc.response(self._request.id, result))
