"""One server for many clients that keep no session: ids and progress tokens are exchanged for
ours on the way in and restored on the way out. The server may not ask its clients anything.
"""

import itertools
from contextlib import suppress
from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import InvalidCall, Unavailable
from mcpgateway.common.mcp.envelope import read_meta
from mcpgateway.common.mcp.revisions import LATEST_LEGACY, META_SUBSCRIPTION_ID, negotiate
from mcpgateway.common.mcp.translate import progress_token, with_progress_token
from mcpgateway.common.runtime.stdio.child import Command
from mcpgateway.common.runtime.stdio.session import MAX_OPEN, Reply, answer_error, params_of
from mcpgateway.common.runtime.stdio.supervised import Place, Supervised

_HANDSHAKE = jsonrpc.encode(
    {
        "protocolVersion": LATEST_LEGACY,
        "capabilities": {},
        "clientInfo": {"name": "mcpgateway-translate", "version": "1"},
    }
)


class _Asked(NamedTuple):
    id: jsonrpc.Id
    reply: Reply
    token: bytes | None


class _Opening(msgspec.Struct):
    protocolVersion: str = ""


class Shared:
    """`legacy`: the handshake is ours, and each client's `initialize` is answered from it."""

    def __init__(self, command: Command, place: Place, *, legacy: bool) -> None:
        self._server = Supervised(command, self, _HANDSHAKE if legacy else b"")
        self._place = place
        self._asked: dict[int, _Asked] = {}
        self._ids = itertools.count(1)
        self._welcome: dict[str, msgspec.Raw] | None = None
        self._waiting: list[tuple[jsonrpc.Frame, Reply]] = []

    @property
    def busy(self) -> bool:
        return bool(self._asked or self._waiting)

    def initialize(self, frame: jsonrpc.Frame, reply: Reply) -> None:
        """Raises Unavailable."""
        if self._welcome is not None:
            self._greet(frame, reply, self._welcome)
            return
        if len(self._waiting) >= MAX_OPEN:
            raise Unavailable(f"{MAX_OPEN} clients wait for the stdio server already")
        self._server.wake()
        self._waiting.append((frame, reply))

    def _greet(self, frame: jsonrpc.Frame, reply: Reply, welcome: dict[str, msgspec.Raw]) -> None:
        params = jsonrpc.join_params(params_of(frame))
        try:
            asked = msgspec.json.decode(params, type=_Opening).protocolVersion
        except msgspec.DecodeError:
            asked = ""
        version = msgspec.Raw(jsonrpc.encode(negotiate(asked)))
        result = jsonrpc.join_params({**welcome, "protocolVersion": version})
        if isinstance(frame.id, int | str):
            line = jsonrpc.response(frame.id, result)
            reply.response(jsonrpc.decode_frame(line), line)

    def request(self, frame: jsonrpc.Frame, reply: Reply) -> int:
        """Returns our id of the request, for `cancel`. Raises Unavailable."""
        if not isinstance(frame.id, int | str) or not isinstance(frame.method, str):
            raise InvalidCall("a request needs an id and a method")
        if len(self._asked) >= MAX_OPEN:
            raise Unavailable(f"{MAX_OPEN} requests are open already")
        own = next(self._ids)
        params = params_of(frame)
        token = progress_token(params)
        if token is not None:
            params = with_progress_token(params, b"%d" % own)
        self._server.send(jsonrpc.request(own, frame.method, jsonrpc.join_params(params)))
        self._asked[own] = _Asked(frame.id, reply, None if token is None else bytes(token))
        return own

    def cancel(self, own: int) -> None:
        """The client went away: the server may stop, if it is there."""
        if self._asked.pop(own, None) is None:
            return
        params = b'{"requestId":%d,"reason":"the client went away"}' % own
        with suppress(Unavailable):
            self._server.send(jsonrpc.notification("notifications/cancelled", params))

    def message(self, frame: jsonrpc.Frame, line: bytes) -> None:
        if frame.is_response:
            self._respond(frame)
        elif frame.is_request:
            self._decline(frame)
        else:
            self._notify(frame, line)

    def _respond(self, frame: jsonrpc.Frame) -> None:
        asked = self._asked.pop(frame.id, None) if isinstance(frame.id, int) else None
        if asked is None:
            return  # cancelled meanwhile
        if isinstance(frame.result, msgspec.UnsetType):
            error = b"{}" if isinstance(frame.error, msgspec.UnsetType) else bytes(frame.error)
            line = jsonrpc.raw_error(asked.id, error)
        else:
            line = jsonrpc.response(asked.id, _renamed(bytes(frame.result), asked.id))
        asked.reply.response(jsonrpc.decode_frame(line), line)

    def _decline(self, frame: jsonrpc.Frame) -> None:
        if not isinstance(frame.id, int | str):
            return
        if frame.method == "ping":
            self._server.send(jsonrpc.response(frame.id, b"{}"))
            return
        message = f"{frame.method} can not be asked of clients that share a server"
        self._server.send(jsonrpc.error(frame.id, jsonrpc.METHOD_NOT_FOUND, message))

    def _notify(self, frame: jsonrpc.Frame, line: bytes) -> None:
        """To the request that it names, or to the only one open; else nobody's."""
        params = params_of(frame)
        token = _integer(params.get("progressToken"))
        subscription = _integer((read_meta(params) or {}).get(META_SUBSCRIPTION_ID))
        if token is not None:
            asked = self._asked.get(token)
            if asked is not None and asked.token is not None:
                told = {**params, "progressToken": msgspec.Raw(asked.token)}
                asked.reply.message(_notification(frame, jsonrpc.join_params(told)))
        elif subscription is not None:
            asked = self._asked.get(subscription)
            if asked is not None:
                told_params = _renamed(jsonrpc.join_params(params), asked.id)
                asked.reply.message(_notification(frame, told_params))
        elif len(self._asked) == 1:
            next(iter(self._asked.values())).reply.message(line)

    def ready(self, welcome: bytes) -> None:
        try:
            self._welcome = msgspec.json.decode(welcome, type=dict[str, msgspec.Raw])
        except msgspec.DecodeError:
            self._welcome = {}
        waiting, self._waiting = self._waiting, []
        for frame, reply in waiting:
            self._greet(frame, reply, self._welcome)

    def crashed(self, why: str) -> None:
        self._welcome = None
        asked, self._asked = self._asked, {}
        waiting, self._waiting = self._waiting, []
        for one in asked.values():
            answer_error(one.reply, one.id, jsonrpc.UPSTREAM_FAILED, why)
        for frame, reply in waiting:
            if isinstance(frame.id, int | str):
                answer_error(reply, frame.id, jsonrpc.UPSTREAM_FAILED, why)

    async def stop(self) -> None:
        self.crashed("the server was stopped")
        await self._server.stop()
        self._place.leave()


def _integer(raw: msgspec.Raw | None) -> int | None:
    if raw is None:
        return None
    text = bytes(raw)
    return int(text) if text.isdigit() and len(text) < 16 else None


def _notification(frame: jsonrpc.Frame, params: bytes) -> bytes:
    return jsonrpc.notification(str(frame.method), params)


def _renamed(body: bytes, id: jsonrpc.Id) -> bytes:
    """An object whose `_meta` names its subscription by the client's own id."""
    if META_SUBSCRIPTION_ID.encode() not in body:
        return body
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return body
    meta = read_meta(members)
    if meta is None or META_SUBSCRIPTION_ID not in meta:
        return body
    meta[META_SUBSCRIPTION_ID] = msgspec.Raw(jsonrpc.encode(id))
    return jsonrpc.join_params({**members, "_meta": msgspec.Raw(jsonrpc.join_params(meta))})
