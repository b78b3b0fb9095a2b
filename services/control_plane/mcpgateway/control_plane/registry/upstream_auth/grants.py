"""A token that all callers of an upstream share: client credentials, or one user's password."""

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.registry.model import Upstream
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.upstream_auth import oauth_config
from mcpgateway.control_plane.registry.upstream_auth import tokens as kept
from mcpgateway.control_plane.registry.upstream_auth.clients import configured
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import OAuthConfig, Token
from mcpgateway.control_plane.registry.upstream_auth.ports import TokenPorts
from mcpgateway.control_plane.registry.upstream_auth.servers import settled


async def shared_token(ports: Ports, tokens: TokenPorts, upstream: Upstream) -> Token:
    """A new one. Raises InvalidCall, UpstreamError, Unavailable."""
    config = kept.config_of(upstream)
    if config is None or not config.shared:
        raise InvalidCall(f"gateway {upstream.name!r} has no token that its callers share")
    secrets = await kept.secrets_of(ports, upstream)
    return await granted(ports, tokens, config, upstream.url, secrets)


async def granted(
    ports: Ports, tokens: TokenPorts, config: OAuthConfig, url: str, secrets: kept.Secrets
) -> Token:
    """The same by a configuration that may not be a gateway's yet; `url` is the upstream's."""
    network = tokens.network
    server, found = await settled(network, config, url, discovery=tokens.rules.discovery)
    client = configured(config, secrets, server)
    params = oauth_config.grant_params(found, secrets, url)
    now = ports.clock().timestamp()
    return await kept.ask(network, server.token_endpoint, params, client, now)
