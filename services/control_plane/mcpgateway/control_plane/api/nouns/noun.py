"""What all nouns have in common over REST: list, detail, make, change, switch, delete.

What differs is said by a `Noun`: how its bodies are read, what is done, what is shown.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, get_type_hints

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from typing_extensions import override

from mcpgateway.common.routing.model import Key, Kind
from mcpgateway.control_plane.api.http import paging
from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.api.http.exchange import (
    MAX_BODY,
    actor_of,
    at,
    expected_version,
    id_of,
    json,
    read_object,
    viewer_of,
)
from mcpgateway.control_plane.api.http.operation import Listed, Operation, Shown
from mcpgateway.control_plane.registry import servers
from mcpgateway.control_plane.registry.actor import Actor, visible
from mcpgateway.control_plane.registry.model import Entity
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.views import After, Query

Json: TypeAlias = dict[str, Any]
Body: TypeAlias = Mapping[str, Any]

V = TypeVar("V", bound=Entity)
D = TypeVar("D")
D_contra = TypeVar("D_contra", contravariant=True)


class Acts(Protocol[D_contra]):
    """The use cases of one noun: a module of `registry`. All raise NotFound, Denied, Stale,
    Conflict and InvalidCall as they apply; `expected` is the version of If-Match."""

    async def create(self, ports: Ports, actor: Actor, draft: D_contra, /) -> Change: ...

    async def replace(
        self, ports: Ports, actor: Actor, id: str, draft: D_contra, expected: int | None, /
    ) -> Change: ...

    async def set_state(
        self, ports: Ports, actor: Actor, id: str, enabled: bool, expected: int | None, /
    ) -> Change: ...

    async def remove(
        self, ports: Ports, actor: Actor, id: str, expected: int | None, /
    ) -> Change: ...


def _no_more(change: Change) -> Json:
    return {}


@dataclass(frozen=True, slots=True)
class Noun(Generic[V, D]):
    """`name` is that of its paths and of the array in a wrapped list; `what` that in messages and
    around a body; `kind` what data planes call it, None when they do not get it. `key` is what
    lists are sorted by. `parse` reads a body; its second argument says whether it makes a new
    thing. `more` is shown of a change beside the thing itself."""

    name: str
    what: str
    kind: Kind | None
    read: Callable[[Query], Awaitable[list[V]]]
    key: Callable[[V], str]
    show: Callable[[V], Json]
    parse: Callable[[Body, bool], D]
    acts: Acts[D]
    created: int = 200  # HTTP status
    array: str = ""  # the name in a wrapped list, where it is another
    more: Callable[[Change], Json] = _no_more
    limit: int = MAX_BODY  # bytes of a body
    refuses: Sequence[int] = ()  # statuses of making and changing, beside 403, 404, 409 and 412

    @property
    def shown(self) -> Shown:
        """How answers with one are described."""
        return Shown(self.show, title=self._title)

    @property
    def written(self) -> Shown:
        """And those of making and changing one."""
        if self.more is _no_more:
            return self.shown
        return Shown(self.show_written, (self._view, Change), f"{self._title}Written")

    @property
    def switched(self) -> Shown:
        return Shown(self.show_switched, (self._view, str), f"{self._title}Switched")

    @property
    def _title(self) -> str:
        return "".join(word.capitalize() for word in self.what.split())

    @property
    def _view(self) -> Any:
        """What `show` takes."""
        return next(iter(get_type_hints(self.show).values()))

    def show_written(self, row: V, change: Change) -> Json:
        return self.show(row) | self.more(change)

    def show_switched(self, row: V, said: str) -> Json:
        return {"status": "success", "message": said, self.what: self.show(row)}

    async def one(self, actor: Actor, id: str) -> V:
        """Raises NotFound."""
        query = Query(viewer=actor.viewer, ids=(id,), include_inactive=True)
        found = await self.read(query)
        return visible(found[0] if found else None, actor, self.what, id)

    async def page(self, page: paging.Page) -> Any:
        rows = await self.read(page.query)
        keys = [After(self.key(row), row.id) for row in rows]
        return paging.answer(page, self.array or self.name, [self.show(row) for row in rows], keys)


class NounRoutes(Generic[V, D]):
    """The handlers of one noun."""

    def __init__(self, ports: Ports, writes: Writes, noun: Noun[V, D]) -> None:
        self._ports = ports
        self._writes = writes
        self._noun = noun

    def routes(self) -> Sequence[Route]:
        noun, name, what = self._noun, self._noun.name, self._noun.what
        refuses, one = (403, 409, *noun.refuses), {200: noun.written}
        making = Operation(
            self.create, f"Make a {what}", {noun.created: noun.written}, refuses, tagged=True
        )
        changing = Operation(self.replace, f"Change a {what}", one, refuses, tagged=True)
        switching = Operation(
            self.set_state, f"Switch a {what} on or off", {200: noun.switched}, (403,), tagged=True
        )
        return (
            at(
                f"/{name}",
                GET=Operation(
                    self.list, f"List {name}", {200: Listed(noun.array or name, noun.shown)}
                ),
                POST=making,
            ),
            at(
                f"/{name}/{{id}}",
                GET=Operation(self.get, f"One {what}", {200: noun.shown}, tagged=True),
                PUT=changing,
                DELETE=Operation(self.remove, f"Delete a {what}", {200: Shown(done)}, (403,)),
            ),
            at(f"/{name}/{{id}}/state", POST=switching),
            at(f"/{name}/{{id}}/toggle", POST=switching),
        )

    async def list(self, request: Request) -> Response:
        return json(await self._noun.page(page_of(request)))

    async def get(self, request: Request) -> Response:
        row = await self._noun.one(actor_of(request), id_of(request, self._noun.what))
        return json(self._noun.show(row), headers={"ETag": f'"{row.version}"'})

    async def create(self, request: Request) -> Response:
        noun, actor = self._noun, actor_of(request)

        async def act(ports: Ports) -> Change:
            draft = noun.parse(await read_object(request, noun.limit), True)
            return await noun.acts.create(ports, actor, draft)

        async def show(change: Change) -> Written:
            return await self._shown(actor, change, noun.created)

        return await self._writes.run(request, act, show)

    async def replace(self, request: Request) -> Response:
        noun, actor = self._noun, actor_of(request)
        id, expected = id_of(request, noun.what), expected_version(request)

        async def act(ports: Ports) -> Change:
            draft = noun.parse(await read_object(request, noun.limit), False)
            return await noun.acts.replace(ports, actor, id, draft, expected)

        async def show(change: Change) -> Written:
            return await self._shown(actor, change)

        return await self._writes.run(request, act, show)

    async def remove(self, request: Request) -> Response:
        noun, actor = self._noun, actor_of(request)
        id, expected = id_of(request, noun.what), expected_version(request)

        async def act(ports: Ports) -> Change:
            return await noun.acts.remove(ports, actor, id, expected)

        async def show(change: Change) -> Written:
            said = f"{noun.what.capitalize()} {id} deleted"
            if change.note:
                said += f"; {change.note}"
            return Written(done(said), self._key(id), change.revision)

        return await self._writes.run(request, act, show)

    async def set_state(self, request: Request) -> Response:
        noun, actor = self._noun, actor_of(request)
        id, expected = id_of(request, noun.what), expected_version(request)
        enabled = paging.activate(request.query_params)

        async def act(ports: Ports) -> Change:
            return await noun.acts.set_state(ports, actor, id, enabled, expected)

        async def show(change: Change) -> Written:
            word = "activated" if enabled else "deactivated"
            said = f"{noun.what.capitalize()} {id} {word}"
            row = await noun.one(actor, id)
            body = noun.show_switched(row, said)
            return Written(body, self._key(id), change.revision, version=row.version)

        return await self._writes.run(request, act, show)

    async def _shown(self, actor: Actor, change: Change, status: int = 200) -> Written:
        row = await self._noun.one(actor, change.id)
        body = self._noun.show_written(row, change)
        return Written(body, self._key(row.id), change.revision, status, row.version)

    def _key(self, id: str) -> Key | None:
        return Key(self._noun.kind, id) if self._noun.kind else None


class HeldRoutes(NounRoutes[V, D]):
    """And what a server holds of the noun."""

    @override
    def routes(self) -> Sequence[Route]:
        name = self._noun.name
        listed = Listed(name, self._noun.shown)
        of_server = Operation(self.of_server, f"The {name} of a server", {200: listed})
        return (*super().routes(), at(f"/servers/{{id}}/{name}", GET=of_server))

    async def of_server(self, request: Request) -> Response:
        """All of them, unless a limit is asked for."""
        id, page = id_of(request, "server"), page_of(request)
        server = await servers.one(self._ports, actor_of(request), id)
        limited = "limit" in request.query_params
        query = msgspec.structs.replace(
            page.query, server_id=server.id, limit=page.query.limit if limited else None
        )
        limit = page.limit if limited else None
        return json(await self._noun.page(page._replace(query=query, limit=limit)))


def done(said: str) -> Json:
    return {"status": "success", "message": said}


def page_of(request: Request) -> paging.Page:
    return paging.read_page(request.query_params, viewer_of(request))
