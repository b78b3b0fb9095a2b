"""Which runner has the process, or the tunnel, of an upstream. Pure.

Runners share nothing: whoever asks (the control plane, a data plane) finds the same one by the
upstream's id alone, by rendezvous hashing (highest random weight). A runner that is added or taken
away moves only what is its own.
"""

from collections.abc import Iterable
from hashlib import blake2b
from urllib.parse import urlsplit

SETTING = "MCPGATEWAY_RUNNER_URLS"
MOST = 64  # runners of a group


def parse(text: str) -> tuple[str, ...]:
    """Reads SETTING: origins (`http://runner-0:4447`) by commas, each once, in the order of the
    text. Raises ValueError that names the one that is wrong."""
    found = tuple(dict.fromkeys(_origin(word.strip()) for word in text.split(",") if word.strip()))
    if len(found) > MOST:
        raise ValueError(f"may hold {MOST} URLs, has {len(found)}")
    return found


def runner_of(urls: Iterable[str], upstream_id: str) -> str | None:
    """The one of these that has this upstream, whatever their order; None when there is none."""
    return max(urls, key=lambda url: (_weight(url, upstream_id), url), default=None)


def tunnel_url(runner: str, upstream_id: str) -> str:
    """Where a runner serves MCP that comes through a tunnel."""
    return runner + tunnel_path(upstream_id)


def tunnel_path(upstream_id: str) -> str:
    return f"/tunnels/{upstream_id}/mcp"


def ticket_id(upstream_id: str) -> str:
    """Of the credential by which data planes have a runner serve an upstream. It is in no table of
    the registry: it is made for each delta."""
    return f"{upstream_id}:ticket"


def stdio_url(runner: str, upstream_id: str) -> str:
    """Where a runner serves the MCP of a process of its own."""
    return f"{runner}/stdio/{upstream_id}/mcp"


def process_url(runner: str, upstream_id: str) -> str:
    """Where a runner shows the processes of an upstream."""
    return f"{runner}/stdio/{upstream_id}"


def _weight(url: str, upstream_id: str) -> bytes:
    key = blake2b(url.encode()).digest()  # so that URLs of any length count whole
    return blake2b(upstream_id.encode(), digest_size=16, key=key).digest()


def _origin(word: str) -> str:
    try:
        parts = urlsplit(word)
        named = parts.hostname is not None and parts.port != 0
    except ValueError:
        raise ValueError(f"{word!r} is no origin: http(s)://host:port is needed") from None
    if parts.scheme not in ("http", "https") or not named or "@" in parts.netloc:
        raise ValueError(f"{word!r} is no origin: http(s)://host:port is needed")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(f"{word!r} has more than an origin: http(s)://host:port is needed")
    return f"{parts.scheme}://{parts.netloc.lower()}"
