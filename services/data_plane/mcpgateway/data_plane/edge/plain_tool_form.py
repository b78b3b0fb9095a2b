"""The form of answers to plain calls of tools: the result, or a problem."""

from functools import partial
from typing import Any

import msgspec
from typing_extensions import override

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.jsonrpc import Params, join_params
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.rest import RestForm, result_of
from mcpgateway.data_plane.pipeline import answer
from mcpgateway.data_plane.pipeline.call import AnswerSink, Call, Form, OnDone
from mcpgateway.data_plane.pipeline.sinks.whole_sink import WholeSink

FAILED = 422
CODE = "tool_failed"
_SHOWN = ("content", "structuredContent")
_blocks = msgspec.json.Decoder(list[dict[str, Any]])


class PlainToolForm(RestForm):
    """Implements Form."""

    @override
    def sink(self, call: Call, on_done: OnDone | None = None) -> AnswerSink:
        exchange = call.exchange
        refuse = partial(errors.refuse_with, exchange)
        return WholeSink(exchange, partial(_answer, exchange), refuse, on_done)


PLAIN: Form = PlainToolForm()


def _answer(exchange: Exchange, response: bytes) -> None:
    try:
        result = result_of(response)
    except GatewayError as error:
        errors.refuse_with(exchange, error)
        return
    shown = {name: result[name] for name in _SHOWN if name in result}
    if bytes(result.get("isError", b"false")) == b"true":
        body = errors.problem_body(FAILED, CODE, _said(result), shown)
        exchange.respond(FAILED, (errors.PROBLEM,), body)
    else:
        shown.setdefault("content", msgspec.Raw(b"[]"))
        exchange.respond(200, (answer.JSON,), join_params(shown))


def _said(result: Params) -> str:
    """The texts of a result."""
    try:
        blocks = _blocks.decode(result.get("content", b"[]"))
    except (msgspec.DecodeError, RecursionError):
        blocks = []
    texts = [text for each in blocks if isinstance(text := each.get("text"), str)]
    return "\n".join(texts) or "the tool failed and did not say why"
