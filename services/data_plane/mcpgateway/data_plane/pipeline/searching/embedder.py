"""Asks an endpoint for embeddings, one request at a time limit of the caller's.

The operator named the endpoint, so it may be anywhere but where nothing is ever called.
"""

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.runtime.http.client import HttpClient, Response, Timeouts
from mcpgateway.common.runtime.slices import in_slices
from mcpgateway.common.search import embeddings_api
from mcpgateway.common.search.embeddings_api import Endpoint
from mcpgateway.common.search.vectors import Vector

ANSWER = 4 * 1024 * 1024  # bytes of one
_TEXTS = (400, 413, 422)  # statuses that may be about the texts themselves


class TextsRefused(UpstreamRejected):
    """The endpoint is there, and does not want these texts."""


class Embedder:
    """All vectors that it gives have as many numbers as the first, so that they can be compared."""

    def __init__(self, client: HttpClient, endpoint: Endpoint) -> None:
        self._client = client
        self._endpoint = endpoint
        self._dimensions = endpoint.dimensions
        self._headers = [(b"content-type", b"application/json"), (b"accept", b"application/json")]
        if endpoint.key:
            self._headers.append((b"authorization", f"Bearer {endpoint.key}".encode()))

    async def embed(self, texts: list[str], seconds: float) -> list[Vector]:
        """In their order, or within so many seconds an error: TextsRefused, UpstreamError,
        Unavailable."""
        to = self._endpoint
        body = embeddings_api.request(to, texts)
        limits = Timeouts(seconds, seconds, seconds, seconds, seconds)
        async with await self._client.request(
            "POST", to.url, self._headers, body, safe=True, timeouts=limits
        ) as response:
            _expect_success(response)
            answer = await response.read(ANSWER)
        try:
            found = await in_slices(embeddings_api.vectors(answer, len(texts)))
        except ValueError as error:
            raise UpstreamRejected(
                f"the endpoint for embeddings answers no vectors: {error}"
            ) from error
        self._check(len(found[0].values))
        return found

    async def aclose(self) -> None:
        await self._client.aclose()

    def _check(self, dimensions: int) -> None:
        self._dimensions = self._dimensions or dimensions
        if dimensions != self._dimensions:
            raise UpstreamRejected(
                f"the endpoint for embeddings answers vectors of {dimensions} numbers,"
                f" of {self._dimensions} are wanted"
            )


def _expect_success(response: Response) -> None:
    status = response.status
    if status == 200:
        return
    said = f"the endpoint for embeddings answers {status}"
    raise TextsRefused(said) if status in _TEXTS else UpstreamRejected(said)
