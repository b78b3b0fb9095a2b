"""How a write is tried: `?dry_run=true` answers what it would have done."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from starlette.responses import Response

from mcpgateway.control_plane.api.http.exchange import json
from mcpgateway.control_plane.registry.history.diff import of_change, opened
from mcpgateway.control_plane.registry.history.effects import Effect, effects
from mcpgateway.control_plane.registry.history.model import Change, Tried
from mcpgateway.control_plane.registry.ports import Change as Written
from mcpgateway.control_plane.registry.ports import Ports

MAX_SHOWN = 1000  # changes, and effects; more are counted

Json = dict[str, Any]


async def answer(ports: Ports, act: Callable[[Ports], Awaitable[Written]]) -> Response:
    """Refused as the write would be; nothing is written."""
    async with ports.store.trial() as trial:
        await act(replace(ports, store=trial))
        tried = await trial.outcome()
    return json(await asyncio.to_thread(shown, tried))


def shown(tried: Tried) -> Json:
    changed = {(each.noun, each.id) for each in tried.changes}
    found = effects(tried.before, tried.after, changed)
    seen = [shown_effect(each) for each in islice(found, MAX_SHOWN)]
    return {
        "dryRun": True,
        **shown_changes(tried.changes),
        "effects": seen,
        "moreEffects": sum(1 for _ in found),
    }


def shown_changes(changes: Sequence[Change]) -> Json:
    """Without what was only stamped anew; `moreChanges` counts those that were not looked at."""
    rows: list[Json] = []
    for looked, each in enumerate(changes):
        if len(rows) == MAX_SHOWN:
            return {"changes": rows, "moreChanges": len(changes) - looked}
        diff = of_change(each)
        if diff:
            about = {"noun": each.noun, "id": each.id, "name": name_of(each), "op": each.op}
            rows.append(about | {"diff": diff})
    return {"changes": rows, "moreChanges": 0}


def name_of(change: Change) -> str:
    """What people call it; its id when it has no name."""
    members = opened(change.after) or opened(change.before) or {}
    return str(members.get("name") or members.get("uri") or change.id)


def shown_effect(effect: Effect) -> Json:
    body: Json = {
        "server": effect.place._asdict() if effect.place else None,
        "kind": effect.kind,
        "name": effect.name,
        "effect": effect.effect,
        "what": effect.what,
        "for": effect.audience,
    }
    return body | ({"except": effect.but} if effect.but else {})
