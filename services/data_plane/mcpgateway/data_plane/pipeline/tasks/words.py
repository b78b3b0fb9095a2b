"""Sinks that put what an upstream of one era says into the words of the other one's clients."""

import secrets
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import questions, translate_results
from mcpgateway.common.mcp.revisions import LATEST_LEGACY, Era, is_modern
from mcpgateway.data_plane.pipeline.sinks.read_sink import ReadSink
from mcpgateway.data_plane.upstreams.faults import unusable
from mcpgateway.data_plane.upstreams.request import Answered, Question, Reply, Sink

ResultWords = Callable[[str, bytes | msgspec.Raw], bytes]


class Words(ReadSink):
    """Implements Sink, for a call of a tool. `revision` is the client's."""

    def __init__(self, upstream: str, method: str, revision: str, sink: Sink) -> None:
        self._upstream = upstream
        self._method = method
        self._revision = revision
        self._modern = is_modern(revision)
        self._sink = sink

    def message(self, message: bytes) -> None:
        self._sink.message(message)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        frame = jsonrpc.decode_frame(response)
        assert isinstance(frame.id, int | str)
        if not isinstance(frame.error, msgspec.UnsetType):
            self._error(frame.id, bytes(frame.error))
            return
        assert not isinstance(frame.result, msgspec.UnsetType)
        into = result_words("modern" if self._modern else "legacy")
        try:
            result = into(self._method, frame.result)
        except translate_results.CannotTranslate as problem:
            said = f"answered {self._method}: {problem}"
            self._sink.failed(unusable(self._upstream, said, outcome_unknown=False))
            return
        self._sink.answer(jsonrpc.response(frame.id, result))

    def failed(self, error: GatewayError) -> None:
        self._sink.failed(error)

    def ask(self, asked: Mapping[str, Question], answered: Answered) -> None:
        put = {
            key: questions.for_client(each, self._revision, secrets.token_hex(12))
            for key, each in asked.items()
        }
        self._sink.ask(put, partial(self._answered, dict(asked), answered))

    def _answered(
        self, asked: Mapping[str, Question], answered: Answered, replies: Mapping[str, Reply]
    ) -> None:
        """Modern upstreams get their replies from who asked for them, legacy ones here."""
        if not self._modern:
            answered(replies)
            return
        answered(
            {
                key: questions.for_upstream(asked[key].method, reply, LATEST_LEGACY)
                for key, reply in replies.items()
            }
        )

    def _error(self, id: jsonrpc.Id, error: bytes) -> None:
        if self._modern:
            body = translate_results.error_to_modern(error)
            status = translate_results.modern_status(body)
        else:
            body, status = translate_results.error_to_legacy(self._method, error), 200
        self._sink.answer(jsonrpc.raw_error(id, body), status=status)


def result_words(era: Era) -> ResultWords:
    """Into the words of an era."""
    if era == "modern":
        return translate_results.result_to_modern
    return translate_results.result_to_legacy
