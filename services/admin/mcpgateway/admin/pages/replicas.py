"""The data planes and which revision each has applied."""

from starlette.responses import Response

from mcpgateway.admin import shapes
from mcpgateway.admin.view import Visit
from mcpgateway.common.errors import NotFound


async def index(visit: Visit) -> Response:
    return visit.page("replicas.html", fleet=await fleet_of(visit))


async def fleet_of(visit: Visit) -> shapes.Fleet | None:
    """None when the API does not show replicas (MCPGATEWAY_ADMIN_API_ENABLED=false)."""
    try:
        return await visit.api.one(shapes.Fleet, "/v1/replicas", visit.token)
    except NotFound:
        return None
