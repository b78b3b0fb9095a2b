"""The form of answers that are plain REST: a bare result, or our error body."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, UpstreamRejected
from mcpgateway.common.jsonrpc import Params
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.pipeline import answer
from mcpgateway.data_plane.pipeline.call import AnswerSink, Call, OnDone, Result
from mcpgateway.data_plane.pipeline.sinks.whole_sink import WholeSink

Shape = Callable[[Params], bytes]
"""Makes the body of an answer of the members of a result. Raises GatewayError."""

_members = msgspec.json.Decoder(Params)


@dataclass(frozen=True, slots=True)
class RestForm:
    """Implements Form. `shape` is not applied to what is answered here without an upstream."""

    shape: Shape = jsonrpc.join_params

    def result(self, call: Call, result: Result) -> None:
        _respond(call.exchange, result.whole)

    def refuse(self, call: Call, problem: Problem) -> None:
        message = problem.bare or problem.message
        errors.refuse_with(call.exchange, answer.error_of(problem.code, message))

    def failed(self, call: Call, error: GatewayError) -> None:
        errors.refuse_with(call.exchange, error)

    def sink(self, call: Call, on_done: OnDone | None = None) -> AnswerSink:
        exchange = call.exchange
        answered = partial(_answer, exchange, self.shape)
        return WholeSink(exchange, answered, partial(errors.refuse_with, exchange), on_done)


def _answer(exchange: Exchange, shape: Shape, response: bytes) -> None:
    try:
        body = shape(result_of(response))
    except GatewayError as error:
        errors.refuse_with(exchange, error)
    else:
        _respond(exchange, body)


def _respond(exchange: Exchange, body: bytes) -> None:
    exchange.respond(200, (answer.JSON,), body)


def result_of(response: bytes) -> Params:
    """The members of the result in a JSON-RPC response. Raises GatewayError: what its error says,
    or that it is no answer."""
    try:
        frame = jsonrpc.decode_frame(response)
        if not isinstance(frame.error, msgspec.UnsetType):
            error = jsonrpc.decode_error(frame.error)
            raise answer.error_of(error.code, error.message)
        if not isinstance(frame.result, msgspec.UnsetType):
            return _members.decode(frame.result)
    except (jsonrpc.FrameError, msgspec.DecodeError, RecursionError) as error:
        raise UpstreamRejected(f"the upstream's answer can not be read: {error}") from error
    raise UpstreamRejected("the upstream answered without a result")
