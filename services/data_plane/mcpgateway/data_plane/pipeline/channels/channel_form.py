"""The form of answers on a line, and what is open on it."""

from collections.abc import Callable
from functools import partial

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.headers import SESSION_ID
from mcpgateway.data_plane.pipeline.answer import error_body, problem_of
from mcpgateway.data_plane.pipeline.asking.legacy import LegacyAskers
from mcpgateway.data_plane.pipeline.call import AnswerSink, Call, OnDone, Result
from mcpgateway.data_plane.pipeline.channels.channel_sink import ChannelSink
from mcpgateway.data_plane.pipeline.channels.line import Line

Agreed = Callable[[str], None]
"""Hears the sealed id of the session that `initialize` made."""


class ChannelForm:
    """Implements call.Form for one line. `close` when it is closed."""

    def __init__(self, line: Line, askers: LegacyAskers, agreed: Agreed | None = None) -> None:
        self._line = line
        self._askers = askers
        self._agreed = agreed
        self._open: set[ChannelSink] = set()

    @property
    def under_way(self) -> int:
        """Calls that wait for an upstream."""
        return len(self._open)

    def result(self, call: Call, result: Result) -> None:
        if self._agreed is not None:
            for name, value in result.headers:
                if name == SESSION_ID:
                    self._agreed(value.decode())
        self._line.answer(jsonrpc.response(call.id, result.whole))

    def refuse(self, call: Call, problem: Problem) -> None:
        self._line.answer(error_body(call.id, problem))

    def failed(self, call: Call, error: GatewayError) -> None:
        self.refuse(call, problem_of(error))

    def sink(self, call: Call, on_done: OnDone | None = None) -> AnswerSink:
        asking = None
        if call.session is not None:
            server, caller = call.view.server_id, call.caller.key
            asking = self._askers.asking(server, caller, call.session.capabilities)
        made = ChannelSink(self._line, call.id, asking)
        made.on_done = partial(self._over, made, on_done)
        self._open.add(made)
        return made

    def close(self) -> None:
        """Nobody hears the answers any more: what is open is cancelled."""
        for sink in list(self._open):
            sink.abandon()

    def _over(self, sink: ChannelSink, on_done: OnDone | None) -> None:
        self._open.discard(sink)
        if on_done is not None:
            on_done()
