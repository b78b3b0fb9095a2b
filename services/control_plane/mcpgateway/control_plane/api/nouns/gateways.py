"""/gateways: upstream MCP servers."""

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.routing.model import Key
from mcpgateway.control_plane.api.http import paging
from mcpgateway.control_plane.api.http.applied import Writes, Written, read_wait
from mcpgateway.control_plane.api.http.exchange import (
    actor_of,
    at,
    expected_version,
    id_of,
    json,
    read_object,
    viewer_of,
)
from mcpgateway.control_plane.api.nouns import render
from mcpgateway.control_plane.api.nouns.gateway_input import read_gateway
from mcpgateway.control_plane.registry import refresh, upstreams
from mcpgateway.control_plane.registry.actor import Actor, changeable
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.refresh import Refreshed
from mcpgateway.control_plane.registry.views import After

WHAT = "gateway"


class Gateways:
    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._ports = ports
        self._writes = writes

    def routes(self) -> list[Route]:
        return [
            at("/gateways", GET=self.list, POST=self.register),
            at("/gateways/{id}", GET=self.get, PUT=self.replace, DELETE=self.delete),
            at("/gateways/{id}/state", POST=self.set_state),
            at("/gateways/{id}/toggle", POST=self.set_state),
            at("/gateways/{id}/tools/refresh", POST=self.refresh),
        ]

    async def list(self, request: Request) -> Response:
        page = paging.read_page(request.query_params, viewer_of(request))
        rows = await self._ports.store.read.upstreams(page.query)
        keys = [After(row.name, row.id) for row in rows]
        return json(paging.answer(page, "gateways", [render.gateway(row) for row in rows], keys))

    async def get(self, request: Request) -> Response:
        row = await upstreams.one(self._ports, actor_of(request), id_of(request, WHAT))
        return json(render.gateway(row), headers={"ETag": f'"{row.version}"'})

    async def register(self, request: Request) -> Response:
        wait = read_wait(request.query_params)
        actor = actor_of(request)
        draft = read_gateway(await read_object(request), new=True, now=self._ports.clock())
        change = await upstreams.register(self._ports, actor, draft)
        return await self._written(wait, actor, change)

    async def replace(self, request: Request) -> Response:
        wait = read_wait(request.query_params)
        actor = actor_of(request)
        id, expected = id_of(request, WHAT), expected_version(request)
        draft = read_gateway(await read_object(request), new=False, now=self._ports.clock())
        change = await upstreams.replace(self._ports, actor, id, draft, expected)
        return await self._written(wait, actor, change)

    async def delete(self, request: Request) -> Response:
        wait = read_wait(request.query_params)
        id, expected = id_of(request, WHAT), expected_version(request)
        change = await upstreams.remove(self._ports, actor_of(request), id, expected)
        body = {"status": "success", "message": f"Gateway {id} deleted"}
        return await self._writes.answer(Written(body, Key("upstream", id), change.revision), wait)

    async def set_state(self, request: Request) -> Response:
        wait = read_wait(request.query_params)
        actor, enabled = actor_of(request), paging.activate(request.query_params)
        change = await upstreams.set_state(self._ports, actor, id_of(request, WHAT), enabled)
        row = await upstreams.one(self._ports, actor, change.id)
        word = "activated" if enabled else "deactivated"
        body = {
            "status": "success",
            "message": f"Gateway {row.id} {word}",
            "gateway": render.gateway(row),
        }
        key = Key("upstream", row.id)
        return await self._writes.answer(Written(body, key, change.revision), wait)

    async def refresh(self, request: Request) -> Response:
        wait = read_wait(request.query_params)
        actor = actor_of(request)
        id = id_of(request, WHAT)
        row = changeable(await upstreams.one(self._ports, actor, id), actor, WHAT, id)
        started = time.monotonic()
        refreshed = await refresh.refresh(self._ports, actor.who, row)
        milliseconds = (time.monotonic() - started) * 1000
        body = _refreshed(id, refreshed, milliseconds)
        body["refreshedAt"] = self._ports.clock()
        return await self._writes.answer(
            Written(body, Key("upstream", id), refreshed.revision), wait
        )

    async def _written(self, wait: float | None, actor: Actor, change: Change) -> Response:
        row = await upstreams.one(self._ports, actor, change.id)
        body = render.gateway(row) | {"renamedTools": dict(change.renamed)}
        written = Written(body, Key("upstream", row.id), change.revision, 200, row.version)
        return await self._writes.answer(written, wait)


def _refreshed(id: str, refreshed: Refreshed, milliseconds: float) -> dict[str, Any]:
    plans = refreshed.plans
    resources = (plans.resources, plans.templates)
    return {
        "gatewayId": id,
        "success": True,
        "error": None,
        "toolsAdded": len(plans.tools.add),
        "toolsUpdated": len(plans.tools.update),
        "toolsRemoved": len(plans.tools.retire),
        "resourcesAdded": sum(len(plan.add) for plan in resources),
        "resourcesUpdated": sum(len(plan.update) for plan in resources),
        "resourcesRemoved": sum(len(plan.retire) for plan in resources),
        "promptsAdded": len(plans.prompts.add),
        "promptsUpdated": len(plans.prompts.update),
        "promptsRemoved": len(plans.prompts.retire),
        "validationErrors": list(refreshed.problems),
        "renamedTools": dict(refreshed.renamed),
        "durationMs": round(milliseconds, 3),
    }
