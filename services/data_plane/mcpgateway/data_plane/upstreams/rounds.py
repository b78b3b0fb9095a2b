"""A legacy client's call of a modern upstream: it is sent again for as long as the upstream wants
input first, each time with what the client replied. Knows no HTTP: each round is sent by who
made this."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, UpstreamTimeout
from mcpgateway.common.mcp import input_rounds, questions
from mcpgateway.common.mcp.client_capabilities import abilities
from mcpgateway.common.mcp.input_rounds import Aborted, InputRequired
from mcpgateway.common.mcp.questions import Reply
from mcpgateway.data_plane.upstreams.faults import unusable
from mcpgateway.data_plane.upstreams.request import Sink, Ticket, UpstreamRequest


class Send(Protocol):
    def __call__(self, id: jsonrpc.Id, params: jsonrpc.Params, rounds: "Rounds") -> Ticket:
        """Sends one round. Raises GatewayError when it can not be written."""


class Rounds:
    """The ticket of the call, whose first round has `params`. Between two rounds nothing is open
    at the upstream, so there is nothing to cancel there. A client that does not reply within
    `patience` seconds makes an end of the call."""

    def __init__(
        self,
        request: UpstreamRequest,
        params: jsonrpc.Params,
        sink: Sink,
        send: Send,
        patience: float,
    ) -> None:
        self._request = request
        self._params = params
        self._sink = sink
        self._send = send
        self._patience = patience
        self._ticket: Ticket | None = None
        self._sent = (request.id, params)
        self._number = 0
        self._pauses = 0
        self._asking = 0  # the number of the round that waits for replies
        self._timer: asyncio.TimerHandle | None = None
        self._over = False
        self._paused = False
        self.repeated = False  # whether a round went out again

    def start(self) -> None:
        """Raises GatewayError when the first round can not be written."""
        self._ticket = self._send(self._request.id, self._params, self)

    def adopt(self, ticket: Ticket) -> None:
        """In place of `start`: the first round went out already."""
        self._ticket = ticket

    def repeat(self) -> None:
        """The upstream refused the last round and carried nothing of it out: it goes out again."""
        self.repeated = True
        if not self._over:
            self._put(*self._sent)

    def more_input(self, result: msgspec.Raw) -> None:
        """The upstream ended a round with `input_required`."""
        self._ticket = None
        self._number += 1
        if self._over:
            return
        try:
            wanted = input_rounds.read(result)
        except input_rounds.Malformed as problem:
            self._fail(f"answered {self._request.method}: the result {problem}")
            return
        if self._number >= input_rounds.MAX_ROUNDS:
            self._fail(f"asked for input in {input_rounds.MAX_ROUNDS} rounds without an answer")
        elif wanted.questions:
            self._ask(wanted)
        else:
            self._later(input_rounds.pause(self._pauses), lambda: self._again({}, wanted))
            self._pauses += 1

    def cancel(self) -> None:
        self._over = True
        self._stop_timer()
        if self._ticket is not None:
            self._ticket.cancel()

    def pause(self) -> None:
        self._paused = True
        if self._ticket is not None:
            self._ticket.pause()

    def resume(self) -> None:
        self._paused = False
        if self._ticket is not None:
            self._ticket.resume()

    def _ask(self, wanted: InputRequired) -> None:
        """What the client did not declare is refused for it."""
        client = self._request.client
        able = abilities(client.capabilities, client.era, client.revision)
        refused: dict[str, Reply] = {}
        asked: dict[str, questions.Question] = {}
        for key, question in wanted.questions.items():
            error = questions.refusal(able, question)
            if error is None:
                asked[key] = questions.for_client(question, client.revision, secrets.token_hex(12))
            else:
                refused[key] = Reply(error=error)
        round = self._asking = self._number
        if not asked:
            self._replied(round, wanted, refused)
            return
        self._later(self._patience, self._too_late)
        self._sink.ask(asked, lambda given: self._replied(round, wanted, {**given, **refused}))

    def _replied(self, round: int, wanted: InputRequired, replies: Mapping[str, Reply]) -> None:
        if self._over or round != self._asking:
            return
        self._asking = 0
        self._stop_timer()
        given = input_rounds.responses(wanted.questions, replies)
        if isinstance(given, Aborted):
            self._end()
            self._sink.answer(jsonrpc.raw_error(self._request.id, given.error))
        else:
            self._again(given, wanted)

    def _again(self, responses: Mapping[str, bytes], wanted: InputRequired) -> None:
        self._stop_timer()
        params = input_rounds.next_params(self._params, responses, wanted.state)
        self._put(input_rounds.round_id(self._number), params)

    def _put(self, id: jsonrpc.Id, params: jsonrpc.Params) -> None:
        self._sent = (id, params)
        try:
            self._ticket = self._send(id, params, self)
        except GatewayError as error:
            self._end()
            self._sink.failed(error)
            return
        if self._paused:
            self._ticket.pause()

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, do)

    def _too_late(self) -> None:
        self._end()
        problem = f"the client did not reply to its questions within {self._patience:g} s"
        self._sink.failed(UpstreamTimeout(f"{problem}; the call was given up"))

    def _fail(self, problem: str) -> None:
        self._end()
        error = unusable(self._request.upstream.name, problem, outcome_unknown=False)
        self._sink.failed(error)

    def _end(self) -> None:
        self._over = True
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
