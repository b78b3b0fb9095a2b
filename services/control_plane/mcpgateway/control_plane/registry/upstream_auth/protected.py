"""What an upstream says of the tokens that it wants: in its refusal, and in its resource metadata
(RFC 9728)."""

import re
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import InvalidCall, UpstreamError, UpstreamRejected
from mcpgateway.control_plane.registry.upstream_auth.ports import Answered, OAuthNetwork

T = TypeVar("T")

SCOPES = 100  # of one list
_RESOURCE = re.compile(r'resource_metadata="([^"\\]{1,2048})"')
_SCOPE = re.compile(r'(?:^|[\s,])scope="([^"\\]{1,4096})"')
_PROTECTED = "/.well-known/oauth-protected-resource"
_STREAM = "application/json, text/event-stream"
# Harmless, and never open where anything is not: some servers answer only such, and no GET.
_QUESTION = jsonrpc.encode(
    {
        "jsonrpc": "2.0",
        "id": "who-may",
        "method": "tools/list",
        "params": {
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": {"name": "mcp-gateway", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            }
        },
    }
)
_ASKING = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list", "Accept": _STREAM}


class Protected(msgspec.Struct, frozen=True):
    """Resource metadata; `challenged` are the scopes that its refusal names."""

    resource: str = ""
    authorization_servers: tuple[str, ...] = ()
    scopes_supported: tuple[str, ...] = ()
    challenged: tuple[str, ...] = ()

    @property
    def scopes(self) -> tuple[str, ...]:
        """Which to ask for: as its refusal says, else all that it knows."""
        return (self.challenged or self.scopes_supported)[:SCOPES]


async def protected(network: OAuthNetwork, url: str) -> Protected:
    """Of an upstream. Raises UpstreamRejected where nothing names an authorization server."""
    challenge = await _challenge(network, url)
    named = _RESOURCE.findall(challenge)
    scopes = scopes_in(challenge)
    tried: list[str] = []
    for place in _places(url, named[:1]):
        try:
            _check_place(place, url)
            answered = await network.get(place)
        except (UpstreamError, InvalidCall) as error:
            tried.append(error.message)
            continue
        found = read(answered.body, Protected) if answered.status == 200 else None
        if found is None or not found.authorization_servers:
            tried.append(f"{place} answered {answered.status}, and named no authorization server")
        elif not _covers(found.resource, url):
            tried.append(f"{place} is of another resource, {found.resource[:200]!r}")
        else:
            return msgspec.structs.replace(found, challenged=scopes)
    raise UpstreamRejected(f"no authorization server is named for it: {'; '.join(tried)}")


def scopes_in(challenge: str) -> tuple[str, ...]:
    """The scopes that a WWW-Authenticate line names (RFC 6750 3)."""
    found = _SCOPE.findall(challenge)
    return tuple(found[0].split()) if found else ()


def read(body: bytes, kind: type[T]) -> T | None:
    """None for something else."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError):
        return None


async def _challenge(network: OAuthNetwork, url: str) -> str:
    """What a refusal says, "" for nothing of interest. Raises UpstreamError where the upstream
    can not be reached."""
    answered = await network.get(url, _STREAM)
    if not _says(answered):
        try:
            answered = await network.post(url, _QUESTION, _ASKING)
        except UpstreamError:  # it has talked too long, to anybody
            return ""
    return ", ".join(answered.challenges) if _says(answered) else ""


def _says(answered: Answered) -> bool:
    return answered.status in (401, 403) and bool(answered.challenges)


def _places(url: str, named: Sequence[str]) -> list[str]:
    parts = urlsplit(url)
    base, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    known = [f"{base}{_PROTECTED}{path}", f"{base}{_PROTECTED}"]
    return list(dict.fromkeys([*named, *known]))


def _check_place(place: str, url: str) -> None:
    """The upstream says where its metadata is: at itself (RFC 9728 3), nowhere else."""
    one, other = urlsplit(place), urlsplit(url)
    if (one.scheme, one.netloc.lower()) != (other.scheme, other.netloc.lower()):
        raise UpstreamRejected(f"resource metadata at {place[:200]!r} is not the upstream's own")


def _covers(resource: str, url: str) -> bool:
    """The resource is the upstream, or what it is a part of."""
    plain = url.partition("?")[0].rstrip("/")
    whole = resource.rstrip("/")
    return bool(whole) and (plain == whole or plain.startswith(whole + "/"))
