"""One MCP request, as the pipeline's rooms see it: who calls, what, under which table."""

from collections.abc import Callable

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.envelope import Meta, Problem
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.mcp.session import Session
from mcpgateway.common.routing.model import Principal
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View
from mcpgateway.common.runtime.http.exchange import Exchange


class Caller(msgspec.Struct, frozen=True):
    """`principal` None is anonymous. `key` is subject and issuer, which outlives one token;
    sessions and upstream sessions are bound to it."""

    principal: Principal | None = None
    key: str = ""


ANONYMOUS = Caller()


class Call(msgspec.Struct, frozen=True):
    """`table` and `view` are pinned: the call never sees another revision. Whatever outlives the
    decision (a sink, a stream) must not hold the call, or old tables stay in memory."""

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
    session: Session | None = None


Check = Callable[[Call], Problem | None]
"""Synchronous: runs in the door's callback. Returns why the call is refused."""


class Result(msgspec.Struct, frozen=True):
    """An answer that needs no upstream: the `result` member as JSON, and header lines."""

    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
