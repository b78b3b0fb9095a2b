"""Which authorization server gives tokens for an upstream, and where its endpoints are: as the
gateway's configuration says, else as the upstream does (RFC 9728, then RFC 8414 or OpenID Connect
Discovery)."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from mcpgateway.common.errors import FieldProblem, InvalidCall, UpstreamError, UpstreamRejected
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import OAuthConfig
from mcpgateway.control_plane.registry.upstream_auth.ports import OAuthNetwork
from mcpgateway.control_plane.registry.upstream_auth.protected import Protected, protected, read

OFFLINE = "offline_access"  # without it some servers give nothing to renew a token with
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


class Settled(NamedTuple):
    """`config` is the configuration with what was found out: the resource as it names itself, and
    the scopes to ask for."""

    server: AuthServer
    config: OAuthConfig


async def settled(
    network: OAuthNetwork, config: OAuthConfig, url: str, *, discovery: bool
) -> Settled:
    """For the upstream at `url`. What is configured wins. Raises InvalidCall where nothing says
    it, UpstreamError."""
    if config.token_url and (config.authorization_url or config.grant_type != "authorization_code"):
        server = AuthServer(
            config.issuer, config.authorization_url, config.token_url, discovered=False
        )
        return Settled(server, config)
    if not discovery:
        problem = "must hold authorization_url and token_url: OAUTH_DISCOVERY_ENABLED is off"
        raise InvalidCall(
            f"oauth_config {problem}", errors=[FieldProblem("oauth_config", problem, "missing")]
        )
    told = await _told(network, config, url)
    server = await described(network, config.issuer or told.authorization_servers[0])
    return Settled(server, _completed(config, server, told))


async def _told(network: OAuthNetwork, config: OAuthConfig, url: str) -> Protected:
    """An upstream whose issuer is configured may say nothing of itself."""
    try:
        return await protected(network, url)
    except UpstreamError:
        if not config.issuer:
            raise
        return Protected()


def _completed(config: OAuthConfig, server: AuthServer, told: Protected) -> OAuthConfig:
    scopes = config.scopes
    if not scopes:
        scopes = told.scopes
        renewable = config.grant_type == "authorization_code" and OFFLINE in server.scopes_supported
        if scopes and renewable and OFFLINE not in scopes:
            scopes = (*scopes, OFFLINE)
    resource = config.resource or told.resource
    return msgspec.structs.replace(config, resource=resource, scopes=scopes)


async def described(network: OAuthNetwork, issuer: str) -> AuthServer:
    """The metadata of an issuer, which it must say to be of that very issuer (RFC 8414 3.3), byte
    by byte. Raises UpstreamError, InvalidCall."""
    tried: list[str] = []
    for place in metadata_places(issuer):
        answered = await network.get(place)
        if answered.status != 200:
            tried.append(f"{place} answered {answered.status}")
            continue
        found = read(answered.body, AuthServer)
        if found is None:
            raise UpstreamRejected(f"{place} holds no authorization server metadata (RFC 8414)")
        if found.issuer != issuer:
            raise UpstreamRejected(
                f"{place} is the metadata of another issuer, {found.issuer[:200]!r}, not {issuer!r}"
            )
        _check_endpoints(found)
        return msgspec.structs.replace(found, discovered=True)
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
