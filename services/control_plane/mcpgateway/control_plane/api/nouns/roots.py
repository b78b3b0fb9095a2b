"""/roots: what the gateway itself tells when it is asked for its roots. They are named by their
URIs in paths, or by their ids."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from typing_extensions import override

from mcpgateway.common import ids
from mcpgateway.common.errors import NotFound
from mcpgateway.control_plane.api.http.applied import Writes
from mcpgateway.control_plane.api.http.events import Events
from mcpgateway.control_plane.api.http.exchange import actor_of, at, json, viewer_of
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.api.http.operation import EVENTS, Handler, Listed, Operation, Shown
from mcpgateway.control_plane.api.nouns.noun import Body, Json, Noun, NounRoutes, done
from mcpgateway.control_plane.api.nouns.render import common
from mcpgateway.control_plane.api.nouns.shared_input import access, tags, unwrapped
from mcpgateway.control_plane.registry import roots
from mcpgateway.control_plane.registry.drafts import RootDraft
from mcpgateway.control_plane.registry.model import Root, Viewer
from mcpgateway.control_plane.registry.ports import Event, Ports, Reader
from mcpgateway.control_plane.registry.views import Query

URI_LIMIT = 2048
_WORDS = {"create": "root_added", "update": "root_updated", "delete": "root_removed"}
_URI: Schema = {"type": "string", "maxLength": URI_LIMIT, "description": "A URI, or an id."}


def noun(read: Reader) -> Noun[Root, RootDraft]:
    return Noun(
        name="roots",
        what="root",
        kind="root",
        read=read.roots,
        key=lambda row: row.uri,
        show=shown,
        parse=read_root,
        acts=roots,
    )


def read_root(body: Body, new: bool) -> RootDraft:
    """Raises InvalidCall that names every problem."""
    fields = Fields(unwrapped(body, "root"))
    draft = RootDraft(
        uri=fields.filled("uri", URI_LIMIT, required=new),
        name=fields.filled("name", 255, required=False),
        tags=tags(fields),
        **access(fields),
    )
    fields.check()
    return draft


def shown(row: Root) -> Json:
    return {"uri": row.uri, "name": row.name, "id": row.id, "enabled": row.enabled, **common(row)}


class Roots(NounRoutes[Root, RootDraft]):
    def __init__(
        self, ports: Ports, writes: Writes, noun: Noun[Root, RootDraft], events: Events
    ) -> None:
        super().__init__(ports, writes, noun)
        self._events = events

    @override
    def routes(self) -> Sequence[Route]:
        noun = self._noun
        exporting = Operation(self.export, "Roots as a document", {200: Shown(exported)}, (404,))
        one = {200: noun.shown}
        following = Operation(self.changes, "Changes as they come", {200: EVENTS}, (429,))
        return (
            at(
                "/roots",
                GET=Operation(self.list, "List roots", {200: Listed("roots", noun.shown)}),
                POST=Operation(self.create, "Make a root", one, (403, 409), tagged=True),
            ),
            at("/roots/export", GET=exporting),
            at("/roots/changes", GET=following),
            at(
                "/roots/{uri:path}",
                GET=Operation(self._named(self.get), "One root", one, tagged=True),
                PUT=Operation(
                    self._named(self.replace), "Change a root", one, (403, 409), tagged=True
                ),
                DELETE=Operation(
                    self._named(self.remove), "Delete a root", {200: Shown(done)}, (403,)
                ),
            ),
        )

    async def export(self, request: Request) -> Response:
        """All of them, or with `?uri=` one."""
        note(request.query_params, "uri", _URI)
        viewer = viewer_of(request)
        uri = request.query_params.get("uri", "")
        rows = await self._all(viewer)
        found = [_find(rows, uri)] if uri else rows
        return json(exported(found, self._ports.clock(), viewer.email))

    async def changes(self, request: Request) -> Response:
        return await self._events.stream(viewer_of(request), "root", told)

    def _named(self, handler: Handler) -> Handler:
        """The handler of an id, for a path that may have a URI."""

        async def handle(request: Request) -> Response:
            note(request.path_params, "uri", _URI)
            text = request.path_params["uri"]
            rows = await self._all(actor_of(request).viewer)
            request.path_params["id"] = _find(rows, text).id
            return await handler(request)

        return handle

    async def _all(self, viewer: Viewer) -> list[Root]:
        return await self._noun.read(Query(viewer=viewer, include_inactive=True))


def _find(rows: Sequence[Root], text: str) -> Root:
    """By URI, by URI but for slashes at its end (paths lose them), or by id. Raises NotFound."""
    id = ids.as_id(text)
    for same in (
        [row for row in rows if row.uri == text],
        [row for row in rows if row.uri.rstrip("/") == text.rstrip("/")],
        [row for row in rows if row.id == id],
    ):
        if same:
            return same[0]
    raise NotFound(f"no root {text[:200]!r}")


def exported(rows: Sequence[Root], at: datetime, by: str) -> dict[str, Any]:
    shown = [{"uri": row.uri, "name": row.name} for row in rows]
    return {
        "exported_at": at,
        "exported_by": by,
        "export_type": "root",
        "version": "1.0.0",
        "root": shown[0] if len(shown) == 1 else None,
        "roots": shown,
    }


def told(event: Event) -> dict[str, Any]:
    data = {"uri": event.body["uri"], "name": event.body["name"]}
    return {"type": _WORDS[event.op], "data": data, "timestamp": event.at}
