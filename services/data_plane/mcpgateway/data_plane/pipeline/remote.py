"""Calls that an upstream answers: what is sent to which, and the sink for what comes back.

The request goes out in the same turn of the loop in which it came: no task, no future.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.envelope import Meta, Problem
from mcpgateway.common.mcp.headers import PARAM_PREFIX
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES, META_CLIENT_INFO
from mcpgateway.common.policy.passthrough import NEVER_PASSED
from mcpgateway.common.routing.model import Upstream
from mcpgateway.common.runtime.http.exchange import Exchange, Headers
from mcpgateway.data_plane.pipeline.answer import invalid
from mcpgateway.data_plane.pipeline.authorize import find_prompt, find_resource, find_tool
from mcpgateway.data_plane.pipeline.call import AnswerSink, Call
from mcpgateway.data_plane.pipeline.credentials import Credentials, Lines
from mcpgateway.data_plane.pipeline.inflight import InFlight
from mcpgateway.data_plane.pipeline.relay import ExchangeSink
from mcpgateway.data_plane.upstreams.request import Client, UpstreamRequest, Upstreams

_MIRRORED = "mirrored"  # in the notes of an exchange
_references = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Target(NamedTuple):
    """What a call is aimed at. `params` are the client's, names replaced by the upstream's;
    `definition` is the tool's."""

    upstream: str
    params: jsonrpc.Params
    safe: bool = True
    definition: bytes = b""


Aim = Callable[[Call], Target | Problem]


def aim_tool(call: Call) -> Target | Problem:
    tool = find_tool(call.view, call.params)
    if isinstance(tool, Problem):
        return tool
    params = _with(call.params, "name", tool.original_name)
    return Target(tool.upstream, params, tool.read_only or tool.idempotent, tool.definition)


def aim_prompt(call: Call) -> Target | Problem:
    prompt = find_prompt(call.view, call.params.get("name"))
    if isinstance(prompt, Problem):
        return prompt
    return Target(prompt.upstream, _with(call.params, "name", prompt.original_name))


def aim_resource(call: Call) -> Target | Problem:
    resource = find_resource(call.view, call.params.get("uri"), call.era)
    if isinstance(resource, Problem):
        return resource
    return Target(resource.upstream, dict(call.params))


def aim_completion(call: Call) -> Target | Problem:
    """`ref` names a prompt (renamed for the upstream) or a resource template (kept)."""
    try:
        ref = _references.decode(call.params["ref"])
    except (KeyError, msgspec.DecodeError):
        return invalid("params.ref must be an object: a prompt or a resource template")
    match bytes(ref.get("type", b"")):
        case b'"ref/prompt"':
            prompt = find_prompt(call.view, ref.get("name"))
            if isinstance(prompt, Problem):
                return prompt
            renamed = jsonrpc.join_params(_with(ref, "name", prompt.original_name))
            return Target(prompt.upstream, {**call.params, "ref": msgspec.Raw(renamed)})
        case b'"ref/resource"':
            resource = find_resource(call.view, ref.get("uri"), "modern")
            if isinstance(resource, Problem):
                return resource
            return Target(resource.upstream, dict(call.params))
        case _:
            return invalid('params.ref.type must be "ref/prompt" or "ref/resource"')


class Remote:
    """Sends calls to upstreams."""

    def __init__(self, upstreams: Upstreams, credentials: Credentials, inflight: InFlight) -> None:
        self._upstreams = upstreams
        self._credentials = credentials
        self._inflight = inflight

    def send(self, aim: Aim, call: Call) -> None:
        """Aim, then write to the upstream; the sink answers the exchange, now or later."""
        target = aim(call)
        if isinstance(target, Problem):
            call.form.refuse(call, target)
            return
        try:
            request = self._request(call, target)
        except GatewayError as error:
            call.form.failed(call, error)
            return
        sink = self._sink(call)
        sink.bind(self._upstreams.send(request, sink))

    def _sink(self, call: Call) -> AnswerSink:
        """What comes in a session can be cancelled by message."""
        if call.session is None:
            return call.form.sink(call)
        key = (call.session.id, call.id)
        sink = ExchangeSink(call.exchange, call.id, call.era, partial(self._inflight.remove, key))
        self._inflight.add(key, sink)
        return sink

    def _request(self, call: Call, target: Target) -> UpstreamRequest:
        upstream = call.table.upstreams[target.upstream]
        headers = self._credentials.lines(call.table, upstream)
        if call.era == "modern" and upstream.era == "modern":
            headers += mirrored_headers(call.exchange)
        if upstream.passthrough_headers:
            headers += passed_headers(call.exchange.headers, upstream, headers)
        if call.meta is not None:
            target.params["_meta"] = msgspec.Raw(jsonrpc.join_params(call.meta))
        return UpstreamRequest(
            upstream=upstream,
            client=client_of(call),
            id=call.id,
            method=call.method,
            params=target.params,
            headers=headers,
            safe=target.safe,
            definition=target.definition,
        )


_INFO = Client("legacy", "", "").info


def client_of(call: Call) -> Client:
    """Strangers are not told apart by connection, so each of their calls stands alone."""
    if call.era == "modern":
        meta: Meta = call.meta or {}
        return Client(
            "modern",
            call.revision,
            call.caller.key,
            capabilities=bytes(meta.get(META_CLIENT_CAPABILITIES, b"{}")),
            info=bytes(meta.get(META_CLIENT_INFO, _INFO)),
        )
    session = call.session
    if session is None:
        return Client("legacy", call.revision, call.caller.key)
    return Client(
        "legacy",
        call.revision,
        call.caller.key,
        session=session.id,
        capabilities=session.capabilities,
        info=session.info if session.info != b"{}" else _INFO,
    )


def mirrored_headers(exchange: Exchange) -> Lines:
    """The client's copies of its arguments; between two modern peers they go through."""
    lines: Lines | None = exchange.notes.get(_MIRRORED)
    if lines is None:
        lines = tuple([line for line in exchange.headers if line[0].startswith(PARAM_PREFIX)])
        exchange.notes[_MIRRORED] = lines
    return lines


def passed_headers(headers: Headers, upstream: Upstream, own: Lines) -> Lines:
    """The client's header lines that are on this upstream's allow-list. The gateway's own
    credentials win."""
    allowed = {name.lower().encode() for name in upstream.passthrough_headers}
    allowed -= NEVER_PASSED
    allowed -= {name for name, _ in own}
    return tuple([line for line in headers if line[0] in allowed])


def _with(params: jsonrpc.Params, member: str, value: str) -> jsonrpc.Params:
    """A copy with one member replaced, in its place."""
    return {**params, member: msgspec.Raw(jsonrpc.encode(value))}
