"""Cuts off who may no longer call: what is open under a table that is not the current one any more.

Nothing is registered when a call comes: what is under way is found at the connections, whose notes
say who was let in where. So calls cost nothing more, and a change that takes something away is felt
within the swap of the table. Listeners are ended by their own register, with the words of their
protocol; this looks after the rest: connected channels, parked calls, requests that are not
answered yet, answers that are still being sent.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.routing.model import Key, Kind
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View
from mcpgateway.common.runtime.http.request_head import Refused
from mcpgateway.common.runtime.http.server_home import UnderWay
from mcpgateway.data_plane.edge.callers import admitted
from mcpgateway.data_plane.edge.plain_tools import TOOL
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator
from mcpgateway.data_plane.pipeline.call import Caller
from mcpgateway.data_plane.pipeline.searching.meant import offers

Passes = Callable[[Caller, str], bool]
"""Whether a caller may still be at a virtual server ("" for everything)."""

# What takes something away from those whom it names, and what does from anybody.
_OF_SOMEBODY: frozenset[Kind] = frozenset(("principal", "api_token", "revocation"))
_OF_ANYBODY: frozenset[Kind] = frozenset(("signing_key", "role", "rule", "server"))
# What takes something away where it is gone from the table; new or changed it does not.
_OFFERED: frozenset[Kind] = frozenset(("tool", "prompt", "resource"))
_NOT_LET_IN = Refused(401, "access was withdrawn while the request was under way")
# Not 401: other credentials would not help, and whoever is told so may log in again.
_NOT_OFFERED = Refused(403, "what is asked for was withdrawn while the request was under way")


class Cuttable(Protocol):
    """What stays open for callers."""

    def cut(self, passes: Passes) -> None: ...


class Cutting:
    """A listener for the table holder, behind those that end things in better words."""

    def __init__(self, authenticator: Authenticator, kept: Sequence[Cuttable]) -> None:
        self._authenticator = authenticator
        self._kept = tuple(kept)
        self._under_way: Callable[[], Iterable[UnderWay]] = tuple

    def watch(self, under_way: Callable[[], Iterable[UnderWay]]) -> None:
        """Where requests that are not answered yet are found."""
        self._under_way = under_way

    def table_changed(self, table: Table, touched: frozenset[Key] | None) -> None:
        concerned = _concerned(table, touched)
        if concerned is None:
            return
        judge = _Judge(self._authenticator, table, concerned)
        for each in self._kept:
            each.cut(judge.passes)
        for request in list(self._under_way()):
            refusal = judge.refusal(request)
            if refusal is not None:
                request.cut(refusal)


def _concerned(table: Table, touched: frozenset[Key] | None) -> Callable[[Caller], bool] | None:
    """From whom something may have been taken away; None: from nobody."""
    if touched is None or any(key.kind in _OF_ANYBODY for key in touched) or _gone(table, touched):
        return lambda caller: True
    ids = frozenset(key.id for key in touched if key.kind in _OF_SOMEBODY)
    if not ids:
        return None
    return lambda caller: (
        not ids.isdisjoint((caller.subject.id, caller.subject.token, caller.api_token))
    )


def _gone(table: Table, touched: frozenset[Key]) -> bool:
    """Whether anything is not offered any more: deleted, disabled, or its upstream is."""
    there = table.by_kind()
    return any(key.kind in _OFFERED and key.id not in there[key.kind] for key in touched)


class _Judge:
    """Looks once more at those who are concerned, under a new table."""

    def __init__(
        self, authenticator: Authenticator, table: Table, concerned: Callable[[Caller], bool]
    ) -> None:
        self._authenticator = authenticator
        self._table = table
        self._concerned = concerned

    def passes(self, caller: Caller, server: str) -> bool:
        return not self._concerned(caller) or self._view(caller, server) is not None

    def refusal(self, request: UnderWay) -> Refused | None:
        """Of a request that would not be let in again, or is for what is not offered any more."""
        found = admitted(request.notes)
        if found is None or not self._concerned(found.caller):
            return None
        view = self._view(found.caller, found.server)
        if view is None:
            return _NOT_LET_IN
        tool: str | None = request.notes.get(TOOL)
        if tool is not None:
            return None if offers(view, tool, {}) else _NOT_OFFERED
        return None if _offers(view, request.body) else _NOT_OFFERED

    def _view(self, caller: Caller, server: str) -> View | None:
        table = self._table
        if not self._authenticator.still(table, caller):
            return None
        subject = caller.subject
        if subject.stored(table.principals):
            renewed = subject.renewed(table.principals)
            if renewed is None:
                return None
            subject = renewed
        return table.view(subject, server or None)


def _offers(view: View, body: bytes) -> bool:
    """Whether the one thing that a message names is among what there is; a message that names none
    asks for nothing in particular."""
    try:
        frame = jsonrpc.decode_frame(body)
    except jsonrpc.FrameError:
        return True
    params = frame.params if isinstance(frame.params, dict) else {}
    name, uri = read_string(params.get("name")), read_string(params.get("uri"))
    match frame.method:
        case "tools/call" if name is not None:
            return offers(view, name, params)
        case "prompts/get" if name is not None:
            return name in view.prompts
        case "resources/read" if uri is not None:
            return view.resource(uri) is not None
        case _:
            return True
