"""/apply and /documents: many things at once, as documents."""

import asyncio
import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.control_plane.api.http import dry_run
from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import actor_of, at, json, read_object, viewer_of
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.operation import Operation
from mcpgateway.control_plane.api.http.paging import flag
from mcpgateway.control_plane.api.transfer.documents import read_documents
from mcpgateway.control_plane.api.transfer.exporting import Selection, documents
from mcpgateway.control_plane.api.transfer.given import with_given
from mcpgateway.control_plane.api.transfer.kinds import kinds
from mcpgateway.control_plane.registry.history.model import Tried
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.transfer.apply import run
from mcpgateway.control_plane.registry.transfer.kinds import SPECS
from mcpgateway.control_plane.registry.transfer.model import Conflicts, Order, Outcome
from mcpgateway.control_plane.registry.transfer.plan import MAX_LABEL

MAX_BODY = 64 * 1024 * 1024  # bytes
_CONFLICTS: tuple[Conflicts, ...] = get_args(Conflicts)
_LABEL = re.compile(r"[a-z0-9][a-z0-9._-]*")
_DOCUMENT = {"type": "object", "required": ["apiVersion", "kind", "metadata"]}
_OUTCOME = {
    "type": "object",
    "properties": {"results": {"type": "array"}, "summary": {"type": "object"}},
}


class Documents:
    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._ports = ports
        self._writes = writes

    def routes(self) -> Sequence[Route]:
        applied = Operation(
            self.apply,
            "Apply documents, all or nothing",
            {200: _OUTCOME},
            (403, 404, 409, 502, 504),
        )
        listed = {"type": "object", "properties": {"documents": {"type": "array"}}}
        shown = Operation(self.list, "The registry as documents", {200: listed})
        return (at("/apply", POST=applied), at("/documents", GET=shown))

    async def apply(self, request: Request) -> Response:
        """`?dry_run=true`: what would be done."""
        actor = actor_of(request)
        done: list[Outcome] = []

        async def act(ports: Ports) -> Change:
            order = read_order(await read_object(request, MAX_BODY), ports)
            done.append(await run(ports, actor, order))
            return Change("", done[0].revision)

        async def show(change: Change) -> Written:
            return Written(told(done[0]), None, change.revision)

        if flag(request.query_params, "dry_run"):
            async with self._ports.store.trial() as trial:
                await act(dataclasses.replace(self._ports, store=trial))
                tried = await trial.outcome()
            return json(told(done[0]) | await asyncio.to_thread(effects_of, tried))
        return await self._writes.run(request, act, show)

    async def list(self, request: Request) -> Response:
        """`kinds`, `tags`, `set`: by commas."""
        selection = read_selection(request.query_params)
        rows = await documents(kinds(self._ports), viewer_of(request), selection)
        found = await with_given(self._ports.store.read, rows)
        return json({"documents": [each.document for each in found]})


def effects_of(tried: Tried) -> dict[str, Any]:
    """What callers would see of it."""
    found = dry_run.shown(tried)
    return {name: found[name] for name in ("dryRun", "effects", "moreEffects")}


def read_order(body: Mapping[str, Any], ports: Ports) -> Order:
    """Raises InvalidCall."""
    fields = Fields(body)
    conflicts = fields.choice("conflicts", _CONFLICTS)
    operation = fields.choice("operation", ("apply", "delete"))
    label = fields.text("set", MAX_LABEL) or ""
    if label and not _LABEL.fullmatch(label):
        fields.problem("set", "must be made of a-z, 0-9, '.', '_' and '-'", "set")
    prune = fields.boolean("prune") is True
    if prune and not label:
        fields.problem("prune", "needs a set: only what belongs to it is removed", "set")
    effort = fields.boolean("best_effort") is True
    given = fields.raw("documents", {"type": "array", "items": _DOCUMENT})
    fields.check()
    return Order(
        items=read_documents(given, kinds(ports)),
        conflicts=conflicts or "update",
        label=label,
        prune=prune,
        best_effort=effort,
        delete=operation == "delete",
    )


def told(outcome: Outcome) -> dict[str, Any]:
    """As it is answered."""
    actions = [each.action for each in outcome.results]
    return {
        "results": list(outcome.results),
        "summary": {action: actions.count(action) for action in dict.fromkeys(actions)},
        "revision": outcome.revision,
    }


def read_selection(params: Mapping[str, str]) -> Selection:
    """Raises InvalidCall."""
    chosen = [word.strip() for word in params.get("kinds", "").split(",") if word.strip()]
    for word in chosen:
        if word not in SPECS:
            raise bad_query("kinds", f"must be of {', '.join(SPECS)}")
    tags = tuple(word.strip().lower() for word in params.get("tags", "").split(",") if word.strip())
    return Selection(
        kinds=tuple(kind for kind in SPECS if not chosen or kind in chosen),
        tags=tags or None,
        label=params.get("set", ""),
    )
