"""What a legacy upstream says to a client in that client's own session, but outside of its calls:
questions, log messages, the end of an elicitation, the status of a task. Clients without sessions
can not be reached so."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.legacy import CANCELLED
from mcpgateway.common.mcp.questions import ASKED, ELICITATION_COMPLETE, Question
from mcpgateway.common.mcp.tasks import STATUS
from mcpgateway.common.mcp.translate_notifications import LOG, told, wishes
from mcpgateway.data_plane.upstreams.inquiries import MAX_OPEN, Inquiries
from mcpgateway.data_plane.upstreams.request import Answered, UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions.upstream_session import UpstreamSession
from mcpgateway.data_plane.upstreams.shared import Hearing, Shared

Asked = Callable[[Mapping[str, Question], Answered], None]


class OutsideCalls:
    """Implements `traffic.Outside` for one session. At most 32 questions are open, or calls that
    are over have left theirs: one more is refused. `request` is the one that the session was opened
    for."""

    def __init__(
        self,
        session: UpstreamSession,
        hearing: Hearing,
        request: UpstreamRequest,
        patience: float,
    ) -> None:
        self._session = session
        self._hearing = hearing
        self._request = request
        self._patience = patience
        self._open: list[Inquiries] = []

    def take(self, frame: jsonrpc.Frame) -> bool:
        by, client = self._hearing.by, self._request.client.session
        if by is None:
            return False
        if frame.is_request:
            return frame.method in ASKED and self._ask(partial(by.asked, client), frame)
        if frame.method == CANCELLED:
            for inquiries in self._open:
                inquiries.take(frame)
            return True
        if frame.method == STATUS:
            by.told_of_task(client, self._request.upstream.id, _passed_on(frame))
            return True
        message = self._message(frame)
        if message is not None:
            by.told(client, message)
        return True

    def keep(self, inquiries: Inquiries) -> bool:
        if self._full():
            return False
        if inquiries.outlast(_InSession(self._session, inquiries)):
            self._open.append(inquiries)
        return True

    def _ask(self, asked: Asked, frame: jsonrpc.Frame) -> bool:
        if self._full():
            return False
        asking = _InSession(self._session)
        inquiries = Inquiries(asking, self._request, _Hook(asked), self._patience)
        asking.inquiries = inquiries
        self._open.append(inquiries)
        inquiries.take(frame)
        return True

    def _full(self) -> bool:
        self._open = [each for each in self._open if each.open]
        return len(self._open) >= MAX_OPEN

    def _message(self, frame: jsonrpc.Frame) -> bytes | None:
        if frame.method == ELICITATION_COMPLETE:
            return _passed_on(frame)
        if frame.method != LOG:
            return None
        return told(wishes("legacy", {}, self._session.level), LOG, _params(frame), None)


def outside_of(
    session: UpstreamSession, shared: Shared, request: UpstreamRequest
) -> OutsideCalls | None:
    """None where a session is no client's own, or nobody would hear."""
    own = session.key is not None and not session.key.shared
    if not own or shared.hearing is None:
        return None
    return OutsideCalls(session, shared.hearing, request, shared.patience)


def _passed_on(frame: jsonrpc.Frame) -> bytes:
    return jsonrpc.notification(str(frame.method), jsonrpc.join_params(_params(frame)))


def _params(frame: jsonrpc.Frame) -> jsonrpc.Params:
    return {} if isinstance(frame.params, msgspec.UnsetType) else frame.params


class _Hook(NamedTuple):
    """Implements `inquiries.Asked`."""

    ask: Asked


class _InSession:
    """Implements `inquiries.Asking` for questions that no call waits for."""

    def __init__(self, session: UpstreamSession, inquiries: Inquiries | None = None) -> None:
        self._session = session
        self.inquiries = inquiries

    def tell(self, message: bytes) -> None:
        self._session.tell(message)

    def hold(self, held: bool) -> None:
        """No call's silence is judged here."""

    def unanswered(self, error: GatewayError) -> None:
        if self.inquiries is not None:
            self.inquiries.close(error.message)

    def upstream_revision(self) -> str:
        return self._session.revision
