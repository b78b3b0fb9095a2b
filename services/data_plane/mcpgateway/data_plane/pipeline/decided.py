"""Who did what, and whether it was allowed: counted by call, to be told to control planes.

A call costs one increment on a cell, which a shortcut keeps with it. Cells are for calls that are
alike: the same caller and token, from the same address, the same thing at the same server, decided
alike. Nothing is kept of arguments and answers.
"""

import weakref
from collections.abc import Callable
from typing import Literal, NamedTuple

from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.headers import NAMED_BY
from mcpgateway.common.policy.access.permissions import USE
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.usage import NAME, Done, cut
from mcpgateway.data_plane.pipeline.call import Call

Verdict = Literal["allow", "deny"]

CELLS = 20_000  # calls that are like none of these are counted as untold
_IDLE = 60  # drains after which a cell that only shortcuts use is theirs alone
_SOURCE = "source"  # in the notes of an exchange
_KINDS = {"tools/call": "tool", "prompts/get": "prompt", "resources/read": "resource"}


class About(NamedTuple):
    """What the calls of a cell have in common."""

    principal: str
    token: str
    method: str
    name: bytes | None  # as it was sent, in JSON
    server: str
    source: str
    verdict: Verdict
    rule: str


class Cell:
    """Add one to `count` for a call."""

    __slots__ = ("__weakref__", "action", "count", "id", "idle", "kind", "name")

    def __init__(self, kind: str = "", id: str = "", name: str = "") -> None:
        self.count = 0
        self.idle = 0
        self.kind = kind
        self.id = id
        self.name = name
        self.action = USE.get(kind, "")


class Decisions:
    """Cells live for as long as somebody has them, and a minute from their last use. What a
    connection counted in its last second, after a minute of silence, may be lost with it."""

    def __init__(self, source_of: Callable[[Exchange], str]) -> None:
        self._source_of = source_of
        self._cells: weakref.WeakValueDictionary[About, Cell] = weakref.WeakValueDictionary()
        self._recent: dict[About, Cell] = {}
        self._over = Cell()
        self.untold = 0

    def of(self, call: Call, verdict: Verdict = "allow", rule: str = "") -> Cell:
        """Where a call is counted."""
        subject, member = call.caller.subject, NAMED_BY.get(call.method)
        raw = None if member is None else call.params.get(member)
        about = About(
            subject.id,
            subject.token,
            call.method,
            None if raw is None else bytes(raw),
            call.view.server_id,
            self._source(call.exchange),
            verdict,
            rule,
        )
        cell = self._recent.get(about)
        return self._open(about, call) if cell is None else cell

    def drain(self, now: float) -> list[Done]:
        """What was counted since. `now`: Unix seconds."""
        done = []
        for about, cell in list(self._cells.items()):
            if cell.count:
                done.append(_told(about, cell, now))
                cell.count = cell.idle = 0
                self._recent[about] = cell
            else:
                cell.idle += 1
                if cell.idle == _IDLE:
                    self._recent.pop(about, None)
        self.untold += self._over.count
        self._over.count = 0
        return done

    def _source(self, exchange: Exchange) -> str:
        source: str | None = exchange.notes.get(_SOURCE)
        if source is None:
            source = exchange.notes[_SOURCE] = self._source_of(exchange)
        return source

    def _open(self, about: About, call: Call) -> Cell:
        cell = self._cells.get(about)
        if cell is None:
            if len(self._cells) >= CELLS:
                return self._over
            cell = self._cells[about] = _cell(about, call)
        self._recent[about] = cell
        return cell


def _cell(about: About, call: Call) -> Cell:
    """A refusal is one of access when the thing is not offered, or a rule or role said so."""
    kind = _KINDS.get(about.method, "")
    member = NAMED_BY.get(about.method)
    name = read_string(call.params.get(member)) if kind and member else None
    if name is None:
        return Cell()
    found = _offered(call, kind, name)
    if about.verdict == "deny" and found and not about.rule:
        return Cell()
    return Cell(kind, found, cut(name, NAME))


def _offered(call: Call, kind: str, name: str) -> str:
    """The id of what the caller is offered under this name; "" for nothing."""
    view = call.view
    if kind == "tool":
        tool = view.tools.get(name)
        return "" if tool is None else tool.id
    if kind == "prompt":
        prompt = view.prompts.get(name)
        return "" if prompt is None else prompt.id
    resource = view.resource(name)
    return "" if resource is None else resource.id


def _told(about: About, cell: Cell, now: float) -> Done:
    return Done(
        at=now,
        principal=cut(about.principal),
        token=cut(about.token),
        method=cut(about.method),
        action=cell.action,
        kind=cell.kind,
        id=cut(cell.id),
        name=cell.name,
        server=cut(about.server),
        source=cut(about.source),
        rule=cut(about.rule),
        verdict=about.verdict,
        count=cell.count,
    )
