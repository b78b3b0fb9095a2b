"""/admin/{noun}: what scripts read of ContextForge's admin API in JSON. Lists by page number, all
ids, a search of one noun, one thing. Its HTML and its forms have no counterpart: the admin pages
are another service, and writes go to /{noun}."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from typing_extensions import override

from mcpgateway.control_plane.api import search
from mcpgateway.control_plane.api.http import paging
from mcpgateway.control_plane.api.http.applied import Writes
from mcpgateway.control_plane.api.http.errors import bad_query
from mcpgateway.control_plane.api.http.exchange import at, json, viewer_of
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.nouns.noun import Json, Noun, NounRoutes, done, page_of
from mcpgateway.control_plane.registry.model import Entity
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.search import NOUNS, Hit

V = TypeVar("V", bound=Entity)
D = TypeVar("D")

MAX_PAGE = 1_000_000
_PAGE: Schema = {"type": "integer", "minimum": 1, "default": 1}
_PAGED: Schema = {
    "type": "object",
    "properties": {
        "data": {"type": "array", "items": {"type": "object"}},
        "pagination": {"type": "object"},
        "links": {"type": "object"},
    },
    "required": ["data", "pagination", "links"],
}


class AdminLists(NounRoutes[V, D], Generic[V, D]):
    """`changing`: PUT and DELETE too, which ContextForge has of gateways only."""

    def __init__(
        self, ports: Ports, writes: Writes, noun: Noun[V, D], *, changing: bool = False
    ) -> None:
        super().__init__(ports, writes, noun)
        self._changing = changing

    @override
    def routes(self) -> Sequence[Route]:
        noun, name = self._noun, self._noun.name
        one = {200: noun.written}
        reading = Operation(self.get, f"One {noun.what}", {200: noun.shown}, tagged=True)
        changes = {
            "PUT": Operation(self.replace, f"Change a {noun.what}", one, (403, 409), tagged=True),
            "DELETE": Operation(self.remove, f"Delete a {noun.what}", {200: Shown(done)}, (403,)),
        }
        paged = Operation(self.pages, f"A page of {name}", {200: _PAGED})
        all_ids = Operation(self.all_ids, f"All ids of {name}", {200: Shown(self.show_ids)})
        found = Operation(self.found, f"Search {name}", {200: Shown(self.show_found)})
        more = changes if self._changing else {}
        return (
            at(f"/admin/{name}", GET=paged),
            at(f"/admin/{name}/ids", GET=all_ids),
            at(f"/admin/{name}/search", GET=found),
            at(f"/admin/{name}/{{id}}", GET=reading, **more),
        )

    async def pages(self, request: Request) -> Response:
        """`?page=`, `?per_page=` and the filters of lists."""
        number = _number(request, "page", 1, MAX_PAGE)
        size = _number(request, "per_page", paging.DEFAULT_LIMIT, paging.MAX_LIMIT)
        query = msgspec.structs.replace(page_of(request).query, limit=number * size, after=None)
        rows = await self._noun.read(query)
        count = await self._ports.store.read.count(self._noun.name, query)
        shown = [self._noun.show(row) for row in rows[(number - 1) * size :]]
        return json(paged(shown, count, number, size, _address(request)))

    async def all_ids(self, request: Request) -> Response:
        query = msgspec.structs.replace(page_of(request).query, limit=None)
        found = [row.id for row in await self._noun.read(query)]
        return json(self.show_ids(found))

    async def found(self, request: Request) -> Response:
        """Nothing asked for finds nothing."""
        name = self._noun.array or self._noun.name
        wanted = search.read_wanted(request.query_params, viewer_of(request))
        nouns = tuple(noun for noun in NOUNS if noun == name)
        wanted = msgspec.structs.replace(wanted, nouns=nouns)
        hits = () if wanted.empty else (await self._ports.store.read.search(wanted))[nouns[0]]
        return json(self.show_found(hits))

    def show_ids(self, ids: Sequence[str]) -> Json:
        return {f"{self._noun.what}_ids": ids, "count": len(ids)}

    def show_found(self, hits: Sequence[Hit]) -> Json:
        name = self._noun.array or self._noun.name
        return {name: [search.shown(hit) for hit in hits], "count": len(hits)}


def paged(
    shown: Sequence[Json], count: int, number: int, size: int, address: Callable[[int], str]
) -> Json:
    """A page in ContextForge's words."""
    pages = max(1, -(-count // size))
    return {
        "data": shown,
        "pagination": {
            "page": number,
            "per_page": size,
            "total_items": count,
            "total_pages": pages,
            "has_next": number < pages,
            "has_prev": number > 1,
            "next_cursor": None,
            "prev_cursor": None,
        },
        "links": {
            "self": address(number),
            "first": address(1),
            "last": address(pages),
            "next": address(number + 1) if number < pages else None,
            "prev": address(number - 1) if number > 1 else None,
        },
    }


def _address(request: Request) -> Callable[[int], str]:
    """The path of another page with the same filters."""
    others = {name: value for name, value in request.query_params.items() if name != "page"}
    path = request.url.path
    return lambda number: f"{path}?{urlencode(others | {'page': str(number)})}"


def _number(request: Request, name: str, usual: int, most: int) -> int:
    note(request.query_params, name, {**_PAGE, "maximum": most, "default": usual})
    text = request.query_params.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or not 1 <= int(text) <= most:
        raise bad_query(name, f"must be 1 to {most}")
    return int(text)
