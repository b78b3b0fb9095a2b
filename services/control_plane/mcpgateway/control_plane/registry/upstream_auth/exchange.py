"""A token for an upstream in place of the one that a caller showed to the gateway: RFC 8693 at the
upstream's authorization server; or ID-JAG, where the company's identity provider says that the
caller may act there (RFC 8693), which that server takes as an assertion (RFC 7523).

The caller's own token never reaches the upstream.
"""

from mcpgateway.common.errors import InvalidCall, UpstreamRejected
from mcpgateway.control_plane.registry.model import Upstream
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.upstream_auth import oauth_config
from mcpgateway.control_plane.registry.upstream_auth import tokens as kept
from mcpgateway.control_plane.registry.upstream_auth.clients import configured
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import Client, Token
from mcpgateway.control_plane.registry.upstream_auth.ports import TokenPorts
from mcpgateway.control_plane.registry.upstream_auth.servers import settled


async def exchanged(
    ports: Ports, tokens: TokenPorts, upstream: Upstream, subject_token: str
) -> Token:
    """Raises InvalidCall, UpstreamError, Unavailable."""
    config = kept.config_of(upstream)
    if config is None or config.grant_type not in ("token_exchange", "id_jag"):
        raise InvalidCall(f"gateway {upstream.name!r} exchanges no tokens")
    if not subject_token:
        raise InvalidCall(
            f"gateway {upstream.name!r} is called with a token for the caller's own, which must be "
            "a JWT that its authorization server knows: the caller showed none"
        )
    network = tokens.network
    discovery = tokens.rules.discovery
    server, config = await settled(network, config, upstream.url, discovery=discovery)
    secrets = await kept.secrets_of(ports, upstream)
    now = ports.clock().timestamp()
    client = configured(config, secrets, server)
    if config.grant_type == "token_exchange":
        params = oauth_config.exchange_params(config, upstream.url, subject_token)
    else:
        idp = Client(config.idp_client_id, secrets.get("idp_client_secret", ""))
        if not server.issuer:
            raise UpstreamRejected("oauth_config must hold issuer: an ID-JAG is for one issuer")
        asked = oauth_config.id_jag_params(config, upstream.url, subject_token, server.issuer)
        granted = await kept.ask(network, config.idp_token_url, asked, idp, now)
        assertion = granted.access_token
        params = oauth_config.assertion_params(config, upstream.url, assertion)
    return await kept.ask(network, server.token_endpoint, params, client, now)
