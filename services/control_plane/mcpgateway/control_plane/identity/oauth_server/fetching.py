"""Fetches JSON of clients: public, within seconds and bytes, from where the address guard lets us,
without following redirects."""

import re

from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.control_plane.identity.oauth_server.client_documents import Fetched
from mcpgateway.control_plane.registry.discovered.ports import Reacher, Request

SECONDS = 5.0  # that the `Reacher` of a `GuardedFetcher` is to wait
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json", re.IGNORECASE)
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])", re.IGNORECASE)


class GuardedFetcher:
    """Implements client_documents.Fetcher."""

    def __init__(self, reacher: Reacher) -> None:
        self._reacher = reacher

    async def fetch(self, url: str, limit: int) -> Fetched:
        asked = Request("GET", url, (("accept", "application/json"),))
        answer = await self._reacher.reach(asked)
        if answer.status != 200:
            raise UpstreamRejected(f"{url} answers {answer.status}, not 200")
        if not _JSON.fullmatch(answer.media_type):
            raise UpstreamRejected(f"{url} is {answer.media_type[:60]}, not application/json")
        if len(answer.body) > limit:
            raise UpstreamRejected(f"{url} is over {limit} bytes")
        found = _MAX_AGE.search(answer.cache_control)
        return Fetched(answer.body, int(found[1]) if found else None)
