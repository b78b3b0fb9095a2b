"""Reads all lists of an upstream, page by page, within limits; what is left out is named."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.mcp import lists, param_headers
from mcpgateway.common.mcp.lists import Item, ListKind, Page
from mcpgateway.common.mcp.revisions import LATEST_MODERN
from mcpgateway.control_plane.discovery.channel import Channel, MethodRefused
from mcpgateway.control_plane.registry.discovered.ports import Found

PAGES = 50
ITEMS = 10_000
TOTAL_BYTES = 64 * 1024 * 1024  # of all pages together


@dataclass(slots=True)
class Catalogue:
    """What the lists said. `typed`: every result carried `resultType`."""

    found: dict[str, tuple[Found, ...]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    typed: bool = True
    bytes_left: int = TOTAL_BYTES

    def of(self, kind: ListKind) -> tuple[Found, ...]:
        return self.found.get(kind.method, ())


async def read_catalogue(channel: Channel) -> Catalogue:
    """Only the lists that the capabilities offer. Raises UpstreamError: half a list is none."""
    capabilities = msgspec.json.decode(channel.hello.capabilities, type=dict[str, Any])
    catalogue = Catalogue()
    for kind in lists.LISTS:
        if not lists.offered(kind, capabilities):
            continue
        try:
            found = [
                Found(item.name, item.definition) async for item in _items(channel, kind, catalogue)
            ]
        except MethodRefused as error:
            _forgive(error, kind, channel, catalogue)
            continue
        catalogue.found[kind.method] = tuple(found)
    if not channel.hello.told and not catalogue.found:
        raise UpstreamRejected("the upstream answers neither server/discover nor any list")
    return catalogue


def _forgive(error: MethodRefused, kind: ListKind, channel: Channel, catalogue: Catalogue) -> None:
    """A list that is not there is empty: many servers have resources and no templates."""
    if error.rpc_code != jsonrpc.METHOD_NOT_FOUND:
        raise error
    if channel.hello.told and kind is not lists.TEMPLATES:
        catalogue.problems.append(f"{kind.method}: offered, but {error.message}")


async def _items(channel: Channel, kind: ListKind, catalogue: Catalogue) -> AsyncIterator[Item]:
    read = 0
    async for page in _pages(channel, kind, catalogue):
        catalogue.problems.extend(page.problems)
        catalogue.typed &= page.typed
        for item in page.items:
            if read == ITEMS:
                catalogue.problems.append(
                    f"{kind.method}: over {ITEMS} items; the rest is left out"
                )
                return
            read += 1
            problem = param_headers.problem(item.definition) if kind is lists.TOOLS else None
            modern = channel.era == "modern"
            if problem is not None:
                said = (
                    problem if modern else f"not offered to clients of {LATEST_MODERN}: {problem}"
                )
                catalogue.problems.append(f"{kind.method}: {item.name[:80]!r}: {said}")
            if problem is None or not modern:
                yield item


async def _pages(channel: Channel, kind: ListKind, catalogue: Catalogue) -> AsyncIterator[Page]:
    params: jsonrpc.Params = {}
    for _ in range(PAGES):
        result = await channel.ask(kind.method, params)
        catalogue.bytes_left -= len(result)
        if catalogue.bytes_left < 0:
            raise UpstreamRejected(
                f"{kind.method}: all lists together are over {TOTAL_BYTES} bytes"
            )
        try:
            page = lists.read_page(kind, result)
        except lists.ListError as error:
            raise UpstreamRejected(f"{kind.method} was answered with no list: {error}") from error
        yield page
        if page.cursor is None:
            return
        params = {"cursor": msgspec.Raw(jsonrpc.encode(page.cursor))}
    catalogue.problems.append(f"{kind.method}: over {PAGES} pages; the rest is left out")
