"""One call of a tool with which more is done than passing it on, from its arguments to its answer.

In order: the arguments are held against the tool's schema, a place among its calls at once is
waited for, the upstream is asked, its result is filtered, and held against the other schema. One
task for each such call, which its ticket ends.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common import jsonrpc, strict_json
from mcpgateway.common.errors import Bug, GatewayError, UpstreamTimeout
from mcpgateway.common.jsonrpc import Params
from mcpgateway.common.mcp import tool_result
from mcpgateway.common.result_filter import shown
from mcpgateway.common.routing.model import Tool, speaks_mcp
from mcpgateway.common.runtime.bounded import Bounded
from mcpgateway.common.runtime.bounded_work import Work
from mcpgateway.data_plane.pipeline.handling import words
from mcpgateway.data_plane.pipeline.handling.gates import Gates
from mcpgateway.data_plane.pipeline.handling.judging import (
    CheckFailed,
    Judging,
    SchemaCheck,
    TooLarge,
)
from mcpgateway.data_plane.pipeline.sinks.read_sink import Between
from mcpgateway.data_plane.upstreams.request import (
    Answered,
    Question,
    Reply,
    Sink,
    Ticket,
    UpstreamRequest,
)

log = logging.getLogger(__name__)

Send = Callable[[UpstreamRequest, Sink], Ticket]
Counted = Callable[[str], None]
"""Hears of what was not let through: `input`, `output` or `filter`."""


class Tools(NamedTuple):
    """What calls of one replica share."""

    gates: Gates
    bounded: Bounded
    refused: Counted


class _Answer(NamedTuple):
    response: bytes
    status: int = 200


class HandledCall(Between):
    """Implements Ticket for its sink, and Sink for the upstream's answer."""

    def __init__(
        self, tools: Tools, judging: Judging, send: Send, request: UpstreamRequest, sink: Sink
    ) -> None:
        self._tools = tools
        self._judging = judging
        self._send = send
        self._request = request
        self._sink = sink
        self._ticket: Ticket | None = None
        self._answered: asyncio.Future[_Answer] | None = None
        self._time: asyncio.Timeout | None = None
        self._task: asyncio.Task[_Answer] | None = None

    def start(self) -> None:
        self._begin(self._run())

    def judge(self, response: bytes, status: int) -> None:
        """Only that: the upstream has answered."""
        self._begin(self._passed(_Answer(response, status)))

    def _begin(self, work: Coroutine[Any, Any, _Answer]) -> None:
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(self._done)

    # The ticket.

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    # The sink.

    def message(self, message: bytes) -> None:
        self._sink.message(message)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(_Answer(response, status))

    def failed(self, error: GatewayError) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        """While the client thinks, no time passes for the tool."""
        self._reschedule(None)

        def resumed(replies: Mapping[str, Reply]) -> None:
            self._reschedule(self._seconds)
            answered(replies)

        self._sink.ask(questions, resumed)

    # The call.

    def _done(self, task: "asyncio.Task[_Answer]") -> None:
        self._task = None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            response, status = task.result()
            self._sink.answer(response, status=status)
        elif isinstance(error, GatewayError):
            self._sink.failed(error)
        else:
            log.error("a call of tool %r failed", self._tool.name, exc_info=error)
            self._sink.failed(Bug("the call could not be handled"))

    async def _run(self) -> _Answer:
        refused = await self._refused()
        if refused is not None:
            return refused
        async with self._tools.gates.place(self._tool):
            answer = await self._asked()
        return await self._passed(answer)

    async def _passed(self, answer: _Answer) -> _Answer:
        frame = jsonrpc.decode_frame(answer.response)
        if isinstance(frame.result, msgspec.UnsetType):
            return answer
        members = tool_result.read(frame.result)
        if members is None:
            return answer
        result = await self._judged(members)
        return answer if result is None else self._result(result)

    async def _refused(self) -> _Answer | None:
        """What is wrong with the arguments, for the model to mend."""
        check = self._judging.input
        if check is None:
            return None
        arguments = bytes(self._request.params.get("arguments", b"{}"))
        try:
            problems = await check.problems(arguments)
        except strict_json.Unreadable as unread:
            return _Answer(words.unread(self._request, unread), 400)
        except (TooLarge, CheckFailed) as error:
            return self._failed("input", f"The arguments can not be checked: {error}")
        if not problems:
            return None
        return self._failed("input", words.mismatch(problems))

    async def _asked(self) -> _Answer:
        loop = asyncio.get_running_loop()
        self._answered = loop.create_future()
        self._ticket = self._send(self._request, self)
        seconds = self._seconds
        try:
            async with asyncio.timeout(seconds) as self._time:
                return await self._answered
        except TimeoutError:
            self._ticket.cancel()
            said = f"tool {self._tool.name!r} did not answer within {seconds:g} s, its timeout"
            raise UpstreamTimeout(said) from None
        except asyncio.CancelledError:
            self._ticket.cancel()
            raise
        finally:
            self._time = None

    async def _judged(self, members: Params) -> bytes | None:
        """Another result than the upstream's; None: it is well as it is."""
        made: bytes | None = None
        if self._tool.result_filter:
            made = await self._filtered(members)
            filtered = tool_result.read(made)
            if filtered is None:
                return made
            members = filtered
        if self._judging.output is None:
            return made
        wrong = await self._wrong(self._judging.output, members)
        return wrong or made

    async def _filtered(self, members: Params) -> bytes:
        value = tool_result.value(members)
        if value is None:
            return self._unfit("filter", "can not be filtered: it is no JSON")
        by = self._tool.result_filter.encode()
        done = await self._tools.bounded.do(Work("filter", by, value))
        if done.failed:
            return self._unfit("filter", f"can not be filtered: the filter says {done.failed!r}")
        era = self._request.client.era
        is_object = done.value[:1] == b"{"
        structured = is_object or (self._judging.promises and era == "modern")
        said = shown(msgspec.json.decode(done.value))
        return tool_result.replaced(
            members, [tool_result.text(said)], done.value if structured else None
        )

    async def _wrong(self, check: SchemaCheck, members: Params) -> bytes | None:
        value = tool_result.value(members)
        if value is None:
            return self._unfit("output", words.UNSTRUCTURED)
        try:
            problems = await check.problems(value)
        except (TooLarge, CheckFailed, strict_json.Unreadable) as error:
            return self._unfit("output", f"can not be checked: {error}")
        if not problems:
            return None
        return self._unfit("output", words.unlike(problems))

    def _unfit(self, what: str, said: str) -> bytes:
        self._tools.refused(what)
        return words.unfit(self._request, said)

    def _failed(self, what: str, said: str) -> _Answer:
        self._tools.refused(what)
        return self._result(words.failed(self._request, said))

    def _result(self, result: bytes) -> _Answer:
        return _Answer(jsonrpc.response(self._request.id, result))

    @property
    def _tool(self) -> Tool:
        return self._judging.tool

    @property
    def _seconds(self) -> float | None:
        """Calls that are no MCP see to it themselves: what is late is a result there."""
        late = self._tool.timeout_ms and speaks_mcp(self._request.upstream)
        return self._tool.timeout_ms / 1000 if late else None

    def _reschedule(self, seconds: float | None) -> None:
        if self._time is not None and not self._time.expired():
            now = asyncio.get_running_loop().time()
            self._time.reschedule(None if seconds is None else now + seconds)
