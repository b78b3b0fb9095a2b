"""Calls that an upstream answers: what is sent to which, and the sink for what comes back.

The request goes out in the same turn of the loop in which it came: no task, no future.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import mirrored_params, tool_result
from mcpgateway.common.mcp.envelope import Meta, Problem
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES, META_CLIENT_INFO
from mcpgateway.common.mcp.tasks import without_tasks
from mcpgateway.common.routing.model import Tool, Upstream, speaks_mcp
from mcpgateway.data_plane.pipeline.aims import Aim, Aimed, at_tool, mirrored_headers
from mcpgateway.data_plane.pipeline.call import AnswerSink, Call
from mcpgateway.data_plane.pipeline.composing.recipes import MADE, May, Recipes
from mcpgateway.data_plane.pipeline.composing.stepping import NotSent
from mcpgateway.data_plane.pipeline.conversations import Conversations
from mcpgateway.data_plane.pipeline.counted import Calls
from mcpgateway.data_plane.pipeline.handling.rest_upstream import RestUpstreams
from mcpgateway.data_plane.pipeline.inflight import InFlight
from mcpgateway.data_plane.pipeline.shortcuts.shortcut import Shortcuts, is_called_here
from mcpgateway.data_plane.pipeline.tasks.passing import Passage
from mcpgateway.data_plane.pipeline.upstream_auth.callers_authorization import bearer_of
from mcpgateway.data_plane.pipeline.upstream_auth.consent import without_reply
from mcpgateway.data_plane.pipeline.upstream_auth.credentials import Credentials, Lines
from mcpgateway.data_plane.pipeline.upstream_auth.passed_headers import (
    given_authorization,
    shown_lines,
)
from mcpgateway.data_plane.pipeline.upstream_auth.upstream_tokens import (
    ConsentMissing,
    TokenUnknown,
)
from mcpgateway.data_plane.upstreams.request import (
    Client,
    Sink,
    Ticket,
    UpstreamRequest,
    Upstreams,
)

SinkOf = Callable[[Call, Upstream | None], AnswerSink]


class TaskCalls(Protocol):
    """Calls that tasks may come of."""

    def passage(self, call: Call, upstream: Upstream) -> Passage | None:
        """How the answer is read that may name tasks of the upstream, None when it is not."""

    def take(self, call: Call, request: UpstreamRequest, sink_of: SinkOf) -> bool:
        """Whether it sees to this one, up to its answer."""


class Remote:
    """Sends calls to upstreams."""

    def __init__(
        self,
        upstreams: Upstreams,
        credentials: Credentials,
        inflight: InFlight,
        conversations: Conversations,
        calls: Calls,
        shortcuts: Shortcuts | None = None,
        tasks: TaskCalls | None = None,
    ) -> None:
        """Without `shortcuts` every call goes the long way; without `tasks` nothing is known of
        any."""
        self.calls = calls
        self._upstreams = upstreams
        self._shortcuts = shortcuts
        self._credentials = credentials
        self._inflight = inflight
        self._conversations = conversations
        self._tasks = tasks
        self._own = credentials.own
        self._rest = RestUpstreams()
        self.recipes = Recipes(_nobody_forbids)

    def hold_to(self, may: May) -> None:
        """From now on, whoever calls a tool that is made of others has to be allowed these."""
        self.recipes = Recipes(may)

    def send(self, aim: Aim, call: Call) -> str | None:
        """Aim, then write to the upstream; the sink answers the exchange, now or later. Returns
        how the call ended where it goes to no upstream."""
        aimed = aim(call)
        if isinstance(aimed, Problem):
            call.form.refuse(call, aimed)
            return "refused"
        if aimed.tool is not None and aimed.tool.recipe:
            return self._send_made(call, aimed.tool)
        return self.send_aimed(call, aimed)

    def _send_made(self, call: Call, tool: Tool) -> str | None:
        """A call of a tool that is made of others."""
        try:
            meant = self.recipes.meant(call, tool)
        except GatewayError as error:
            call.form.failed(call, error)
            return error.code
        if isinstance(meant, Problem):
            call.form.refuse(call, meant)
            return "denied"
        if isinstance(meant, NotSent):
            told = tool_result.failed(call.era, meant.said)
            self.sink(call, None).answer(jsonrpc.response(call.id, told))
            return "ok"
        return self.send_aimed(meant.call, at_tool(meant.tool))

    def send_aimed(self, call: Call, aimed: Aimed) -> str | None:
        """As `send`."""
        try:
            upstream = self.upstream_of(call, aimed)
        except GatewayError as error:
            call.form.failed(call, error)
            return error.code
        if "requestState" in call.params and self._goes_on(call, upstream):
            return None
        try:
            request = self.request(call, upstream, aimed)
        except GatewayError as error:
            return self._not_made(call, aimed, error)
        if self._tasks is not None and self._tasks.take(call, request, self.sink):
            return None
        plain = aimed.tool is None
        passage = self._tasks.passage(call, upstream) if plain and self._tasks else None
        sink = self.sink(call, upstream)
        if passage is None:
            counted = self.calls.begin(call, upstream, sink)
        else:
            request = passage.request(request)
            counted = self.calls.begin(call, upstream, passage.sink(sink))
        counted.ticket = self._upstreams.send(request, counted)
        sink.bind(counted)
        if self._shortcuts is not None and passage is None and (plain or is_called_here(request)):
            self._shortcuts.sent(call, request, counted)
        return None

    def _not_made(self, call: Call, aimed: Aimed, error: GatewayError) -> str | None:
        """There is no request, or not yet."""
        if isinstance(error, TokenUnknown):
            return self._waits(call, aimed, error)
        if isinstance(error, ConsentMissing):
            return self._own.consents.ask(call, error)
        call.form.failed(call, error)
        return error.code

    def _waits(self, call: Call, aimed: Aimed, unknown: TokenUnknown) -> str | None:
        """The call goes on when its token was read: the general lane, once in a token's life."""

        def again(learnt: bool) -> None:
            if not learnt:
                call.form.failed(call, unknown)
            outcome = self.send_aimed(call, aimed) if learnt else unknown.code
            if outcome is not None:
                self.calls.count(call, outcome)

        if self._own.consents.learn(unknown.need, again):
            return None
        call.form.failed(call, unknown)
        return unknown.code

    def _goes_on(self, call: Call, upstream: Upstream) -> bool:
        """Another round of a parked call. To a modern upstream its `requestState` is its own."""
        legacy = upstream.era == "legacy"
        return legacy and call.era == "modern" and self._conversations.parked.retried(call)

    def sink(self, call: Call, upstream: Upstream | None) -> AnswerSink:
        """Takes the answer to a call, which may be the gateway's own. What comes in a session can
        be cancelled by message."""
        if call.session is None:
            sink = self._conversations.sink(call, upstream, None)
        else:
            key = (call.session.id, call.id)
            sink = self._conversations.sink(call, upstream, partial(self._inflight.remove, key))
            self._inflight.add(key, sink.cancel)
        if upstream is None or not upstream.tokens:
            return sink
        return self._own.consents.sink(call, upstream, sink)

    def _level(self, call: Call) -> str:
        return "" if call.session is None else self._conversations.states.level(call.session.id)

    def upstream_of(self, call: Call, aimed: Aimed) -> Upstream:
        """Raises UpstreamUnreachable for a REST tool that can not be read."""
        if aimed.tool is not None and not aimed.upstream:
            return MADE if aimed.tool.recipe else self._rest.of(aimed.tool)
        return call.table.upstreams[aimed.upstream]

    def request(self, call: Call, upstream: Upstream, aimed: Aimed) -> UpstreamRequest:
        """What an upstream is asked. Raises GatewayError."""
        request = self._request(call, upstream, aimed)
        if aimed.tool is None:
            return request
        request = handled_request(request, aimed.tool)
        if not aimed.tool.recipe:
            return request
        run = self.recipes.starts(call, aimed.tool, self)
        return msgspec.structs.replace(request, run=run)

    async def prepared(self, call: Call, tool: Tool) -> UpstreamRequest:
        """The request of a call whose answer is read here: no task comes of it. Waits for a token
        that has to be read first. Raises GatewayError."""
        aimed = at_tool(tool)
        upstream = self.upstream_of(call, aimed)
        try:
            request = self.request(call, upstream, aimed)
        except TokenUnknown as unknown:
            learnt = asyncio.get_running_loop().create_future()
            if not self._own.consents.learn(unknown.need, partial(_settle, learnt)):
                raise
            if not await learnt:
                raise
            request = self.request(call, upstream, aimed)
        return msgspec.structs.replace(request, params=without_tasks(request.params), reads=True)

    def begin(self, call: Call, request: UpstreamRequest, sink: Sink) -> Ticket:
        """Sends what was prepared, and counts it."""
        counted = self.calls.begin(call, request.upstream, sink)
        counted.ticket = self._upstreams.send(request, counted)
        return counted

    def _own_lines(self, call: Call, upstream: Upstream) -> Lines:
        """The gateway's credentials. A client that brings his own for an upstream whose callers
        have theirs needs none of ours."""
        if not upstream.tokens:
            return self._credentials.lines(call.table, upstream)
        if given_authorization(call.exchange.headers) is not None:
            return ()
        shown = bearer_of(call, self._own.header) if upstream.tokens == "exchange" else ""
        return self._credentials.lines(call.table, upstream, call.caller.subject.id, shown)

    def _request(self, call: Call, upstream: Upstream, aimed: Aimed) -> UpstreamRequest:
        own = self._own_lines(call, upstream)
        headers = shown_lines(call.exchange.headers, upstream, own, self._own.header)
        params = _sent_params(call, aimed.replaced)
        if upstream.identity:
            subject = call.caller.subject
            headers = self._own.naming.lines(upstream, subject, headers)
            params = self._own.naming.params(upstream, subject, params)
        if call.era == "modern" and upstream.era == "modern" and speaks_mcp(upstream):
            headers += _mirrored(call, params, aimed.definition)
        return UpstreamRequest(
            upstream=self._credentials.reached(call.table, upstream),
            client=client_of(call, self._level(call)),
            id=call.id,
            method=call.method,
            params=params,
            headers=headers,
            safe=aimed.safe,
            definition=aimed.definition,
        )


def _settle(learnt: "asyncio.Future[bool]", known: bool) -> None:
    if not learnt.done():
        learnt.set_result(known)


def _nobody_forbids(_call: Call, _tool: Tool, _arguments: bytes) -> None:
    """Without rules that only a call decides about, all is told by what is offered."""


def handled_request(request: UpstreamRequest, tool: Tool) -> UpstreamRequest:
    """The same for a tool whose answers are read here: no task of the upstream's may come of it,
    and it is not the upstream's timeout that ends it where the tool has one."""
    return msgspec.structs.replace(
        request,
        tool=tool,
        params=without_tasks(request.params),
        reads=True,
        patient=bool(tool.timeout_ms),
    )


_INFO = Client("legacy", "", "").info


def client_of(call: Call, level: str = "") -> Client:
    """Who calls, as far as an upstream's sessions depend on it. `level` is what a legacy client
    set in its session."""
    if call.era == "modern":
        meta: Meta = call.meta or {}
        return Client(
            "modern",
            call.revision,
            call.caller.key,
            info=bytes(meta.get(META_CLIENT_INFO, _INFO)),
            capabilities=bytes(meta.get(META_CLIENT_CAPABILITIES, b"{}")),
        )
    session = call.session
    if session is None:
        return Client("legacy", call.revision, call.caller.key)
    return Client(
        "legacy",
        call.revision,
        call.caller.key,
        session=session.id,
        info=session.info if session.info != b"{}" else _INFO,
        capabilities=session.capabilities,
        log_level=level,
    )


def _mirrored(call: Call, params: jsonrpc.Params, definition: bytes) -> Lines:
    """Who calls a tool through another can not know what of its arguments is to be mirrored."""
    if not call.indirect:
        return mirrored_headers(call.exchange)
    wanted = mirrored_params.wanted(definition)
    return tuple(mirrored_params.lines(wanted, params.get("arguments", b"{}")))


def _sent_params(call: Call, replaced: jsonrpc.Params) -> jsonrpc.Params:
    """The client's params in their order, what is replaced in its place."""
    given = without_reply(call.params)
    if call.meta is None:
        return {**given, **replaced}
    return {**given, **replaced, "_meta": msgspec.Raw(jsonrpc.join_params(call.meta))}
