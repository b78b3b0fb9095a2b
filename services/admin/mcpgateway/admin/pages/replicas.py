"""The data planes and which revision each has applied."""

from starlette.responses import Response

from mcpgateway.admin import shapes
from mcpgateway.admin.view import Visit


async def index(visit: Visit) -> Response:
    fleet = await visit.api.one(shapes.Fleet, "/v1/replicas", visit.token)
    return visit.page("replicas.html", fleet=fleet)
