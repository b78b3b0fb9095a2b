"""The view of a server in search mode, which may have a hundred thousand tools: nothing of it is in
proportion to them. Tools are looked up in the table's own indexes.

Prompts and resources are listed there as at any server, and are made as there.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from typing_extensions import override

from mcpgateway.common.ids import numbered
from mcpgateway.common.policy.access.permits import Permits, Place, place_of
from mcpgateway.common.routing.made_of import may_use
from mcpgateway.common.routing.model import Kind, Server, Tool, Upstream
from mcpgateway.common.routing.search_tools import NAMES
from mcpgateway.common.routing.view import Catalogue, Depends, Offers, View, server_view
from mcpgateway.common.routing.view_lists import Formers

Members = Mapping[str, None]  # a set of ids


class Indexed(Catalogue, Protocol):
    """The part of a table that these views are made of."""

    def claims(self, kind: Kind) -> Mapping[str, tuple[str, ...]]:
        """Ids by the name that they claim; the first in use has it."""

    def children(self, kind: Kind) -> Mapping[str, Iterable[str]]:
        """Ids of what upstreams have, in use or not, by the upstreams' ids."""


def searched_view(
    server: Server,
    permits: Permits,
    catalogue: Indexed,
    members: Members,
    formers: Formers | None = None,
) -> View:
    """`members` are the ids of the server's tools."""
    small = server_view(_without_tools(server), permits, catalogue, formers)
    found = _Found(members, catalogue, permits, place_of(server))
    upstreams = _Upstreams(found, small.upstreams)
    offers = Offers(found, small.prompts, small.resources)
    depends = _Depends(found, small.depends or frozenset())
    return View(offers, upstreams, permits, server, depends, formers)


def _without_tools(server: Server) -> Server:
    return Server(
        server.id,
        server.name,
        prompts=server.prompts,
        resources=server.resources,
        anonymous_access=server.anonymous_access,
        access=server.access,
    )


class _Found(Mapping[str, Tool]):
    """The tools that a class of callers may use, by the names under which they are offered: three
    are ours, whoever bears one of these is numbered."""

    def __init__(
        self, members: Members, catalogue: Indexed, permits: Permits, place: Place
    ) -> None:
        # The maps, not the catalogue: that keeps the view, and would be kept by it.
        self.upstreams = catalogue.upstreams
        self.children = catalogue.children("tool")
        self._members = members
        self._tools = catalogue.tools
        self._claims = catalogue.claims("tool")
        self._permits = permits
        self._place = place

    @override
    def __getitem__(self, name: str) -> Tool:
        found: Tool | None = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    @override
    def get(self, name: str, default: Any = None) -> Any:
        found = None if name in NAMES else self._claimed(name)
        if found is None and any(name.startswith(each) for each in NAMES):
            found = next((self._claimed(each) for each in NAMES if name == self._moved(each)), None)
        return default if found is None else found

    @override
    def __iter__(self) -> Iterator[str]:
        for id in self._members:
            tool = self.usable(id)
            if tool is not None:
                yield self._moved(tool.name) if tool.name in NAMES else tool.name

    @override
    def __len__(self) -> int:
        return sum(1 for _ in self)

    def usable(self, id: str) -> Tool | None:
        """The member of this id, if there is one that may be used."""
        tool = self._tools.get(id) if id in self._members else None
        if tool is None or not may_use(self._permits, tool, self._place, self._tools):
            return None
        return tool

    def _claimed(self, name: str) -> Tool | None:
        found = (self.usable(id) for id in self._claims.get(name, ()))
        return next((each for each in found if each is not None), None)

    def _moved(self, name: str) -> str:
        n = 2
        while self._claimed(numbered(name, n)) is not None:
            n += 1
        return numbered(name, n)

    def has_of(self, upstream: str) -> bool:
        return any(self.usable(id) is not None for id in self.children.get(upstream, ()))


class _Upstreams(Iterable[Upstream]):
    """Those of which something is offered; looked for when they are asked for."""

    def __init__(self, found: _Found, others: Iterable[Upstream]) -> None:
        self._found = found
        self._others = others

    @override
    def __iter__(self) -> Iterator[Upstream]:
        others = {each.id: each for each in self._others}
        yield from others.values()
        for id, upstream in self._found.upstreams.items():
            if id not in others and self._found.has_of(id):
                yield upstream


class _Depends:
    """The view is stale whenever anything changes: it costs next to nothing to make anew, and one
    that stayed would keep the table that it was made of."""

    def __init__(self, found: _Found, others: Depends) -> None:
        self._found = found
        self._others = others

    def isdisjoint(self, other: Iterable[str], /) -> bool:
        return not any(True for _ in other)

    def __contains__(self, id: object, /) -> bool:
        """Of upstreams alone it is asked which are offered."""
        return id in self._others or (isinstance(id, str) and self._found.has_of(id))

    def __len__(self) -> int:
        """Of what is kept."""
        return len(self._others)

    def __bool__(self) -> bool:
        return True
