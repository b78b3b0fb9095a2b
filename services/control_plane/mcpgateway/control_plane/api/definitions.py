"""/tools/{id}/definition and /definitions/drift: what upstreams reworded, approved or rejected."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.routing.model import Key
from mcpgateway.control_plane.api.http import paging
from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import (
    actor_of,
    at,
    expected_version,
    id_of,
    json,
    read_object,
    viewer_of,
)
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Operation
from mcpgateway.control_plane.registry.actor import Actor, visible
from mcpgateway.control_plane.registry.definitions import approval
from mcpgateway.control_plane.registry.definitions.definition_diff import digest
from mcpgateway.control_plane.registry.definitions.definitions import (
    OPEN,
    STATES,
    State,
    drift_of,
    listed,
    offered,
    pinned,
    withheld,
)
from mcpgateway.control_plane.registry.definitions.suspicion import warnings
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.views import After, Query, ToolView

Json = dict[str, Any]

_DIGEST = 64  # characters
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_DEFINITION: Schema = {
    "type": "object",
    "properties": {"hash": {"type": "string"}, "definition": {}},
    "required": ["hash", "definition"],
}
_SHOWN: Schema = {
    "title": "ToolDefinition",
    "type": "object",
    "properties": {
        "toolId": {"type": "string"},
        "toolName": {"type": "string"},
        "gatewayId": _TEXT_OR_NULL,
        "pinned": _DEFINITION,
        "pending": {"anyOf": [_DEFINITION, {"type": "null"}]},
        "offered": {"type": "string", "enum": ["pinned", "pending", "none"]},
        "drift": {"type": ["object", "null"]},
        "warnings": _TEXTS,
    },
    "required": ["toolId", "toolName", "pinned", "pending", "offered", "drift", "warnings"],
}
_DRIFTED: Schema = {
    "title": "ToolDrift",
    "type": "object",
    "properties": {
        "toolId": {"type": "string"},
        "toolName": {"type": "string"},
        "originalName": {"type": "string"},
        "gatewayId": _TEXT_OR_NULL,
        "gatewaySlug": _TEXT_OR_NULL,
        "enabled": {"type": "boolean"},
        "offered": {"type": "string", "enum": ["pinned", "pending", "none"]},
        "drift": {"type": "object"},
    },
    "required": ["toolId", "toolName", "offered", "drift"],
}
_DRIFTS: Schema = {"type": "array", "items": _DRIFTED}
_PAGE: Schema = {
    "anyOf": [
        _DRIFTS,
        {
            "type": "object",
            "properties": {"drift": _DRIFTS, "nextCursor": _TEXT_OR_NULL},
            "required": ["drift", "nextCursor"],
        },
    ]
}


class Decides(Protocol):
    async def __call__(
        self, ports: Ports, actor: Actor, id: str, expected: int | None, seen: str | None
    ) -> Change: ...


class Definitions:
    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._read = ports.store.read
        self._writes = writes

    def routes(self) -> Sequence[Route]:
        one = {200: _SHOWN}
        reading = Operation(self.get, "The definition of a tool", one, tagged=True)
        refuses = (403, 409, 412)
        approving = Operation(
            self.approve,
            "Approve of what an upstream says of a tool now",
            one,
            refuses,
            tagged=True,
        )
        rejecting = Operation(
            self.reject, "Keep the definition of a tool that is pinned", one, refuses, tagged=True
        )
        listing = Operation(self.list, "Tools that upstreams reworded", {200: _PAGE})
        return (
            at("/tools/{id}/definition", GET=reading),
            at("/tools/{id}/definition/approve", POST=approving),
            at("/tools/{id}/definition/reject", POST=rejecting),
            at("/definitions/drift", GET=listing),
        )

    async def get(self, request: Request) -> Response:
        row = await self._one(actor_of(request), id_of(request, "tool"))
        return json(show(row), headers={"ETag": f'"{row.version}"'})

    async def list(self, request: Request) -> Response:
        """Of tools that are switched off too."""
        page = paging.read_page(request.query_params, viewer_of(request))
        states = _states(request.query_params)
        everything = msgspec.structs.replace(page.query, include_inactive=True)
        rows = await self._read.drifted(everything, states)
        keys = [After(row.name, row.id) for row in rows]
        return json(paging.answer(page, "drift", [show_drift(row) for row in rows], keys))

    async def approve(self, request: Request) -> Response:
        return await self._decided(request, approval.approve)

    async def reject(self, request: Request) -> Response:
        return await self._decided(request, approval.reject)

    async def _decided(self, request: Request, decide: Decides) -> Response:
        actor, id, expected = actor_of(request), id_of(request, "tool"), expected_version(request)

        async def act(ports: Ports) -> Change:
            return await decide(ports, actor, id, expected, await _seen(request))

        async def show_it(change: Change) -> Written:
            row = await self._one(actor, id)
            return Written(show(row), Key("tool", id), change.revision, 200, row.version)

        return await self._writes.run(request, act, show_it)

    async def _one(self, actor: Actor, id: str) -> ToolView:
        query = Query(viewer=actor.viewer, ids=(id,), include_inactive=True)
        found = await self._read.tools(query)
        return visible(found[0] if found else None, actor, "tool", id)


async def _seen(request: Request) -> str | None:
    """`hash` of the body, which may be empty."""
    if request.headers.get("content-length", "0") == "0":
        return None
    fields = Fields(await read_object(request))
    said = fields.filled("hash", _DIGEST, required=False)
    fields.check()
    return None if said is UNSET else said


def _states(params: Mapping[str, str]) -> tuple[State, ...]:
    said = paging.text(params, "state", f"Comma-separated, of {', '.join(STATES)}.")
    words = [word.strip() for word in said.split(",") if word.strip()]
    found = tuple(state for state in STATES if state in words)
    if set(words) - set(found):
        raise bad_query("state", f"must be any of {', '.join(STATES)}")
    return found or OPEN


def show(row: ToolView) -> Json:
    """`pending` is the upstream's definition where it is not the pinned one."""
    approved, now = pinned(row), listed(row)
    return {
        "toolId": row.id,
        "toolName": row.name,
        "gatewayId": row.upstream_id,
        "pinned": _definition(approved),
        "pending": None if now == approved else _definition(now),
        "offered": _offered(row),
        "drift": _drift(row),
        "warnings": list(warnings(approved)),
    }


def show_drift(row: ToolView) -> Json:
    return {
        "toolId": row.id,
        "toolName": row.name,
        "originalName": row.original_name,
        "gatewayId": row.upstream_id,
        "gatewaySlug": row.upstream_slug,
        "enabled": row.enabled and row.upstream_enabled,
        "offered": _offered(row),
        "drift": _drift(row),
    }


def _definition(text: str) -> Json:
    return {"hash": digest(text), "definition": msgspec.Raw(text.encode())}


def _offered(row: ToolView) -> str:
    if withheld(row):
        return "none"
    return "pinned" if offered(row) == pinned(row) else "pending"


def _drift(row: ToolView) -> Json | None:
    drift = drift_of(row)
    if drift is None:
        return None
    return {
        "state": drift.state,
        "at": drift.at,
        "by": drift.by,
        "from": drift.was,
        "to": drift.now,
        "severity": drift.severity,
        "changes": [msgspec.to_builtins(change) for change in drift.changes],
        "warnings": list(drift.warnings),
    }
