"""A REST service with an OpenAPI document of its own, which keeps what it was asked."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.mcp_servers import serve

PET = {"$ref": "#/components/schemas/Pet"}
TOKEN = "the shop's own secret"


def document(url: str) -> dict[str, Any]:
    """Of a shop at a URL."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Pet shop", "version": "1.0", "description": "Sells pets."},
        "servers": [{"url": f"{url}/v1"}],
        "components": {
            "schemas": {
                "Pet": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "id": {"type": "integer", "readOnly": True},
                        "name": {"type": "string"},
                        "friends": {"type": "array", "items": PET},
                    },
                }
            },
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
        "paths": {
            "/pets": {
                "get": {
                    "operationId": "listPets",
                    "summary": "All pets",
                    "tags": ["pets"],
                    "parameters": [
                        {
                            "name": "kind",
                            "in": "query",
                            "explode": False,
                            "schema": {"type": "array", "items": {"type": "string"}},
                        },
                        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                    ],
                    "responses": _answers({"type": "array", "items": PET}),
                },
                "post": {
                    "operationId": "addPet",
                    "tags": ["pets"],
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": PET}},
                    },
                    "responses": _answers(PET),
                },
            },
            "/pets/{petId}": {
                "parameters": [{"name": "petId", "in": "path", "schema": {"type": "integer"}}],
                "get": {"operationId": "getPet", "tags": ["pets"], "responses": _answers(PET)},
                "head": {"operationId": "headPet", "responses": {}},
            },
            "/pets/{petId}/photo": {
                "post": {
                    "operationId": "addPhoto",
                    "tags": ["photos"],
                    "requestBody": {
                        "content": {
                            "multipart/form-data": {
                                "schema": {
                                    "type": "object",
                                    "properties": {
                                        "title": {"type": "string"},
                                        "photo": {"type": "string", "format": "binary"},
                                    },
                                }
                            }
                        }
                    },
                    "responses": {"204": {}},
                }
            },
        },
    }


def _answers(schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"content": {"application/json": {"schema": schema}}}}


@dataclass
class PetShop:
    """`said` is its document, which a test may change; `asked` are the requests in order."""

    url: str = ""
    said: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    wants: str = ""  # the token that callers have to show, "" for none

    async def _document(self, request: Request) -> Response:
        if request.url.path.endswith(".yaml"):
            return Response(yaml.safe_dump(self.said), media_type="application/yaml")
        return JSONResponse(self.said)

    async def _pets(self, request: Request) -> Response:
        body = (await request.body()).decode("utf-8", "replace")
        self.asked.append(
            {
                "method": request.method,
                "path": request.url.path,
                "query": request.url.query,
                "headers": dict(request.headers),
                "body": body,
            }
        )
        if self.wants and request.headers.get("authorization") != f"Bearer {self.wants}":
            return JSONResponse({"error": "who are you?"}, 401)
        if request.url.path.endswith("/photo"):
            return Response(status_code=204)
        if request.method == "POST":
            return JSONResponse({"id": 7, **json.loads(body)})
        if "petId" in request.path_params:
            return JSONResponse({"id": int(request.path_params["petId"]), "name": "Rex"})
        return JSONResponse([{"id": 1, "name": "Rex", "friends": None}])


@asynccontextmanager
async def pet_shop() -> AsyncIterator[PetShop]:
    """Its document is at /openapi.json and /openapi.yaml, the API at /v1."""
    shop = PetShop()
    app = Starlette(
        routes=[
            Route("/openapi.json", shop._document),
            Route("/openapi.yaml", shop._document),
            Route("/v1/pets", shop._pets, methods=["GET", "POST"]),
            Route("/v1/pets/{petId}", shop._pets),
            Route("/v1/pets/{petId}/photo", shop._pets, methods=["GET", "POST"]),
        ]
    )
    async with serve(app) as url:
        shop.url = url
        shop.said = document(url)
        yield shop
