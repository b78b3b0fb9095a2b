"""Tools, prompts and resources: what upstreams offer, listed with a search, and in detail."""

from typing import TypeVar

from starlette.responses import Response

from mcpgateway.admin import shapes
from mcpgateway.admin.view import Visit

T = TypeVar("T")

SHOWN = 200  # rows of one page; a search narrows down


async def tools(visit: Visit) -> Response:
    search = visit.request.query_params.get("q", "")[:200].strip()
    rows = await visit.api.all(shapes.Tool, "/v1/tools", visit.token)
    words = search.lower().split()
    found = [row for row in rows if row.matches(words)]
    return visit.page(
        "tools.html", tools=found[:SHOWN], found=len(found), total=len(rows), search=search
    )


async def tool(visit: Visit) -> Response:
    return visit.page("tool.html", tool=await _one(visit, shapes.Tool, "tools"))


async def prompts(visit: Visit) -> Response:
    rows = await visit.api.all(shapes.Prompt, "/v1/prompts", visit.token)
    return visit.page("prompts.html", prompts=rows[:SHOWN], total=len(rows))


async def prompt(visit: Visit) -> Response:
    return visit.page("prompt.html", prompt=await _one(visit, shapes.Prompt, "prompts"))


async def resources(visit: Visit) -> Response:
    rows = await visit.api.all(shapes.Resource, "/v1/resources", visit.token)
    return visit.page("resources.html", resources=rows[:SHOWN], total=len(rows))


async def resource(visit: Visit) -> Response:
    return visit.page("resource.html", resource=await _one(visit, shapes.Resource, "resources"))


async def _one(visit: Visit, kind: type[T], noun: str) -> T:
    return await visit.api.one(kind, f"/v1/{noun}/{visit.request.path_params['id']}", visit.token)
