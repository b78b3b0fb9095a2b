"""Answers that need no upstream: the handshake of both eras, ping, and every list.

They come from the pinned table, so no upstream, however slow or dead, delays a connect.
"""

from collections.abc import Callable
from functools import partial

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.envelope import Problem, read_string
from mcpgateway.common.mcp.headers import SESSION_ID
from mcpgateway.common.mcp.revisions import META_SERVER_INFO, MODERN, negotiate
from mcpgateway.common.routing.view import View
from mcpgateway.common.routing.view_lists import ListName
from mcpgateway.data_plane.parked.session_state import CAPABILITIES
from mcpgateway.data_plane.pipeline.answer import (
    invalid_param,
    unknown_method,
)
from mcpgateway.data_plane.pipeline.call import Call, Result
from mcpgateway.data_plane.pipeline.client_sessions import ClientSessions
from mcpgateway.data_plane.pipeline.forms import acknowledge
from mcpgateway.data_plane.pipeline.offered import revisions
from mcpgateway.data_plane.pipeline.pages import Pages, Part
from mcpgateway.data_plane.pipeline.tasks.offering import TaskOffering

LOG_LEVELS = frozenset(
    ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
)

# Lists are cheap here and change within milliseconds of a registry write: nobody should keep an
# old one. They depend on who asks.
_CACHE = {"ttlMs": 0, "cacheScope": "private"}

SearchedList = Callable[[Call, ListName], bytes]
"""Answers a JSON array of tools in place of a list that a view has."""

_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Local:
    """The methods that are answered here. `version` is ours, for `serverInfo`."""

    def __init__(
        self,
        sessions: ClientSessions,
        pages: Pages,
        version: str,
        offering: TaskOffering | None = None,
        searched: SearchedList | None = None,
    ) -> None:
        """`offering` says where tasks are offered; without it, where an upstream has them.
        `searched` lists tools where there are too many; without it, all are listed."""
        self._searched = searched
        self._sessions = sessions
        self._pages = pages
        self._offering = offering or TaskOffering(kept=False)
        info = {"name": "mcpgateway", "version": version}
        self._info = msgspec.json.encode(info)
        modern = {"resultType": "complete", **_CACHE, "_meta": {META_SERVER_INFO: info}}
        self._modern_tail = b"," + msgspec.json.encode(modern)[1:]

    def initialize(self, call: Call) -> Result | Problem:
        """Legacy handshake: what was agreed goes into the sealed session id."""
        requested = read_string(call.params.get("protocolVersion"))
        capabilities = call.params.get("capabilities", msgspec.Raw(b"{}"))
        info = call.params.get("clientInfo", msgspec.Raw(b"{}"))
        if requested is None:
            return invalid_param("protocolVersion", "must be a string")
        if not (_is_object(capabilities) and _is_object(info)):
            return invalid_param("capabilities", "and clientInfo must be objects")
        if len(bytes(capabilities)) > CAPABILITIES:
            size = len(bytes(capabilities))
            return invalid_param("capabilities", f"has {size} bytes, at most {CAPABILITIES}")
        revision = negotiate(requested, revisions(call.view))
        session = self._sessions.create(
            call.view.server_id, call.caller, revision, bytes(capabilities), bytes(info)
        )
        body = b'{"protocolVersion":%b,"capabilities":%b,"serverInfo":%b%b}' % (
            jsonrpc.encode(revision),
            self._offering.legacy(call.view, revision),
            self._info,
            _instructions(call.view),
        )
        return Result(body, ((SESSION_ID, session.encode()),))

    def discover(self, call: Call) -> Result | Problem:
        head = b'{"supportedVersions":%b,"capabilities":%b%b' % (
            jsonrpc.encode(MODERN),
            self._offering.modern(call.view),
            _instructions(call.view),
        )
        return Result(head + self._modern_tail)

    def ping(self, _call: Call) -> Result | Problem:
        return Result(b"{}")

    def tools_list(self, call: Call) -> Result | Problem:
        name = self._offering.tools(call.era, call.revision)
        if self._searched is None or not call.view.searched:
            return self._list(call, b"tools", name)
        return self._listed(call, b"tools", Part((self._searched(call, name),)))

    def prompts_list(self, call: Call) -> Result | Problem:
        return self._list(call, b"prompts", "prompts")

    def resources_list(self, call: Call) -> Result | Problem:
        return self._list(call, b"resources", "resources")

    def templates_list(self, call: Call) -> Result | Problem:
        return self._list(call, b"resourceTemplates", "templates")

    def set_level(self, call: Call) -> str:
        """Kept in the session, which every replica finds; without one there is nothing to keep."""
        level = _level_of(call)
        if isinstance(level, Problem):
            call.form.refuse(call, level)
            return "refused"
        if call.session is None:
            call.form.result(call, Result(b"{}"))
            return "ok"
        self._sessions.set_level(call.session, level, partial(acknowledge, call))
        return "ok"

    def _list(self, call: Call, member: bytes, name: ListName) -> Result | Problem:
        part = self._pages.part(call, name)
        return part if isinstance(part, Problem) else self._listed(call, member, part)

    def _listed(self, call: Call, member: bytes, part: Part) -> Result:
        tail = self._modern_tail if call.era == "modern" else b"}"
        pieces = (b'{"%b":' % member, *part.items, part.cursor + tail)
        return Result(pieces=pieces, listed=part.whole)


def _level_of(call: Call) -> str | Problem:
    """Accepted where an upstream logs."""
    if "logging" not in _objects.decode(call.view.capabilities):
        return unknown_method(call.method)
    level = read_string(call.params.get("level"))
    if level not in LOG_LEVELS:
        return invalid_param("level", f"must be one of {', '.join(sorted(LOG_LEVELS))}")
    return level


def _instructions(view: View) -> bytes:
    text = view.instructions
    return b',"instructions":' + jsonrpc.encode(text) if text else b""


def _is_object(raw: msgspec.Raw) -> bool:
    try:
        _objects.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
