"""Hands the messages that an upstream sends for one request to the sink, in the client's era.

Knows both eras, no HTTP: it is told messages, and says through a callback what the upstream is
to be answered.
"""

from collections.abc import Callable

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import (
    legacy,
    questions,
    result_types,
    translate_notifications,
    translate_results,
)
from mcpgateway.common.mcp.client_capabilities import Abilities, abilities
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.listening import UPDATED
from mcpgateway.common.mcp.questions import ELICITATION, Question
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.mcp.tasks import STATUS
from mcpgateway.data_plane.upstreams.faults import Refusal, refused, unusable
from mcpgateway.data_plane.upstreams.request import Sink, UpstreamRequest
from mcpgateway.data_plane.upstreams.shared import Announced

_MAY_ANSWER = frozenset({400, 404, 405, 406, 409, 413, 415, 422})
_LEGACY_NEWS = frozenset({questions.ELICITATION_COMPLETE, STATUS})
_NO_ANSWER = "ended its response without an answer"


def read_frame(raw: bytes) -> jsonrpc.Frame:
    """One message of an upstream, also where it cut a text within a character. Raises
    FrameError."""
    try:
        return jsonrpc.decode_frame(raw)
    except jsonrpc.FrameError:
        mended = jsonrpc.mended(raw)
        if mended == raw:
            raise
        return jsonrpc.decode_frame(mended)


class Delivery:
    """One request's answer on its way back.

    `wire_id` and `wire_token` are the id and the progress token (JSON) under which the upstream
    got the request. `announced` hears when the upstream says that its lists changed; `asked` gets
    the requests that it sends in the midst of the call, and what takes one back, `more_input` its
    result that ends a round of a legacy client's call; without them such things are dropped, or an
    error.
    """

    __slots__ = (
        "_announced",
        "_asked",
        "_more_input",
        "_renumbered",
        "_request",
        "_sink",
        "_wire_id",
        "_wire_token",
        "updated",
    )

    def __init__(
        self,
        request: UpstreamRequest,
        sink: Sink,
        announced: Announced,
        asked: Callable[[jsonrpc.Frame], None] | None = None,
        more_input: Callable[[msgspec.Raw], None] | None = None,
    ) -> None:
        self._request = request
        self._sink = sink
        self._announced = announced
        self._asked = asked
        self._more_input = more_input
        self._wire_id = request.id
        self._wire_token: bytes | None = None
        self._renumbered = False
        self.updated: Callable[[str], None] | None = None  # hears of resources

    def sent_as(self, wire_id: jsonrpc.Id, wire_token: bytes | None) -> None:
        """The request went out under another id and progress token."""
        self._wire_id = wire_id
        self._wire_token = wire_token
        self._renumbered = True

    def message(self, raw: bytes) -> bool:
        """One message; True when it was the answer, or made an end of the call."""
        try:
            frame = read_frame(raw)
        except jsonrpc.FrameError as error:
            self._fail(f"answered with something else than JSON-RPC: {error.message}")
            return True
        return self.frame(frame)

    def frame(self, frame: jsonrpc.Frame) -> bool:
        """The same for a message that was read already."""
        if frame.is_response:
            self._response(frame)
            return True
        if frame.is_notification:
            self._notification(frame)
        elif self._asked is not None:
            self._asked(frame)
        return False

    def refused(self, refusal: Refusal) -> None:
        """An error status; a JSON-RPC error in answer to this request is an answer all the
        same, unless it is about credentials or the server itself."""
        error = self._error_in(refusal) if refusal.status in _MAY_ANSWER else None
        if error is None:
            self.failed(refused(self._name, refusal))
        else:
            self._error(error)

    def ended(self) -> None:
        self._fail(_NO_ANSWER)

    def failed(self, error: GatewayError) -> None:
        self._sink.failed(error)

    @property
    def _name(self) -> str:
        return self._request.upstream.name

    @property
    def _upstream_era(self) -> Era:
        upstream = self._request.upstream
        return "legacy" if upstream.transport == "SSE" else upstream.era

    def _fail(self, problem: str, *, outcome_unknown: bool = True) -> None:
        self._sink.failed(unusable(self._name, problem, outcome_unknown=outcome_unknown))

    def answers(self, refusal: Refusal) -> bool:
        """Whether a refusal holds a JSON-RPC error in answer to this very request."""
        return self._error_in(refusal) is not None

    def _error_in(self, refusal: Refusal) -> msgspec.Raw | None:
        try:
            frame = read_frame(refusal.body)
        except jsonrpc.FrameError:
            return None
        if isinstance(frame.error, msgspec.UnsetType) or frame.id != self._wire_id:
            return None
        return frame.error

    def _response(self, frame: jsonrpc.Frame) -> None:
        if frame.id != self._wire_id:
            seen = jsonrpc.encode(None if frame.id is msgspec.UNSET else frame.id).decode()
            self._fail(f"answered another request: id {seen[:100]}")
        elif not isinstance(frame.error, msgspec.UnsetType):
            self._error(frame.error)
        elif not isinstance(frame.result, msgspec.UnsetType):
            self._result(frame.result)

    def _result(self, result: msgspec.Raw) -> None:
        try:
            translated = self._in_clients_era(result)
        except translate_results.InputWanted as wanted:
            if self._more_input is None:
                self._fail(f"answered {self._request.method}: {wanted}", outcome_unknown=False)
            else:
                self._more_input(result)
        except translate_results.CannotTranslate as problem:
            self._fail(f"answered {self._request.method}: {problem}", outcome_unknown=False)
        else:
            self._sink.answer(jsonrpc.response(self._request.id, translated))

    def _in_clients_era(self, result: msgspec.Raw) -> bytes:
        method = self._request.method
        match (self._upstream_era, self._request.client.era):
            case ("modern", "legacy"):
                return translate_results.result_to_legacy(method, result)
            case ("legacy", "modern"):
                return translate_results.result_to_modern(method, result)
            case ("modern", "modern"):
                kind = result_types.undeclared(result, self._request.params)
                if kind is not None:
                    raise translate_results.CannotTranslate(result_types.unknown(kind))
                return translate_results.result_between_modern(method, result)
        return bytes(result)

    def _error(self, raw: msgspec.Raw) -> None:
        error = translate_results.sound_error(raw)
        match (self._upstream_era, self._request.client.era):
            case ("modern", "legacy"):
                body = translate_results.error_to_legacy(self._request.method, error)
            case ("legacy", "modern"):
                pages = self._pages(error)
                if pages and self._able.url:
                    asked = questions.input_required(pages)
                    self._sink.answer(jsonrpc.response(self._request.id, asked))
                    return
                body = _pages_lacking(error) if pages else translate_results.error_to_modern(error)
            case _:
                body = error
        modern = self._request.client.era == "modern"
        status = translate_results.modern_status(body) if modern else 200
        self._sink.answer(jsonrpc.raw_error(self._request.id, body), status=status)

    def _pages(self, error: bytes) -> dict[str, Question] | None:
        """The pages that a legacy upstream wants a modern client to have been to; None for another
        error, and for a client that just would not go there."""
        pages = questions.required_pages(jsonrpc.decode_error(error))
        turned_down = questions.all_turned_down(self._request.params.get("inputResponses"))
        return None if turned_down else pages

    @property
    def _able(self) -> Abilities:
        client = self._request.client
        return abilities(client.capabilities, client.era, client.revision)

    def _notification(self, frame: jsonrpc.Frame) -> None:
        params = {} if isinstance(frame.params, msgspec.UnsetType) else frame.params
        method = str(frame.method)
        if method in translate_notifications.LIST_CHANGED:
            self._announced(self._request.upstream.id)
            return
        if method == legacy.CANCELLED:
            if self._asked is not None:
                self._asked(frame)
            return
        if method == UPDATED:
            if self.updated is not None:
                self.updated(read_string(params.get("uri")) or "")
            return
        if method in _LEGACY_NEWS and self._request.client.era == "legacy":
            self._sink.message(jsonrpc.notification(method, jsonrpc.join_params(params)))
            return
        # Read when there is something to tell: most requests get their answer and no more.
        client = self._request.client
        wishes = translate_notifications.wishes(client.era, self._request.params, client.log_level)
        sent_token = self._wire_token if self._renumbered else wishes.token
        told = translate_notifications.told(wishes, method, params, sent_token)
        if told is not None:
            self._sink.message(told)


def _pages_lacking(error: bytes) -> bytes:
    """For a client that could have gone to the pages if it had declared so."""
    needed = questions.needed_for(Question(ELICITATION, b'{"mode":"url"}'))
    said = f"the client did not declare elicitation by URL: {jsonrpc.decode_error(error).message}"
    data = msgspec.Raw(jsonrpc.encode({"requiredCapabilities": needed}))
    return jsonrpc.encode(jsonrpc.ErrorObject(jsonrpc.MISSING_CLIENT_CAPABILITY, said, data))
