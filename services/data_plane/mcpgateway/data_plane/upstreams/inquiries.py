"""What a legacy upstream asks the client in the midst of one call, and the replies' way back.

In a client's own session a question may come on another call's stream than its own: of several
calls it does not say which it is about, and bridges to stdio servers guess. So it outlasts the
call on whose stream it came (`outlast`).
"""

import asyncio
import secrets
from collections.abc import Mapping
from functools import partial
from itertools import count
from typing import NamedTuple, Protocol

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, UpstreamTimeout
from mcpgateway.common.mcp import legacy, questions
from mcpgateway.common.mcp.client_capabilities import abilities
from mcpgateway.common.mcp.questions import ASKED, Question, Reply
from mcpgateway.data_plane.upstreams.inquiry import Inquiry
from mcpgateway.data_plane.upstreams.request import Answered, UpstreamRequest

MAX_OPEN = 32  # questions of one call; one more is refused
_OVER = "the call is over"


class Asking(Protocol):
    """The call in whose midst the upstream asks, or the session that it asks in."""

    def tell(self, message: bytes) -> None:
        """To the upstream, in the call's session."""

    def hold(self, held: bool) -> None:
        """While a question is open, silence is the client's and not the upstream's."""

    def unanswered(self, error: GatewayError) -> None:
        """The client did not reply in time: the call ends."""

    def upstream_revision(self) -> str:
        """What the session agreed on."""


class Asked(Protocol):
    """Asks the client, as `Sink` does."""

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None: ...


class _Open(NamedTuple):
    """A question that waits for its reply."""

    timer: asyncio.TimerHandle
    inquiry: Inquiry


class Inquiries:
    """`patience`: seconds that the client has for each reply. At most 32 questions are open: one
    more is refused. `close` when the call is over."""

    def __init__(
        self, call: Asking, request: UpstreamRequest, sink: Asked, patience: float
    ) -> None:
        self._call = call
        self._request = request
        self._sink = sink
        self._patience = patience
        self._keys = count(1)
        self._open: dict[jsonrpc.Id, _Open] = {}

    def take(self, frame: jsonrpc.Frame) -> None:
        """A request of the upstream: `ping` is answered here, as is what can not be asked. Or its
        word that it wants no reply to one any more."""
        cancelled = legacy.cancelled_request(frame)
        if cancelled is not None:
            self._withdraw(cancelled)
            return
        id = frame.id
        if not isinstance(id, int | str) or id in self._open:
            return
        if frame.method not in ASKED:
            reply = legacy.reply_to(frame)
            if reply is not None:
                self._call.tell(reply)
            return
        params = (
            b"{}"
            if isinstance(frame.params, msgspec.UnsetType)
            else jsonrpc.join_params(frame.params)
        )
        question = Question(frame.method, params)
        if len(self._open) >= MAX_OPEN:
            said = f"{MAX_OPEN} questions of this call are open"
            self._call.tell(jsonrpc.error(id, jsonrpc.INTERNAL_ERROR, said))
        else:
            self._ask(id, question)

    @property
    def open(self) -> bool:
        """Whether a reply is waited for."""
        return bool(self._open)

    def close(self, why: str = _OVER) -> None:
        """Who still waits for a reply at the upstream hears why there will be none."""
        for id, question in self._open.items():
            self._close(id, question, why)
        self._open.clear()

    def outlast(self, session: Asking) -> bool:
        """The call is over: what its client can still reply to goes on in the session, the rest is
        closed. Whether anything goes on."""
        self._call = session
        for id in [id for id, question in self._open.items() if not question.inquiry.lasts]:
            self._close(id, self._open.pop(id), _OVER)
        return self.open

    def _close(self, id: jsonrpc.Id, question: _Open, why: str) -> None:
        question.timer.cancel()
        question.inquiry.withdraw()
        self._call.tell(jsonrpc.error(id, jsonrpc.INTERNAL_ERROR, why))

    def _ask(self, id: jsonrpc.Id, question: Question) -> None:
        if not self._open:
            self._call.hold(True)
        loop = asyncio.get_running_loop()
        late = partial(self._too_late, question.method)
        key = str(next(self._keys))
        inquiry = Inquiry(partial(self._answered, id, key, question))
        self._open[id] = _Open(loop.call_later(self._patience, late), inquiry)
        client = self._request.client
        put = questions.for_client(question, client.revision, secrets.token_hex(12))
        self._sink.ask({key: put}, inquiry)

    def _answered(
        self, id: jsonrpc.Id, key: str, question: Question, replies: Mapping[str, Reply]
    ) -> None:
        known = self._open.pop(id, None)
        if known is None:
            return
        known.timer.cancel()
        # What it did not declare the sink refused; here is known what exactly was wrong.
        client = self._request.client
        able = abilities(client.capabilities, client.era, client.revision)
        refused = questions.refusal(able, question)
        said = replies.get(key, Reply()) if refused is None else Reply(error=refused)
        reply = questions.for_upstream(question.method, said, self._call.upstream_revision())
        if reply.result is not None:
            self._call.tell(jsonrpc.response(id, reply.result))
        else:
            self._call.tell(jsonrpc.raw_error(id, reply.error or b"{}"))
        if not self._open:
            self._call.hold(False)

    def _withdraw(self, id: jsonrpc.Id) -> None:
        known = self._open.pop(id, None)
        if known is None:
            return
        known.timer.cancel()
        known.inquiry.withdraw()
        if not self._open:
            self._call.hold(False)

    def _too_late(self, method: str) -> None:
        problem = f"the client did not reply to {method} within {self._patience:g} s"
        self._call.unanswered(UpstreamTimeout(f"{problem}; the call was cancelled"))
