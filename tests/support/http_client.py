"""HTTP clients that need no network."""

from collections.abc import AsyncIterator

from typing_extensions import override

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.runtime.http.client import (
    Headers,
    HttpClient,
    Origin,
    Receiver,
    Response,
    Ticket,
    Timeouts,
)


class UnreachableClient(HttpClient):
    """Reaches nobody."""

    @override
    def send(
        self,
        origin: Origin,
        head: bytes,
        body: bytes,
        receiver: Receiver,
        *,
        safe: bool = False,
        timeouts: Timeouts | None = None,
    ) -> Ticket:
        raise UpstreamUnreachable(f"{origin.host} does not answer")

    @override
    async def request(
        self,
        method: str,
        url: str,
        headers: Headers = (),
        body: bytes | AsyncIterator[bytes] = b"",
        *,
        safe: bool = False,
        timeouts: Timeouts | None = None,
        tls: str = "",
    ) -> Response:
        raise UpstreamUnreachable(f"{url} does not answer")

    @override
    async def aclose(self) -> None:
        pass
