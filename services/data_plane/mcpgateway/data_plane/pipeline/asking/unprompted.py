"""A caller asks a client of its own, by plain HTTP and outside of any call: `elicitation/create` or
`sampling/createMessage`.

Asked is the caller's client whose standing stream began last, of all replicas: each is told of the
question, and who has a fitting client says since when. Its replica gets the exchange. Anonymous
callers have no clients of their own: strangers are not asked for strangers.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, NotFound, Unauthenticated, UpstreamTimeout
from mcpgateway.common.mcp import questions
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.questions import ELICITATION, SAMPLING
from mcpgateway.common.mcp.revisions import LATEST_LEGACY
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.pipeline.answer import invalid_param
from mcpgateway.data_plane.pipeline.asking.askable import Askable, Candidate
from mcpgateway.data_plane.pipeline.call import AnswerSink, Call
from mcpgateway.data_plane.upstreams.inquiry import Inquiry
from mcpgateway.data_plane.upstreams.request import Question, Reply

METHODS = frozenset((ELICITATION, SAMPLING))
GATHER = 0.2  # seconds within which the other replicas say whom they have
MOST = 1_000  # questions under way; one more is refused
_WANTED = "client-wanted"  # notes: a question looks for a client
_HERE = "client-here"  # there is one
_KEY = "question"
_TELLING = ("mode", "tools", "toolChoice")  # members of params that decide who can be asked
_BY_PRESENCE = ("tools", "toolChoice")  # of which it does not matter what they are
_MODES = ("form", "url")


class _Wanted(msgspec.Struct, frozen=True, array_like=True):
    """`stub` has what of the params decides who can be asked."""

    replica: str
    key: int
    caller: str
    server: str
    method: str
    stub: bytes


class _Here(msgspec.Struct, frozen=True, array_like=True):
    """`replica` and `key` are those of the question, `since` and `owner` of the client."""

    replica: str
    key: int
    since: float
    owner: str


_encode = msgspec.msgpack.Encoder().encode
_wanted = msgspec.msgpack.Decoder(_Wanted)
_here = msgspec.msgpack.Decoder(_Here)


class _Asker(msgspec.Struct, frozen=True):
    """Who asks: keeps nothing of the call but how it is answered."""

    exchange: Exchange
    id: jsonrpc.Id
    sink: AnswerSink
    caller: str
    server: str
    question: Question


class _UnderWay:
    """A question that a client was asked. Implements Ticket."""

    __slots__ = ("inquiry", "timer")

    inquiry: Inquiry
    timer: asyncio.TimerHandle

    def replied(self, asker: _Asker, replies: Mapping[str, Reply]) -> None:
        self.timer.cancel()
        reply = questions.for_upstream(asker.question.method, replies[_KEY], LATEST_LEGACY)
        if reply.result is not None:
            asker.sink.answer(jsonrpc.response(asker.id, reply.result))
        else:
            asker.sink.answer(jsonrpc.raw_error(asker.id, reply.error or b"{}"))

    def cancel(self) -> None:
        """Who asks is gone."""
        self.timer.cancel()
        self.inquiry.withdraw()

    def pause(self) -> None:
        pass

    def resume(self) -> None:
        pass


class Unprompted:
    """`patience`: seconds that a client has for its reply. `token` makes a page's id."""

    def __init__(
        self, askable: Askable, owners: Owners, patience: float, token: Callable[[], str]
    ) -> None:
        self._askable = askable
        self._owners = owners
        self._patience = patience
        self._token = token
        self._keys = count(1)
        self._found: dict[int, tuple[float, str]] = {}  # by question: the newest elsewhere
        owners.on_note(_WANTED, self._other_asks)
        owners.on_note(_HERE, self._other_has)

    def ask(self, call: Call) -> None:
        """Answers the call with its client's reply, sooner or later."""
        lacking = _lacking(call)
        if lacking is not None:
            call.form.refuse(call, invalid_param(*lacking))
            return
        if not call.caller.key:
            call.form.failed(call, Unauthenticated(f"{call.method}: say who you are, by a token"))
            return
        if len(self._found) >= MOST:
            call.form.failed(call, UpstreamTimeout(f"{MOST} questions look for a client"))
            return
        question = Question(call.method, jsonrpc.join_params(call.params))
        put = questions.for_client(question, LATEST_LEGACY, self._token())
        sink = call.form.sink(call)
        asker = _Asker(call.exchange, call.id, sink, call.caller.key, call.view.server_id, put)
        key = next(self._keys)
        self._found[key] = (0.0, "")
        stub = _stub(call.params)
        wanted = _Wanted(self._owners.replica, key, asker.caller, asker.server, call.method, stub)
        self._owners.tell_all(_WANTED, _encode(wanted))
        asyncio.get_running_loop().call_later(GATHER, self._choose, key, asker)

    def _choose(self, key: int, asker: _Asker) -> None:
        since, owner = self._found.pop(key)
        own = self._askable.newest(asker.caller, asker.server, asker.question)
        if own is not None and (own.since, self._owners.replica) >= (since, owner):
            self._put(own, asker)
        elif owner:
            gone = partial(asker.sink.failed, _nobody(asker.question.method))
            self._owners.hand_over(asker.exchange, owner, gone)
        else:
            asker.sink.failed(_nobody(asker.question.method))

    def _put(self, candidate: Candidate, asker: _Asker) -> None:
        method = asker.question.method
        under_way = _UnderWay()
        inquiry = under_way.inquiry = Inquiry(partial(under_way.replied, asker))
        late = partial(self._too_late, asker.sink, method, inquiry)
        under_way.timer = asyncio.get_running_loop().call_later(self._patience, late)
        asker.sink.bind(under_way)
        candidate.ear.asked({_KEY: asker.question}, inquiry)

    def _too_late(self, sink: AnswerSink, method: str, inquiry: Inquiry) -> None:
        inquiry.withdraw()
        said = f"the client did not reply to {method} within {self._patience:g} s"
        sink.failed(UpstreamTimeout(said))

    def _other_asks(self, body: bytes) -> None:
        asked = _wanted.decode(body)
        question = Question(asked.method, asked.stub)
        own = self._askable.newest(asked.caller, asked.server, question)
        if own is not None:
            here = _Here(asked.replica, asked.key, own.since, self._owners.replica)
            self._owners.tell_all(_HERE, _encode(here))

    def _other_has(self, body: bytes) -> None:
        here = _here.decode(body)
        if here.replica == self._owners.replica and here.key in self._found:
            self._found[here.key] = max(self._found[here.key], (here.since, here.owner))


def _nobody(method: str) -> GatewayError:
    capability = method.partition("/")[0]
    return NotFound(
        f"{method}: no client of yours that declared {capability} for this listens. One listens"
        " with a session and its standing stream (GET), an HTTP+SSE stream or a WebSocket"
    )


def _lacking(call: Call) -> tuple[str, str] | None:
    """The member of params that is wrong, and what is right."""
    if call.method == SAMPLING:
        messages = bytes(call.params.get("messages", b""))
        return None if messages.startswith(b"[") else ("messages", "must be an array")
    if read_string(call.params.get("message")) is None:
        return "message", "must be a string"
    mode = read_string(call.params.get("mode", msgspec.Raw(b'"form"')))
    return None if mode in _MODES else ("mode", f"must be one of {', '.join(_MODES)}")


def _stub(params: jsonrpc.Params) -> bytes:
    told = {name: params[name] for name in _TELLING if name in params}
    told.update({name: msgspec.Raw(b"[]") for name in _BY_PRESENCE if name in told})
    return jsonrpc.join_params(told)
