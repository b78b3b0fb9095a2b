"""Asks providers: JSON in and out over the control plane's one HTTP client, and documents of theirs
kept for as long as they say."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common.errors import Unauthenticated, UpstreamRejected
from mcpgateway.control_plane.registry.discovered.ports import Reached, Reacher, Request

MAX_ANSWER = 1024 * 1024  # bytes
SHORTEST, USUAL, LONGEST = 60.0, 600.0, 3600.0  # seconds that a document is kept
PAUSE = 30.0  # seconds between two fetches of one document because a key was not in it
MAX_DOCUMENTS = 200
_JSON = ("accept", "application/json")


class Document(NamedTuple):
    """`fetched` and `expires` in Unix seconds."""

    content: dict[str, Any]
    fetched: float
    expires: float


@dataclass(slots=True)
class _Place:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    document: Document | None = None


class Outside:
    """`reacher` gives at least MAX_ANSWER + 1 bytes. Over MAX_DOCUMENTS the oldest is forgotten."""

    def __init__(self, reacher: Reacher, clock: Callable[[], datetime]) -> None:
        self._reacher = reacher
        self._clock = clock
        self._places: dict[str, _Place] = {}

    async def document(self, url: str) -> Document:
        """Raises UpstreamError."""
        return await self._fetched(url, lambda kept, now: now < kept.expires)

    async def newer(self, url: str) -> Document:
        """As it is now; as it was when that is not PAUSE ago. Raises UpstreamError."""
        return await self._fetched(url, lambda kept, now: now < kept.fetched + PAUSE)

    async def _fetched(self, url: str, good: Callable[[Document, float], bool]) -> Document:
        place = self._place(url)
        async with place.lock:
            now = self._clock().timestamp()
            if place.document is not None and good(place.document, now):
                return place.document
            reached = await self._reach(Request("GET", url, (_JSON,)))
            content = _object(reached, url)
            seconds = lifetime(reached.cache_control)
            place.document = Document(content, now, now + seconds)
            return place.document

    def _place(self, url: str) -> _Place:
        place = self._places.pop(url, None) or _Place()
        self._places[url] = place
        while len(self._places) > MAX_DOCUMENTS:
            self._places.pop(next(iter(self._places)))
        return place

    async def get(self, url: str, token: str) -> Any:
        """JSON for a bearer token. Raises UpstreamError."""
        reached = await self._reach(Request("GET", url, (_JSON, _bearer(token), _AGENT)))
        return _json(reached, url)

    async def post(self, url: str, token: str, body: object) -> Any:
        """JSON for JSON. Raises UpstreamError."""
        headers = (_JSON, _bearer(token), ("content-type", "application/json"))
        request = Request("POST", url, headers, msgspec.json.encode(body))
        return _json(await self._reach(request), url)

    async def exchange(self, url: str, headers: dict[str, str], body: str) -> dict[str, Any]:
        """The answer of a token endpoint. Raises Unauthenticated with the error that it names,
        UpstreamError."""
        reached = await self._reach(Request("POST", url, tuple(headers.items()), body.encode()))
        answer = _decoded(reached)
        error = answer.get("error") if isinstance(answer, dict) else None
        if isinstance(error, str):
            raise Unauthenticated(f"the provider refused the code: {plain(error)}")
        return _object(reached, url)

    async def _reach(self, request: Request) -> Reached:
        reached = await self._reacher.reach(request)
        if len(reached.body) > MAX_ANSWER:
            raise UpstreamRejected(f"{_named(request.url)}: the answer is over {MAX_ANSWER} bytes")
        return reached


_AGENT = ("user-agent", "mcpgateway")  # GitHub answers nobody without one


def lifetime(cache_control: str) -> float:
    """Seconds that a document is kept, of its Cache-Control."""
    for part in cache_control.lower().split(","):
        name, _, value = part.strip().partition("=")
        if name == "max-age" and value.isdigit():
            return min(max(float(value[:9]), SHORTEST), LONGEST)
    return USUAL


def plain(text: str, limit: int = 200) -> str:
    """What another party wrote, for messages."""
    return "".join(each if 32 <= ord(each) < 127 else "?" for each in text[:limit])


def _bearer(token: str) -> tuple[str, str]:
    return "authorization", f"Bearer {token}"


def _object(reached: Reached, url: str) -> dict[str, Any]:
    found = _json(reached, url)
    if not isinstance(found, dict):
        raise UpstreamRejected(f"{_named(url)}: the answer must be a JSON object")
    return found


def _json(reached: Reached, url: str) -> Any:
    if reached.status != 200:
        raise UpstreamRejected(f"{_named(url)}: answered {reached.status}")
    found = _decoded(reached)
    if found is None:
        raise UpstreamRejected(f"{_named(url)}: the answer is no JSON")
    return found


def _decoded(reached: Reached) -> Any:
    try:
        return msgspec.json.decode(reached.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _named(url: str) -> str:
    return url.partition("?")[0]
