"""The forms of answers that are JSON-RPC messages. None of them keeps anything, so one serves all.

`MESSAGE` is MCP's own: the client's era, an event stream where something comes before the answer.
`WHOLE` is JSON-RPC over plain HTTP: one JSON body, no session, 200 for errors too.
"""

from functools import partial

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline import answer
from mcpgateway.data_plane.pipeline.call import AnswerSink, Call, Form, OnDone, Result
from mcpgateway.data_plane.pipeline.sinks.exchange_sink import ExchangeSink
from mcpgateway.data_plane.pipeline.sinks.whole_sink import WholeSink


class _Message:
    def result(self, call: Call, result: Result) -> None:
        answer.result(call.exchange, call.id, result)

    def refuse(self, call: Call, problem: Problem) -> None:
        answer.refuse(call.exchange, call.era, call.id, problem)

    def failed(self, call: Call, error: GatewayError) -> None:
        answer.failed(call.exchange, call.era, call.id, error)

    def sink(self, call: Call, on_done: OnDone | None = None) -> AnswerSink:
        return ExchangeSink(call.exchange, call.id, call.era, on_done)


class _Whole:
    def result(self, call: Call, result: Result) -> None:
        answer.result(call.exchange, call.id, Result(result.body, pieces=result.pieces))

    def refuse(self, call: Call, problem: Problem) -> None:
        _refuse(call.exchange, call.id, problem)

    def failed(self, call: Call, error: GatewayError) -> None:
        answer.failed(call.exchange, "legacy", call.id, error)

    def sink(self, call: Call, on_done: OnDone | None = None) -> AnswerSink:
        exchange = call.exchange
        answered, failed = partial(_respond, exchange), partial(_fail, exchange, call.id)
        return WholeSink(exchange, answered, failed, on_done)


MESSAGE: Form = _Message()
WHOLE: Form = _Whole()


def acknowledge(call: Call, error: GatewayError | None) -> None:
    """An empty result, or why there is none."""
    if error is None:
        call.form.result(call, Result(b"{}"))
    else:
        call.form.failed(call, error)


def _respond(exchange: Exchange, response: bytes) -> None:
    exchange.respond(200, (answer.JSON,), response)


def _refuse(exchange: Exchange, id: jsonrpc.Id, problem: Problem) -> None:
    _respond(exchange, answer.error_body(id, problem))


def _fail(exchange: Exchange, id: jsonrpc.Id, error: GatewayError) -> None:
    _refuse(exchange, id, answer.problem_of(error))
