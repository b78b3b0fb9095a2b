"""The first page: what is there, whether it works, what to do next."""

import asyncio

from starlette.responses import Response

from mcpgateway.admin import shapes
from mcpgateway.admin.pages.replicas import fleet_of
from mcpgateway.admin.view import Visit


async def show(visit: Visit) -> Response:
    upstreams, servers, fleet = await asyncio.gather(
        visit.api.all(shapes.Upstream, "/v1/gateways", visit.token),
        visit.api.all(shapes.Server, "/v1/servers", visit.token),
        fleet_of(visit),
    )
    return visit.page(
        "overview.html",
        upstreams=upstreams,
        servers=servers,
        fleet=fleet,
        failing=[upstream for upstream in upstreams if upstream.state == "bad"],
        tools=sum(upstream.tool_count for upstream in upstreams),
        prompts=sum(upstream.prompt_count for upstream in upstreams),
        resources=sum(upstream.resource_count for upstream in upstreams),
    )
