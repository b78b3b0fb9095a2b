"""A Kubernetes API server, as far as its pods go, with the document that the real one has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.mcp_servers import serve
from support.real_documents import real_document


async def _pods(request: Request) -> JSONResponse:
    metadata = {"name": "web-1", "namespace": request.path_params["namespace"]}
    pod = {"metadata": metadata, "status": {"phase": "Running"}}
    return JSONResponse({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [pod]})


@asynccontextmanager
async def cluster_api() -> AsyncIterator[str]:
    """Its URL."""
    document = await real_document("kubernetes")

    async def told(request: Request) -> Response:
        return Response(document, media_type="application/json")

    routes = [
        Route("/openapi/v2", told),
        Route("/api/v1/namespaces/{namespace}/pods", _pods),
    ]
    async with serve(Starlette(routes=routes)) as url:
        yield url
