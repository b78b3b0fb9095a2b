"""What of a request to a modern upstream stays the same while only its id and arguments change."""

from collections.abc import Callable

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.runtime.http.call import Call
from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.data_plane.upstreams.request import Reader, Sink, UpstreamRequest
from mcpgateway.data_plane.upstreams.targets import Target

Read = Callable[[UpstreamRequest, Sink], Reader]


class RepeatableRequest:
    """Implements `request.Repeatable`. `head` is that of `request`, and `read` makes the reader of
    a response."""

    __slots__ = ("_http", "_origin", "_read", "_request", "head", "safe", "timeouts")

    def __init__(
        self, http: HttpClient, target: Target, head: bytes, request: UpstreamRequest, read: Read
    ) -> None:
        self._http = http
        self._origin = target.origin
        self._request = msgspec.structs.replace(request, params={})
        self._read = read
        self.head = head
        self.safe = request.safe
        self.timeouts = target.timeouts

    def run(self, call: Call) -> None:
        self._http.run(self._origin, call)

    def reader(self, id: jsonrpc.Id, params: jsonrpc.Params, sink: Sink) -> Reader:
        request = msgspec.structs.replace(self._request, id=id, params=params)
        return self._read(request, sink)
