"""/resources: those of upstreams, and texts and blobs of our own."""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from typing_extensions import override

from mcpgateway.control_plane.api.http.applied import Writes
from mcpgateway.control_plane.api.http.events import Events
from mcpgateway.control_plane.api.http.exchange import at, json, viewer_of
from mcpgateway.control_plane.api.http.operation import EVENTS, Listed, Operation
from mcpgateway.control_plane.api.nouns import render_held
from mcpgateway.control_plane.api.nouns.noun import HeldRoutes, Noun, page_of
from mcpgateway.control_plane.api.nouns.resource_input import read_resource
from mcpgateway.control_plane.registry import resources, wording
from mcpgateway.control_plane.registry.drafts import ResourceDraft
from mcpgateway.control_plane.registry.ports import Event, Ports, Reader
from mcpgateway.control_plane.registry.views import ResourceView


def noun(read: Reader) -> Noun[ResourceView, ResourceDraft]:
    return Noun(
        name="resources",
        what="resource",
        kind="resource",
        read=read.resources,
        key=lambda row: row.uri,
        show=render_held.resource,
        parse=lambda body, new: read_resource(body, new=new),
        acts=resources,
    )


_WORDS = {"create": "resource_added", "update": "resource_updated", "delete": "resource_deleted"}


class Resources(HeldRoutes[ResourceView, ResourceDraft]):
    """And /resources/templates/list and /resources/subscribe. Through a data plane /resources/{id}
    is the content of a resource; /resources/{id}/info is the resource itself, there and here."""

    def __init__(
        self,
        ports: Ports,
        writes: Writes,
        noun: Noun[ResourceView, ResourceDraft],
        events: Events,
    ) -> None:
        super().__init__(ports, writes, noun)
        self._events = events

    @override
    def routes(self) -> Sequence[Route]:
        shown = self._noun.shown
        listed = Listed(self._noun.name, shown)
        templates = Operation(self.templates, "List resource templates", {200: listed})
        one = Operation(self.get, "One resource", {200: shown}, tagged=True)
        following = Operation(self.subscribe, "Changes as they come", {200: EVENTS}, (429,))
        return (
            at("/resources/templates/list", GET=templates),
            at("/resources/subscribe", POST=following),
            at("/resources/{id}/info", GET=one),
            *super().routes(),
        )

    async def subscribe(self, request: Request) -> Response:
        """What the registry knows of resources. That a content changed at its upstream is told by
        MCP (`resources/subscribe`) through a data plane."""
        return await self._events.stream(viewer_of(request), "resource", told)

    async def templates(self, request: Request) -> Response:
        page = page_of(request)
        query = msgspec.structs.replace(page.query, template=True)
        return json(await self._noun.page(page._replace(query=query)))


def told(event: Event) -> dict[str, Any]:
    """As ContextForge tells it."""
    body = event.body
    said = wording.shown(body["definition"], body["overrides"])
    data = {
        "id": event.id,
        "uri": body["uri"],
        "name": said.get("name") or body["uri"],
        "enabled": body["enabled"],
    }
    return {"type": _WORDS[event.op], "data": data, "timestamp": event.at}
