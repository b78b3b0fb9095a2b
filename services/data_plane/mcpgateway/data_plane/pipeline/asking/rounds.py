"""A call of a modern client to a legacy upstream that may ask: answered in rounds (MRTR).

Each question ends the round with `input_required`; the upstream's call is parked until the client
calls again with its replies. Nothing is lost in between: what the upstream sends meanwhile is
kept for the next round.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.questions import (
    covered,
    for_lack_of,
    input_required,
    needed_for,
    with_token,
)
from mcpgateway.common.mcp.translate_notifications import PROGRESS
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.asking.batch import Batch
from mcpgateway.data_plane.pipeline.call import OnDone
from mcpgateway.data_plane.pipeline.questions import decline
from mcpgateway.data_plane.pipeline.sinks.exchange_sink import ExchangeSink
from mcpgateway.data_plane.pipeline.sinks.read_sink import ReadSink
from mcpgateway.data_plane.upstreams.request import Answered, Question, Reply, Ticket

GATHER_SECONDS = 0.015  # for questions that come together
KEPT_MESSAGES = 256  # notifications while parked; over it the oldest are dropped,
KEPT_BYTES = 1 << 20  # and over this
MOST_OPEN = 100  # questions without a reply; one more is declined

Park = Callable[["Rounds"], str]
"""Keeps a call until its client calls again; the `requestState` that leads back to it."""


class Round(NamedTuple):
    """One request of the client: where it is answered, its id, its progress token as JSON."""

    exchange: Exchange
    id: jsonrpc.Id
    token: bytes | None


class _Open(NamedTuple):
    """A question without a reply. `name` is its key in the batch it came in."""

    name: str
    question: Question
    batch: Batch


class Rounds(ReadSink):
    """Implements call.AnswerSink."""

    def __init__(
        self, first: Round, capabilities: bytes, park: Park, on_done: OnDone | None = None
    ) -> None:
        self._first = self._round = first
        self._capabilities = capabilities
        self._park = park
        self._on_done = on_done
        self._sink: ExchangeSink | None = self._new_sink(first)
        self._ticket: Ticket | None = None
        self._numbers = count(1)
        self._open: dict[str, _Open] = {}
        self._gathering: asyncio.TimerHandle | None = None
        self._lacking: dict[str, Any] = {}  # capabilities for what the client was not asked
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self._end: Callable[[ExchangeSink], None] | None = None  # what came last while parked
        self._over = False

    @property
    def parked(self) -> bool:
        """Whether the client must call again to hear the rest."""
        return self._sink is None and not self._over

    @property
    def asking(self) -> bool:
        """Whether questions wait for their replies."""
        return bool(self._open)

    def bind(self, ticket: Ticket) -> None:
        self._ticket = ticket
        if self._sink is not None:
            self._sink.bind(ticket)

    def cancel(self, reason: str) -> None:
        if self._sink is not None:
            self._sink.cancel(reason)
        else:
            self.abandon()

    def abandon(self) -> None:
        """The client did not call again in time: the upstream is told."""
        if self._over:
            return
        ticket = self._ticket
        unfinished = self._end is None
        self._finish()
        if ticket is not None and unfinished:
            ticket.cancel()

    def resume(self, round: Round, replies: Mapping[str, Reply]) -> None:
        """The client called again. Questions without a reply are asked once more."""
        self._round = round
        self._sink = sink = self._new_sink(round)
        if self._ticket is not None and self._end is None:
            sink.bind(self._ticket)
        kept, self._kept = self._kept, deque()
        self._kept_bytes = 0
        for message in kept:
            self._tell(sink, message)
        if self._end is not None:
            self._end(sink)
            return
        for key in [key for key in replies if key in self._open]:
            name, _, batch = self._open.pop(key)
            batch.put(name, replies[key])
        if self._open:
            self._gather()

    def message(self, message: bytes) -> None:
        if self._sink is not None:
            self._tell(self._sink, message)
        else:
            self._keep(message)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        lack = for_lack_of(self._lacking, response) if self._lacking else None
        if lack is not None:
            response, status = lack, 400
        self._last(lambda sink: sink.answer(self._readdressed(response), status=status))

    def failed(self, error: GatewayError) -> None:
        self._last(lambda sink: sink.failed(error))

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        batch = Batch(len(questions), answered)
        for name, question in questions.items():
            if len(self._open) >= MOST_OPEN:
                batch.put(name, decline(question))
            elif covered(self._capabilities, "modern", question.method, question.params):
                self._open[f"q{next(self._numbers)}"] = _Open(name, question, batch)
            else:
                self._lacking |= needed_for(question)
                batch.put(name, decline(question))
        if self._open and self._sink is not None:
            self._gather()

    def _keep(self, message: bytes) -> None:
        self._kept.append(message)
        self._kept_bytes += len(message)
        while len(self._kept) > KEPT_MESSAGES or self._kept_bytes > KEPT_BYTES:
            self._kept_bytes -= len(self._kept.popleft())

    def _gather(self) -> None:
        if self._gathering is None:
            loop = asyncio.get_running_loop()
            self._gathering = loop.call_later(GATHER_SECONDS, self._end_round)

    def _end_round(self) -> None:
        """Answer this round with the open questions."""
        self._gathering = None
        sink, self._sink = self._sink, None
        if sink is None or self._over:
            return
        asked = {key: each.question for key, each in self._open.items()}
        result = input_required(asked, self._park(self))
        sink.answer(jsonrpc.response(self._round.id, result))

    def _last(self, end: Callable[[ExchangeSink], None]) -> None:
        if self._over:
            return
        if self._sink is None:
            self._end = end
        else:
            end(self._sink)

    def _new_sink(self, round: Round) -> ExchangeSink:
        return ExchangeSink(round.exchange, round.id, "modern", self._sink_done)

    def _sink_done(self) -> None:
        """The round's exchange is over: by its end, or because the client left."""
        if self._sink is not None:
            self._finish()

    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        self._sink = None
        self._ticket = None
        self._open.clear()
        if self._gathering is not None:
            self._gathering.cancel()
        if self._on_done is not None:
            self._on_done()

    def _tell(self, sink: ExchangeSink, message: bytes) -> None:
        """Progress goes under the token of the request that is answered now."""
        token = self._round.token
        if token != self._first.token:
            if token is None and jsonrpc.decode_frame(message).method == PROGRESS:
                return  # this round's request wants none
            message = with_token(message, token)
        sink.message(message)

    def _readdressed(self, response: bytes) -> bytes:
        """Under the id of the request that is answered now."""
        if self._round.id == self._first.id:
            return response
        frame = jsonrpc.decode_frame(response)
        if not isinstance(frame.error, msgspec.UnsetType):
            return jsonrpc.raw_error(self._round.id, bytes(frame.error))
        assert not isinstance(frame.result, msgspec.UnsetType)
        return jsonrpc.response(self._round.id, bytes(frame.result))
