"""One MCP request, as the pipeline's rooms see it: who calls, what, under which table."""

from collections.abc import Callable
from math import inf
from typing import Protocol

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.envelope import Meta, Problem
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.mcp.session import Session
from mcpgateway.common.policy.access.subject import NOBODY, Subject
from mcpgateway.common.routing.listing import Listing
from mcpgateway.common.routing.model import Principal
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.upstreams.request import Sink, Ticket


class Caller(msgspec.Struct, frozen=True):
    """`key` is subject and issuer, which outlives one token;
    sessions and upstream sessions are bound to it. `expires` is when its credentials do, in Unix
    seconds. `verified_by` is a mark of what did, empty where nothing was needed. `resources`: the
    URLs that its token is made for, and counts nowhere else; none: everywhere. `api_token` is the
    id of the API token that its token was made from, and ends with."""

    subject: Subject = NOBODY
    key: str = ""
    expires: float = inf
    verified_by: bytes = b""
    resources: tuple[str, ...] = ()
    api_token: str = ""

    @property
    def principal(self) -> Principal | None:
        """None is anonymous."""
        return self.subject.principal


ANONYMOUS = Caller()


class Call(msgspec.Struct, frozen=True):
    """`table` and `view` are pinned: the call never sees another revision. Whatever outlives the
    decision (a sink, a stream) must not hold the call, or old tables stay in memory. `form` is how
    the route that it came by answers. `indirect`: it came within a call of `call_tool`, so that
    nothing but the body names its tool."""

    exchange: Exchange
    table: Table
    view: View
    caller: Caller
    era: Era
    revision: str
    id: jsonrpc.Id
    method: str
    params: jsonrpc.Params
    meta: Meta | None
    form: "Form"
    session: Session | None = None
    indirect: bool = False


Check = Callable[[Call], Problem | None]
"""Synchronous: runs in the door's callback. Returns why the call is refused."""


class Result(msgspec.Struct, frozen=True):
    """An answer that needs no upstream: the `result` member as JSON, and header lines. A list has
    `pieces` in place of `body`: joined they are it. `listed` is what a whole list is between its
    first and its last piece."""

    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    pieces: tuple[bytes, ...] = ()
    listed: Listing | None = None

    @property
    def whole(self) -> bytes:
        return b"".join(self.pieces) or self.body


OnDone = Callable[[], None]
"""Runs once, when a call is over, however it ends."""


class AnswerSink(Sink, Protocol):
    """A sink that answers an exchange."""

    def bind(self, ticket: Ticket) -> None:
        """Call with what `send` returned; the answer may have come already."""

    def cancel(self, reason: str) -> None:
        """The client cancelled by message: the upstream is told, the exchange answered."""


class Form(Protocol):
    """What an answer looks like on the exchange. Keeps nothing of a call."""

    def result(self, call: Call, result: Result) -> None: ...

    def refuse(self, call: Call, problem: Problem) -> None:
        """The call itself is at fault."""

    def failed(self, call: Call, error: GatewayError) -> None:
        """Nothing could be sent."""

    def sink(self, call: Call, on_done: OnDone | None = None) -> AnswerSink:
        """For the answer of an upstream."""
