"""What a legacy upstream says to a client in that client's own session, but outside of its calls:
questions, log messages, the end of an elicitation, the status of a task. Clients without sessions
can not be reached so."""

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.legacy import CANCELLED
from mcpgateway.common.mcp.questions import ASKED, ELICITATION_COMPLETE, Question
from mcpgateway.common.mcp.tasks import STATUS
from mcpgateway.common.mcp.translate_notifications import LOG, told, wishes
from mcpgateway.data_plane.upstreams.inquiries import MAX_OPEN, Inquiries
from mcpgateway.data_plane.upstreams.request import Answered, UpstreamRequest
from mcpgateway.data_plane.upstreams.shared import Hearing, Shared
from mcpgateway.data_plane.upstreams.upstream_session import UpstreamSession

Asked = Callable[[Mapping[str, Question], Answered], None]


class OutsideCalls:
    """Implements `traffic.Outside` for one session. At most 32 questions are open: one more is
    refused. `request` is the one that the session was opened for."""

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
        self._open: list[_Asking] = []

    def take(self, frame: jsonrpc.Frame) -> bool:
        by, client = self._hearing.by, self._request.client.session
        if by is None:
            return False
        if frame.is_request:
            return frame.method in ASKED and self._ask(partial(by.asked, client), frame)
        if frame.method == CANCELLED:
            for asking in self._open:
                asking.inquiries.take(frame)
            return True
        if frame.method == STATUS:
            by.told_of_task(client, self._request.upstream.id, _passed_on(frame))
            return True
        message = self._message(frame)
        if message is not None:
            by.told(client, message)
        return True

    def _ask(self, asked: Asked, frame: jsonrpc.Frame) -> bool:
        self._open = [each for each in self._open if each.inquiries.open]
        if len(self._open) >= MAX_OPEN:
            return False
        asking = _Asking(self._session, asked)
        asking.inquiries = Inquiries(asking, self._request, asking, self._patience)
        self._open.append(asking)
        asking.inquiries.take(frame)
        return True

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


class _Asking:
    """One question; implements `inquiries.Asking`, and asks by the hook."""

    inquiries: Inquiries

    def __init__(self, session: UpstreamSession, asked: Asked) -> None:
        self._session = session
        self.ask = asked

    def tell(self, message: bytes) -> None:
        self._session.tell(message)

    def hold(self, held: bool) -> None:
        """No call's silence is judged here."""

    def unanswered(self, error: GatewayError) -> None:
        self.inquiries.close(error.message)

    def upstream_revision(self) -> str:
        return self._session.revision
