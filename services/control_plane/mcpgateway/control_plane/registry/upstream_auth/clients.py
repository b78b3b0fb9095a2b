"""As whom the gateway speaks to the authorization server of an upstream: as the client that it is
configured as, else by a document that it serves (client ID metadata), else as one that it registers
(RFC 7591)."""

from datetime import UTC, datetime

import msgspec

from mcpgateway.common import ids, seal
from mcpgateway.common.errors import FieldProblem, InvalidCall, Unavailable, UpstreamRejected
from mcpgateway.common.routing.sealing import store_context
from mcpgateway.control_plane.registry.model import Upstream
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import (
    CLIENT_AUTHS,
    Client,
    OAuthConfig,
)
from mcpgateway.control_plane.registry.upstream_auth.ports import ClientRow, Rules, TokenPorts
from mcpgateway.control_plane.registry.upstream_auth.servers import AuthServer, Settled
from mcpgateway.control_plane.registry.upstream_auth.tokens import Secrets, secrets_of

DOCUMENT = "/oauth/client-metadata.json"


class _Registered(msgspec.Struct):
    client_id: str = ""
    client_secret: str = ""
    client_secret_expires_at: float = 0.0
    token_endpoint_auth_method: str = ""


def configured(config: OAuthConfig, secrets: Secrets, server: AuthServer) -> Client:
    """The client that a configuration names."""
    return Client(
        config.client_id,
        secrets.get("client_secret", ""),
        config.token_endpoint_auth_method,
        secrets.get("private_key", ""),
        server.issuer,
    )


async def client_of(
    ports: Ports, tokens: TokenPorts, upstream: Upstream, where: Settled, redirect: str
) -> Client:
    """Raises InvalidCall where there is no way to become one, UpstreamError, Unavailable."""
    server, config = where
    if config.client_id:
        return configured(config, await secrets_of(ports, upstream), server)
    rules = tokens.rules
    if server.client_id_metadata_document_supported and rules.public_url.startswith("https://"):
        return Client(rules.public_url + DOCUMENT, "", "none")
    known = await tokens.store.clients([upstream.id])
    if known and _still(known[0], server, redirect, ports.clock()):
        return _client(ports, known[0])
    _check_may_register(rules, server)
    row = await _register(ports, tokens, upstream, where, redirect)
    return _client(ports, row)


def document(public_url: str) -> dict[str, object]:
    """What the gateway says of itself as a client, at `DOCUMENT`."""
    return {
        "client_id": public_url + DOCUMENT,
        "application_type": "web",
        "client_name": "MCP Gateway",
        "client_uri": public_url,
        "redirect_uris": [public_url + "/oauth/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }


def _check_may_register(rules: Rules, server: AuthServer) -> None:
    if not (rules.registers and rules.automatic):
        raise _wrong("must hold a client_id: registering clients is switched off (DCR_ENABLED)")
    if not server.registration_endpoint:
        raise _wrong(f"must hold a client_id: {server.issuer or 'it'} registers no clients")
    if rules.issuers and server.issuer not in rules.issuers:
        raise _wrong(f"must hold a client_id: {server.issuer} is not in DCR_ALLOWED_ISSUERS")


def _wrong(problem: str) -> InvalidCall:
    message = f"oauth_config {problem}"
    return InvalidCall(message, errors=[FieldProblem("oauth_config", problem, "client")])


async def _register(
    ports: Ports,
    tokens: TokenPorts,
    upstream: Upstream,
    where: Settled,
    redirect: str,
) -> ClientRow:
    server, config = where
    rules = tokens.rules
    scopes = config.scopes or rules.scopes
    offered = server.token_endpoint_auth_methods_supported
    method = rules.auth_method if not offered or rules.auth_method in offered else "none"
    body = {
        "application_type": "web",
        "client_name": rules.client_name.replace("{gateway_name}", upstream.name),
        "redirect_uris": [redirect],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        "scope": " ".join(scopes),
    }
    answered = await tokens.network.post(server.registration_endpoint, msgspec.json.encode(body))
    try:
        found = msgspec.json.decode(answered.body, type=_Registered)
    except (msgspec.DecodeError, RecursionError):
        found = _Registered()
    if answered.status not in (200, 201) or not found.client_id:
        raise UpstreamRejected(
            f"{server.issuer} registered no client: it answered {answered.status}"
        )
    id = ids.make_id(ports.entropy(16))
    sealed = ports.sealer.seal(
        found.client_secret.encode(), _context(id), ports.entropy(seal.NONCE_SIZE)
    )
    expires = found.client_secret_expires_at
    row = ClientRow(
        id=id,
        upstream_id=upstream.id,
        issuer=server.issuer,
        client_id=found.client_id,
        redirect_uri=redirect,
        scopes=scopes,
        auth_method=found.token_endpoint_auth_method or method,
        sealed=sealed,
        created_at=ports.clock(),
        expires_at=datetime.fromtimestamp(expires, UTC) if expires > 0 else None,
    )
    await tokens.store.save_client(row)
    return row


def _still(row: ClientRow, server: AuthServer, redirect: str, now: datetime) -> bool:
    """A client belongs to the issuer that it was registered at: another one never hears its
    secret."""
    good = row.issuer == server.issuer and row.redirect_uri == redirect
    return good and (row.expires_at is None or row.expires_at > now)


def _client(ports: Ports, row: ClientRow) -> Client:
    try:
        secret = ports.sealer.open(row.sealed, _context(row.id)).decode()
    except seal.SealError as error:
        raise Unavailable(f"the client of {row.issuer} does not open: remove it") from error
    methods = [each for each in CLIENT_AUTHS if each == row.auth_method]
    return Client(row.client_id, secret, methods[0] if methods else "")


def _context(id: str) -> bytes:
    return store_context("upstream client", id)
