"""Which authorization server gives tokens for an upstream, and where its endpoints are: as the
gateway's configuration says, else as the upstream does (RFC 9728, then RFC 8414 or OpenID Connect
Discovery)."""

import re
from collections.abc import Iterator
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from mcpgateway.common.errors import FieldProblem, InvalidCall, UpstreamError, UpstreamRejected
from mcpgateway.control_plane.registry.oauth import OAuthConfig
from mcpgateway.control_plane.registry.upstream_auth.ports import OAuthNetwork

T = TypeVar("T")

_RESOURCE = re.compile(r'resource_metadata="([^"\\]{1,2048})"')
_PROTECTED = "/.well-known/oauth-protected-resource"
_SERVER = "/.well-known/oauth-authorization-server"
_OPENID = "/.well-known/openid-configuration"


class AuthServer(msgspec.Struct, frozen=True):
    """`issuer` "" where only endpoints are configured: then no answer can be held against it."""

    issuer: str = ""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    registration_endpoint: str = ""
    scopes_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ()
    code_challenge_methods_supported: tuple[str, ...] = ()
    authorization_response_iss_parameter_supported: bool = False
    client_id_metadata_document_supported: bool = False
    discovered: bool = True


class _Protected(msgspec.Struct):
    resource: str = ""
    authorization_servers: tuple[str, ...] = ()


async def server_of(
    network: OAuthNetwork, config: OAuthConfig, url: str, *, discovery: bool
) -> AuthServer:
    """Raises InvalidCall where nothing says it, UpstreamError."""
    if config.token_url and (config.authorization_url or config.grant_type != "authorization_code"):
        return AuthServer(
            config.issuer, config.authorization_url, config.token_url, discovered=False
        )
    if not discovery:
        problem = "must hold authorization_url and token_url: OAUTH_DISCOVERY_ENABLED is off"
        raise InvalidCall(
            f"oauth_config {problem}", errors=[FieldProblem("oauth_config", problem, "missing")]
        )
    issuer = config.issuer or await issuer_of(network, url)
    return await described(network, issuer)


async def issuer_of(network: OAuthNetwork, url: str) -> str:
    """Of an upstream: what its refusal names, else what is at the well-known places. Raises
    UpstreamError."""
    tried: list[str] = []
    for place in await _places(network, url):
        try:
            _check_place(place, url)
            answered = await network.get(place)
        except (UpstreamError, InvalidCall) as error:
            tried.append(error.message)
            continue
        found = _read(answered.body, _Protected) if answered.status == 200 else None
        if found is None or not found.authorization_servers:
            tried.append(f"{place} answered {answered.status}, and named no authorization server")
        elif not _covers(found.resource, url):
            tried.append(f"{place} is of another resource, {found.resource[:200]!r}")
        else:
            return found.authorization_servers[0]
    raise UpstreamRejected(f"no authorization server is named for it: {'; '.join(tried)}")


async def described(network: OAuthNetwork, issuer: str) -> AuthServer:
    """The metadata of an issuer, which it must say to be of that very issuer (RFC 8414 3.3), byte
    by byte. Raises UpstreamError, InvalidCall."""
    tried: list[str] = []
    for place in metadata_places(issuer):
        answered = await network.get(place)
        if answered.status != 200:
            tried.append(f"{place} answered {answered.status}")
            continue
        found = _read(answered.body, AuthServer)
        if found is None:
            raise UpstreamRejected(f"{place} holds no authorization server metadata (RFC 8414)")
        if found.issuer != issuer:
            raise UpstreamRejected(
                f"{place} is the metadata of another issuer, {found.issuer[:200]!r}, not {issuer!r}"
            )
        _check_endpoints(found)
        return found
    raise UpstreamRejected(f"no metadata of issuer {issuer!r}: {'; '.join(tried)}")


def metadata_places(issuer: str) -> list[str]:
    """In the order of MCP's authorization: with the issuer's path behind the well-known part, the
    way of OpenID Connect last. Raises InvalidCall."""
    parts = urlsplit(issuer)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InvalidCall(f"issuer {issuer[:200]!r} must be a URL without query and fragment")
    base, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    places = [f"{base}{_SERVER}{path}", f"{base}{_OPENID}{path}"]
    return [*places, f"{base}{path}{_OPENID}"] if path else places


async def _places(network: OAuthNetwork, url: str) -> list[str]:
    answered = await network.get(url, "application/json, text/event-stream")
    named = [found for line in answered.challenges for found in _RESOURCE.findall(line)]
    parts = urlsplit(url)
    base, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    known = [f"{base}{_PROTECTED}{path}", f"{base}{_PROTECTED}"]
    return list(dict.fromkeys([*named[:1], *known]))


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


def _check_endpoints(server: AuthServer) -> None:
    """Metadata had by TLS names no endpoint without."""
    for name, url in _endpoints(server):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UpstreamRejected(f"{name} of issuer {server.issuer!r} is no http URL")
        if server.issuer.startswith("https://") and parts.scheme != "https":
            raise UpstreamRejected(f"{name} of issuer {server.issuer!r} is not an https URL")


def _endpoints(server: AuthServer) -> Iterator[tuple[str, str]]:
    for name in ("authorization_endpoint", "token_endpoint", "registration_endpoint"):
        url = getattr(server, name)
        if url:
            yield name, url


def _read(body: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError):
        return None
