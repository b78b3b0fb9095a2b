"""/gateways: upstream MCP servers."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from typing_extensions import override

from mcpgateway.common.routing.model import Key
from mcpgateway.control_plane.api.http.applied import Written
from mcpgateway.control_plane.api.http.exchange import actor_of, at, id_of
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.http.paging import flag
from mcpgateway.control_plane.api.nouns import render
from mcpgateway.control_plane.api.nouns.gateway_input import read_gateway
from mcpgateway.control_plane.api.nouns.noun import Noun, NounRoutes
from mcpgateway.control_plane.registry import upstreams
from mcpgateway.control_plane.registry.actor import changeable
from mcpgateway.control_plane.registry.discovered import refresh
from mcpgateway.control_plane.registry.discovered.refresh import Refreshed
from mcpgateway.control_plane.registry.drafts import UpstreamDraft
from mcpgateway.control_plane.registry.ports import Change, Ports, Reader
from mcpgateway.control_plane.registry.views import UpstreamView

MAX_BODY = 24 * 1024 * 1024  # bytes: with a document or descriptors in it

# The kinds that a refresh leaves as they are when the parameter is false.
_LEAVING = {"include_resources": ("resources", "templates"), "include_prompts": ("prompts",)}


def noun(read: Reader, clock: Callable[[], datetime]) -> Noun[UpstreamView, UpstreamDraft]:
    return Noun(
        name="gateways",
        what="gateway",
        kind="upstream",
        read=read.upstreams,
        key=lambda row: row.name,
        show=render.gateway,
        parse=lambda body, new: read_gateway(body, new=new, now=clock()),
        acts=upstreams,
        more=lambda change: {"renamedTools": dict(change.renamed)},
        limit=MAX_BODY,
        refuses=(502, 504),
    )


class Gateways(NounRoutes[UpstreamView, UpstreamDraft]):
    """And /gateways/{id}/tools/refresh."""

    @override
    def routes(self) -> Sequence[Route]:
        says = "Read the lists of an upstream again"
        refreshing = Operation(self.refresh, says, {200: Shown(_refreshed)}, (403, 409, 502, 504))
        return (*super().routes(), at("/gateways/{id}/tools/refresh", POST=refreshing))

    async def refresh(self, request: Request) -> Response:
        actor, id = actor_of(request), id_of(request, "gateway")
        leave = _left(request.query_params)
        started = time.monotonic()
        done: list[Refreshed] = []

        async def act(ports: Ports) -> Change:
            row = changeable(await self._noun.one(actor, id), actor, "gateway", id)
            done.append(await refresh.refresh(ports, actor.who, row, leave, actor.viewer.email))
            return Change(id, done[0].revision)

        async def show(change: Change) -> Written:
            milliseconds = (time.monotonic() - started) * 1000
            body = _refreshed(id, done[0], milliseconds, self._ports.clock())
            return Written(body, Key("upstream", id), change.revision)

        return await self._writes.run(request, act, show)


def _left(params: Mapping[str, str]) -> tuple[str, ...]:
    """Raises InvalidCall."""
    left = [kinds for name, kinds in _LEAVING.items() if not flag(params, name, absent=True)]
    return tuple(kind for kinds in left for kind in kinds)


def _refreshed(id: str, refreshed: Refreshed, milliseconds: float, at: datetime) -> dict[str, Any]:
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
        "refreshedAt": at,
    }
