"""Pinned definitions of upstreams' tools: what becomes of a tool that its upstream reworded. Pure.

Pinned is the definition that was there when the tool came, or that was approved last. By the
upstream's policy a new one is accepted; flagged: offered, and the difference kept until somebody
looks; held: clients keep the pinned one; or the tool is withdrawn until somebody looks. A change
of what `digest` leaves out is no change, and is always taken.

What a tool of an API is includes the request that it becomes: in here, and where it is pinned or
pending, the request is one more member of its definition.
"""

from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from mcpgateway.common.errors import Conflict
from mcpgateway.control_plane.registry.definitions.definition_diff import (
    Change,
    Severity,
    diff,
    digest,
    worst,
)
from mcpgateway.control_plane.registry.definitions.requests import parted, whole
from mcpgateway.control_plane.registry.definitions.suspicion import warnings
from mcpgateway.control_plane.registry.model import DefinitionPolicy, Tool
from mcpgateway.control_plane.registry.wording import repeatability

State: TypeAlias = Literal["accepted", "flagged", "held", "withdrawn", "rejected"]

STATES: tuple[State, ...] = get_args(State)
OPEN: tuple[State, ...] = ("flagged", "held", "withdrawn")  # wait for somebody
_STATE_OF: dict[DefinitionPolicy, State] = {
    "accept": "accepted",
    "flag": "flagged",
    "hold": "held",
    "withdraw": "withdrawn",
}
NEW = Change(at="", what="a new tool", severity="behaviour")


class Drift(msgspec.Struct, frozen=True, kw_only=True, rename={"was": "from", "now": "to"}):
    """As it is kept in `Tool.drift`. `was` and `now` are digests, `was` None: the tool is new.
    `pinned` is the definition before, of a flagged one. `by`: who approved or rejected it."""

    state: State
    at: datetime
    was: str | None
    now: str
    severity: Severity
    changes: tuple[Change, ...]
    warnings: tuple[str, ...] = ()
    pinned: str | None = None
    by: str | None = None


def drift_of(tool: Tool) -> Drift | None:
    return None if tool.drift is None else msgspec.convert(tool.drift, Drift)


def pinned(tool: Tool) -> str:
    """The definition that counts as approved."""
    drift = drift_of(tool)
    return offered(tool) if drift is None or drift.pinned is None else drift.pinned


def offered(tool: Tool) -> str:
    """The definition that is used."""
    return whole(tool.definition, tool.request)


def listed(tool: Tool) -> str:
    """The definition that the upstream had when it was last looked at."""
    return offered(tool) if tool.pending is None else tool.pending


def withheld(tool: Tool) -> bool:
    """Whether no client gets it: `store.tools.WITHHELD` in SQL."""
    return tool.drift is not None and tool.drift.get("state") == "withdrawn"


def arrived(definition: str, policy: DefinitionPolicy, at: datetime) -> dict[str, Any]:
    """The columns of a tool that an upstream did not have before. Only where tools are withdrawn
    a new one waits for somebody."""
    if policy != "withdraw":
        return {}
    return {"drift": _kept(_drift("withdrawn", at, None, definition, (NEW,)))}


def reworded(tool: Tool, definition: str, policy: DefinitionPolicy, at: datetime) -> dict[str, Any]:
    """The columns that change when the upstream has this definition (`requests.whole`) now."""
    drift, approved, now = drift_of(tool), pinned(tool), digest(definition)
    if drift is not None and drift.was is None and drift.state in OPEN:
        again = _drift(drift.state, at, None, definition, (NEW,))
        return _offered(tool, definition, again)
    if now == digest(approved):
        return _offered(tool, definition, drift if drift and drift.state == "accepted" else None)
    if drift is not None and drift.state == "rejected" and drift.now == now:
        return {"pending": definition}
    state = _STATE_OF[policy]
    new = _drift(state, at, digest(approved), definition, diff(approved, definition))
    match state:
        case "accepted":
            return _offered(tool, definition, new)
        case "flagged":
            return _offered(tool, definition, msgspec.structs.replace(new, pinned=approved))
    return _offered(tool, approved, new) | {"pending": definition}


def approved(tool: Tool, by: str, at: datetime) -> dict[str, Any]:
    """The columns once the upstream's definition is the pinned one. Raises Conflict."""
    drift = _open(tool, (*OPEN, "rejected"))
    done = msgspec.structs.replace(drift, state="accepted", at=at, by=by, pinned=None)
    return _offered(tool, listed(tool), done)


def rejected(tool: Tool, by: str, at: datetime) -> dict[str, Any]:
    """The columns once the pinned definition stays, whatever the upstream says; the same words of
    it are then no news. Raises Conflict, also for a tool that has no other definition."""
    drift = _open(tool, OPEN)
    if drift.was is None:
        raise Conflict("this tool is new, no older definition of it is pinned: disable it instead")
    done = msgspec.structs.replace(drift, state="rejected", at=at, by=by, pinned=None)
    return _offered(tool, pinned(tool), done) | {"pending": listed(tool)}


def _open(tool: Tool, states: tuple[State, ...]) -> Drift:
    drift = drift_of(tool)
    if drift is None or drift.state not in states:
        state = "has no changed definition" if drift is None else f"is {drift.state} already"
        raise Conflict(f"nothing waits for approval: tool {tool.name!r} {state}")
    return drift


def _drift(
    state: State, at: datetime, was: str | None, definition: str, changes: tuple[Change, ...]
) -> Drift:
    return Drift(
        state=state,
        at=at,
        was=was,
        now=digest(definition),
        severity=worst(changes),
        changes=changes,
        warnings=warnings(definition),
    )


def _offered(tool: Tool, definition: str, drift: Drift | None) -> dict[str, Any]:
    told, request = parted(definition, of_api=tool.request is not None)
    return {
        "definition": told,
        "request": request,
        "pending": None,
        "drift": None if drift is None else _kept(drift),
        **repeatability(told, tool.overrides),
    }


def _kept(drift: Drift) -> dict[str, Any]:
    """As plain JSON: nothing of it is read by a schema of the database."""
    kept: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(drift))
    return kept
