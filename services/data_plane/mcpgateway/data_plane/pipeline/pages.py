"""Lists in pages. A list of up to PAGE bytes is one: clients that read only the first get it whole.

A cursor is a handle: sealed for its caller and server, good for any replica, for half an hour, and
for the list as it was. When that has changed since, the client has to begin again.
"""

from collections.abc import Sequence
from typing import NamedTuple

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.envelope import Problem, read_string
from mcpgateway.common.mcp.handles import Handle, HandleError
from mcpgateway.common.routing.listing import Listing
from mcpgateway.common.routing.view_lists import ListName
from mcpgateway.data_plane.pipeline.answer import invalid_param
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.handles import Handles

PAGE = 5 * 1024 * 1024  # bytes of the items of one page
SECONDS = 1800.0  # that a cursor is good for


class Part(NamedTuple):
    """`items` is a JSON array in pieces; `cursor` the member that leads on, with a comma before it.
    `whole` is the list where the part is all of it."""

    items: Sequence[bytes]
    cursor: bytes = b""
    whole: Listing | None = None


class Pages:
    """`size` is the most bytes of a page, unless one item alone has more."""

    def __init__(self, handles: Handles, size: int = PAGE) -> None:
        self._handles = handles
        self._size = size

    def part(self, call: Call, name: ListName) -> Part | Problem:
        """What the call asks for of this list of its view."""
        listing = call.view.lists[name]
        first = self._first(call, name, listing)
        if isinstance(first, Problem):
            return first
        if first == 0 and listing.size <= self._size:
            return Part(listing.pieces, whole=listing)
        items, following = listing.page(first, self._size)
        if following is None:
            return Part((items,))
        key = f"{name} {listing.mark} {following}"
        handle = Handle("", key, int(self._handles.now + SECONDS))
        cursor = self._handles.make_stable("cursor", call.view.server_id, call.caller.key, handle)
        return Part((items,), b',"nextCursor":' + jsonrpc.encode(cursor))

    def _first(self, call: Call, name: ListName, listing: Listing) -> int | Problem:
        """The number of the item that the page begins with."""
        given = call.params.get("cursor")
        if given is None or bytes(given) == b"null":
            return 0
        text = read_string(given)
        if text is None:
            return invalid_param("cursor", "must be a string")
        try:
            handle = self._handles.open("cursor", call.view.server_id, call.caller.key, text)
        except HandleError:
            return invalid_param("cursor", "is unknown or has expired: list again from the start")
        listed, _, rest = handle.key.partition(" ")
        if listed != name:
            return invalid_param("cursor", "is of another list")
        mark, first = rest.split(" ")
        if mark != str(listing.mark):
            return invalid_param("cursor", "is of a list that has changed: list again")
        return int(first)
