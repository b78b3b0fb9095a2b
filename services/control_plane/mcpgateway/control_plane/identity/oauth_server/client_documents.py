"""Clients whose id is the URL of a document about them (OAuth client id metadata documents)."""

import re
from collections import OrderedDict
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import msgspec

from mcpgateway.common.errors import GatewayError
from mcpgateway.control_plane.identity.oauth_server import client_metadata, redirects
from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError, invalid_client
from mcpgateway.control_plane.identity.oauth_server.pace import Pace
from mcpgateway.control_plane.registry.people.oauth_server import Client

MAX_DOCUMENT = 32 * 1024  # bytes
LEAST, MOST = timedelta(minutes=5), timedelta(hours=24)  # that a document is believed
FAILED = timedelta(seconds=30)  # that a failure is
_A_HOST = 20  # fetches a minute from one host
_PATH = re.compile(r"/[^?#]+")


class Fetched(NamedTuple):
    """`max_age` in seconds as the answer's cache-control says, None when it says nothing."""

    body: bytes
    max_age: int | None


class Fetcher(Protocol):
    async def fetch(self, url: str, limit: int) -> Fetched:
        """JSON that is there without a redirect, within seconds. Raises GatewayError."""


class _Kept(NamedTuple):
    value: dict[str, Any] | OAuthError
    until: datetime


def is_document(client_id: str) -> bool:
    return client_id.startswith("https:")


class ClientDocuments:
    """Keeps what it fetched, of at most 1,000 URLs; full: the one fetched longest ago goes."""

    def __init__(
        self,
        fetcher: Fetcher,
        schemes: Collection[str],
        clock: Callable[[], datetime],
        keep: int = 1000,
    ) -> None:
        self._fetcher = fetcher
        self._schemes = schemes
        self._clock = clock
        self._keep = keep
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._pace = Pace(_A_HOST, timedelta(minutes=1), "documents of this host were fetched")

    async def client(self, client_id: str) -> Client:
        """Raises OAuthError that says what is wrong with the URL or the document, LimitExceeded."""
        wrong = url_problem(client_id)
        if wrong:
            raise invalid_client(f"client_id {wrong}")
        said = await self.json(client_id)
        if said.get("client_id") != client_id:
            raise invalid_client("the document at client_id names another client_id")
        if any(name in said for name in ("client_secret", "client_secret_expires_at")):
            raise invalid_client("the document at client_id holds a secret")
        try:
            metadata = client_metadata.read(said, self._schemes, shared_secrets=False)
        except OAuthError as error:
            raise invalid_client(f"the document at client_id: {error.description}") from error
        return Client(id=client_id, metadata=metadata, registered=False)

    async def json(self, url: str) -> dict[str, Any]:
        """The object that is there. Raises what `client` does."""
        now = self._clock()
        kept = self._kept.get(url)
        if kept is None or kept.until <= now:
            self._pace.note(urlsplit(url).netloc, now)
            kept = await self._fetch(url)
            self._kept[url] = kept
            self._kept.move_to_end(url)
            while len(self._kept) > self._keep:
                self._kept.popitem(last=False)
        if isinstance(kept.value, OAuthError):
            raise kept.value
        return kept.value

    async def _fetch(self, url: str) -> _Kept:
        try:
            fetched = await self._fetcher.fetch(url, MAX_DOCUMENT)
            value = msgspec.json.decode(fetched.body, type=dict[str, Any])
        except GatewayError as error:
            return self._failed(error.message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._failed(f"{url} is no JSON object")
        age = timedelta(seconds=min(fetched.max_age or 0, MOST.total_seconds()))
        return _Kept(value, self._clock() + max(LEAST, age))

    def _failed(self, why: str) -> _Kept:
        wrong = invalid_client(f"the document of this client can not be read: {why}")
        return _Kept(wrong, self._clock() + FAILED)


def url_problem(url: str) -> str | None:
    """What keeps an https URL from being a client's id."""
    found = redirects.problem(url, ())
    if found:
        return found
    parts = urlsplit(url)
    if not url.startswith(f"https://{parts.netloc}/") or not _PATH.fullmatch(parts.path):
        return "must be https with a path"
    if "?" in url:
        return "must have no query"
    if any(segment in (".", "..") for segment in parts.path.split("/")):
        return "must hold no . or .. segment"
    return None
