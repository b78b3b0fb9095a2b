"""/servers: virtual servers."""

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
from mcpgateway.control_plane.api.nouns.server_input import read_server
from mcpgateway.control_plane.registry import servers
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.views import After

WHAT = "server"


class Servers:
    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._ports = ports
        self._writes = writes

    def routes(self) -> list[Route]:
        return [
            at("/servers", GET=self.list, POST=self.create),
            at("/servers/{id}", GET=self.get, PUT=self.replace, DELETE=self.delete),
            at("/servers/{id}/state", POST=self.set_state),
            at("/servers/{id}/toggle", POST=self.set_state),
        ]

    async def list(self, request: Request) -> Response:
        page = paging.read_page(request.query_params, viewer_of(request))
        rows = await self._ports.store.read.servers(page.query)
        keys = [After(row.name, row.id) for row in rows]
        return json(paging.answer(page, "servers", [render.server(row) for row in rows], keys))

    async def get(self, request: Request) -> Response:
        row = await servers.one(self._ports, actor_of(request), id_of(request, WHAT))
        return json(render.server(row), headers={"ETag": f'"{row.version}"'})

    async def create(self, request: Request) -> Response:
        wait = read_wait(request.query_params)
        actor = actor_of(request)
        draft = read_server(await read_object(request), new=True)
        change = await servers.create(self._ports, actor, draft)
        return await self._written(wait, actor, change, 201)

    async def replace(self, request: Request) -> Response:
        wait = read_wait(request.query_params)
        actor = actor_of(request)
        id, expected = id_of(request, WHAT), expected_version(request)
        draft = read_server(await read_object(request), new=False)
        change = await servers.replace(self._ports, actor, id, draft, expected)
        return await self._written(wait, actor, change, 200)

    async def delete(self, request: Request) -> Response:
        wait = read_wait(request.query_params)
        id, expected = id_of(request, WHAT), expected_version(request)
        change = await servers.remove(self._ports, actor_of(request), id, expected)
        body = {"status": "success", "message": f"Server {id} deleted"}
        return await self._writes.answer(Written(body, Key("server", id), change.revision), wait)

    async def set_state(self, request: Request) -> Response:
        wait = read_wait(request.query_params)
        actor, enabled = actor_of(request), paging.activate(request.query_params)
        change = await servers.set_state(self._ports, actor, id_of(request, WHAT), enabled)
        row = await servers.one(self._ports, actor, change.id)
        word = "activated" if enabled else "deactivated"
        body = {
            "status": "success",
            "message": f"Server {row.id} {word}",
            "server": render.server(row),
        }
        return await self._writes.answer(
            Written(body, Key("server", row.id), change.revision), wait
        )

    async def _written(
        self, wait: float | None, actor: Actor, change: Change, status: int
    ) -> Response:
        row = await servers.one(self._ports, actor, change.id)
        key = Key("server", row.id)
        written = Written(render.server(row), key, change.revision, status, row.version)
        return await self._writes.answer(written, wait)
