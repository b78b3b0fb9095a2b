"""/tools, /prompts, /resources: what upstreams offer, listed, in detail, switched."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from typing_extensions import override

from mcpgateway.common.routing.model import Key
from mcpgateway.control_plane.api.http import paging
from mcpgateway.control_plane.api.http.applied import Writes, Written, read_wait
from mcpgateway.control_plane.api.http.exchange import actor_of, at, id_of, json, viewer_of
from mcpgateway.control_plane.api.nouns import render
from mcpgateway.control_plane.registry import switches
from mcpgateway.control_plane.registry.actor import Actor, visible
from mcpgateway.control_plane.registry.ports import Child, Ports
from mcpgateway.control_plane.registry.servers import one as one_server
from mcpgateway.control_plane.registry.views import (
    After,
    PromptView,
    Query,
    ResourceView,
    ToolView,
)

V = TypeVar("V", bound=ToolView | PromptView | ResourceView)


@dataclass(frozen=True, slots=True)
class Noun(Generic[V]):
    """One kind of things: how it is called in paths, read, shown and sorted."""

    name: str
    what: Child
    read: Callable[[Query], Awaitable[list[V]]]
    show: Callable[[V], dict[str, Any]]
    key: Callable[[V], str]

    async def page(self, page: paging.Page) -> Any:
        rows = await self.read(page.query)
        keys = [After(self.key(row), row.id) for row in rows]
        return paging.answer(page, self.name, [self.show(row) for row in rows], keys)


class Listed(Generic[V]):
    """The handlers of one noun."""

    def __init__(self, ports: Ports, writes: Writes, noun: Noun[V]) -> None:
        self._ports = ports
        self._writes = writes
        self._noun = noun

    def routes(self) -> Sequence[Route]:
        name = self._noun.name
        return (
            at(f"/{name}", GET=self.list),
            at(f"/{name}/{{id}}", GET=self.get),
            at(f"/{name}/{{id}}/state", POST=self.set_state),
            at(f"/{name}/{{id}}/toggle", POST=self.set_state),
            at(f"/servers/{{id}}/{name}", GET=self.of_server),
        )

    async def list(self, request: Request) -> Response:
        return json(await self._noun.page(_page(request)))

    async def get(self, request: Request) -> Response:
        row = await self._one(actor_of(request), id_of(request, self._noun.what))
        return json(self._noun.show(row), headers={"ETag": f'"{row.version}"'})

    async def set_state(self, request: Request) -> Response:
        wait = read_wait(request.query_params)
        actor, enabled = actor_of(request), paging.activate(request.query_params)
        what, id = self._noun.what, id_of(request, self._noun.what)
        change = await switches.set_state(self._ports, actor, what, id, enabled)
        word = "activated" if enabled else "deactivated"
        body = {
            "status": "success",
            "message": f"{what.capitalize()} {id} {word}",
            what: self._noun.show(await self._one(actor, id)),
        }
        return await self._writes.answer(Written(body, Key(what, id), change.revision), wait)

    async def _one(self, actor: Actor, id: str) -> V:
        query = Query(viewer=actor.viewer, ids=(id,), include_inactive=True)
        rows = await self._noun.read(query)
        return visible(rows[0] if rows else None, actor, self._noun.what, id)

    async def of_server(self, request: Request) -> Response:
        """All of them, unless a limit is asked for."""
        server = await one_server(self._ports, actor_of(request), id_of(request, "server"))
        page = _page(request)
        limited = page.query.limit if "limit" in request.query_params else None
        query = msgspec.structs.replace(page.query, server_id=server.id, limit=limited)
        limit = page.limit if "limit" in request.query_params else None
        return json(await self._noun.page(page._replace(query=query, limit=limit)))


class Resources(Listed[ResourceView]):
    """And /resources/templates/list. Through a data plane /resources/{id} is the content of a
    resource; /resources/{id}/info is the resource itself, there and here."""

    @override
    def routes(self) -> Sequence[Route]:
        return (
            at("/resources/templates/list", GET=self.templates),
            at("/resources/{id}/info", GET=self.get),
            *super().routes(),
        )

    async def templates(self, request: Request) -> Response:
        page = _page(request)
        query = msgspec.structs.replace(page.query, template=True)
        return json(await self._noun.page(page._replace(query=query)))


def _page(request: Request) -> paging.Page:
    return paging.read_page(request.query_params, viewer_of(request))


def routes(ports: Ports, writes: Writes) -> list[Route]:
    read = ports.store.read
    tools = Noun("tools", "tool", read.tools, render.tool, lambda row: row.name)
    prompts = Noun("prompts", "prompt", read.prompts, render.prompt, lambda row: row.name)
    resources = Noun("resources", "resource", read.resources, render.resource, lambda row: row.uri)
    return [
        *Listed(ports, writes, tools).routes(),
        *Listed(ports, writes, prompts).routes(),
        *Resources(ports, writes, resources).routes(),
    ]
