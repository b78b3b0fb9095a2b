"""The calls under way in one session, and which of them a message is about that came outside
their own streams."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import legacy
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.listening import UPDATED
from mcpgateway.common.mcp.questions import ASKED
from mcpgateway.common.mcp.translate_notifications import LIST_CHANGED, PROGRESS
from mcpgateway.data_plane.upstreams.inquiries import Inquiries
from mcpgateway.data_plane.upstreams.shared import Announced

_TOKEN_DIGITS = 18  # longer progress tokens are none that we gave


class Member(Protocol):
    """A call under way. `may_be_asked`: its client may be asked something in its midst."""

    may_be_asked: bool

    def frame(self, frame: jsonrpc.Frame) -> None: ...

    def failed(self, error: GatewayError) -> None: ...


class Outside(Protocol):
    """Takes what is about no call."""

    def take(self, frame: jsonrpc.Frame) -> bool:
        """Whether it is taken care of."""

    def keep(self, inquiries: Inquiries) -> bool:
        """What a call that is over leaves open; whether there is room for it."""


class Traffic:
    """By the ids under which the upstream knows the calls. `tell` sends the upstream a message.
    `updated` hears of resources, `outside` of what is about no call."""

    def __init__(self, upstream: str, announced: Announced, tell: Callable[[bytes], None]) -> None:
        self._upstream = upstream
        self._announced = announced
        self._tell = tell
        self.updated: Callable[[str], None] = _to_nobody
        self.outside: Outside | None = None
        self._calls: dict[jsonrpc.Id, Member] = {}

    def add(self, id: jsonrpc.Id, call: Member) -> None:
        self._calls[id] = call

    def remove(self, id: jsonrpc.Id, call: Member) -> None:
        if self._calls.get(id) is call:
            del self._calls[id]

    def keep(self, inquiries: Inquiries) -> bool:
        """What a call that is over leaves open; whether it may outlast it."""
        return self.outside is not None and self.outside.keep(inquiries)

    def fail_all(self, error: GatewayError) -> None:
        calls, self._calls = self._calls, {}
        for call in calls.values():
            call.failed(error)

    def route(self, frame: jsonrpc.Frame) -> None:
        """Hands a message to the call that it is about; one that is about none is answered, if
        it wants an answer, and dropped."""
        if frame.method in LIST_CHANGED:
            self._announced(self._upstream)
            return
        if frame.method == UPDATED:
            self.updated(updated_uri(frame))
            return
        if frame.method == legacy.CANCELLED:
            self._taken_back(frame)
            return
        call = self._asked(frame) if frame.is_request else self._meant(frame)
        if call is not None:
            call.frame(frame)
            return
        if self.outside is not None and self.outside.take(frame):
            return
        reply = legacy.reply_to(frame)
        if reply is not None:
            self._tell(reply)

    def _taken_back(self, frame: jsonrpc.Frame) -> None:
        """Whoever was asked knows the id; nobody else minds."""
        for call in list(self._calls.values()):
            call.frame(frame)
        if self.outside is not None:
            self.outside.take(frame)

    def _asked(self, frame: jsonrpc.Frame) -> Member | None:
        """Any call will do where all are one client's; where they are not, there is but one."""
        if frame.method not in ASKED:
            return None
        calls = reversed(self._calls.values())
        return next((call for call in calls if call.may_be_asked), None)

    def _meant(self, frame: jsonrpc.Frame) -> Member | None:
        """By id, by progress token, or because there is but one call."""
        if frame.is_response:
            return self._calls.get(frame.id) if isinstance(frame.id, int | str) else None
        if frame.method == PROGRESS and not isinstance(frame.params, msgspec.UnsetType):
            token = bytes(frame.params.get("progressToken", b""))
            ours = token.isdigit() and len(token) <= _TOKEN_DIGITS
            call = self._calls.get(int(token)) if ours else None
            return self._only() if call is None else call
        return self._only()

    def _only(self) -> Member | None:
        return next(iter(self._calls.values())) if len(self._calls) == 1 else None


def updated_uri(frame: jsonrpc.Frame) -> str:
    """Of a notification that says so; "" where it names none."""
    params = {} if isinstance(frame.params, msgspec.UnsetType) else frame.params
    return read_string(params.get("uri")) or ""


def _to_nobody(_uri: str) -> None:
    """Nobody follows resources here."""
