"""The part of the composition root that is the authorization server."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from mcpgateway.common import browser
from mcpgateway.common.errors import Unauthenticated
from mcpgateway.control_plane.api.http.shell import Authenticates
from mcpgateway.control_plane.discovery.outbound import Outbound
from mcpgateway.control_plane.discovery.reach import HttpReacher
from mcpgateway.control_plane.identity import tokens
from mcpgateway.control_plane.identity.oauth_server.client_documents import (
    MAX_DOCUMENT,
    ClientDocuments,
)
from mcpgateway.control_plane.identity.oauth_server.clients import Clients, Registration
from mcpgateway.control_plane.identity.oauth_server.devices import Devices
from mcpgateway.control_plane.identity.oauth_server.fetching import SECONDS, GuardedFetcher
from mcpgateway.control_plane.identity.oauth_server.granting import Granting, Lives, Outside, Revoke
from mcpgateway.control_plane.identity.oauth_server.server import OAuthServer, SignIn
from mcpgateway.control_plane.identity.oauth_server.service_tokens import ServiceTokens
from mcpgateway.control_plane.identity.oauth_server.tickets import Tickets
from mcpgateway.control_plane.identity.oauth_server.token_endpoint import TokenEndpoint
from mcpgateway.control_plane.registry.discovered.ports import Reacher
from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.people.model import Revocation
from mcpgateway.control_plane.registry.people.oauth_server import Access
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.settings.process import Settings
from mcpgateway.control_plane.store.people.logins import Pool
from mcpgateway.control_plane.store.people.oauth_server import PostgresOAuth


def document_reacher(outbound: Outbound) -> Reacher:
    """One more byte than is taken tells what is over the limit."""
    return HttpReacher(outbound, SECONDS, MAX_DOCUMENT + 1)


def make_oauth_server(
    settings: Settings,
    ports: Ports,
    pool: Pool,
    reacher: Reacher,
    authenticator: Authenticates,
    sign_in: SignIn,
) -> OAuthServer | None:
    """None when it is switched off."""
    if not settings.oauth_enabled:
        return None
    store = PostgresOAuth(pool)
    outside = Outside(
        store=store,
        user=ports.store.read.user,
        issuer=tokens.Issuer(settings),
        revoke=_revoking(ports),
        clock=ports.clock,
        entropy=ports.entropy,
        audience=settings.jwt_audience,
        lives=Lives(
            timedelta(minutes=settings.oauth_access_minutes),
            timedelta(days=settings.oauth_refresh_days),
        ),
    )
    granting = Granting(outside)
    devices = Devices(store, granting, ports.clock, ports.entropy)
    return OAuthServer(
        store=store,
        clients=_clients(settings, ports, store, reacher),
        granting=granting,
        devices=devices,
        tokens=TokenEndpoint(store, granting, devices, _jti_of),
        service_tokens=ServiceTokens(outside, ports.store.read.tokens.one),
        tickets=Tickets(ports.sealer, ports.entropy),
        sign_in=sign_in,
        whose=_whose(settings.jwt_issuer, authenticator),
        jwks=_jwks(settings),
        clock=ports.clock,
        entropy=ports.entropy,
        public_url=settings.public_url,
    )


def _clients(settings: Settings, ports: Ports, store: PostgresOAuth, reacher: Reacher) -> Clients:
    mode, schemes = settings.oauth_registration, settings.oauth_redirect_schemes
    token = settings.oauth_registration_token if mode == "token" else ""
    documents = None
    if settings.oauth_client_documents:
        documents = ClientDocuments(GuardedFetcher(reacher), schemes, ports.clock)
    registration = Registration(mode == "open", token, schemes)
    return Clients(store, documents, registration, ports.clock, ports.entropy)


def _revoking(ports: Ports) -> Revoke:
    async def revoke(email: str, tokens: Sequence[Access], reason: str, by: str) -> None:
        who = Who(by=by, via="oauth")
        async with ports.store.write(who) as tx:
            await tx.revocations.save(
                [
                    Revocation(
                        id=token.jti,
                        email=email,
                        reason=reason,
                        revoked_at=tx.at,
                        expires_at=token.expires_at,
                    )
                    for token in tokens
                ]
            )

    return revoke


def _whose(issuer: str, authenticator: Authenticates) -> Callable[[str], Awaitable[str | None]]:
    """A token of a client, or one that is narrowed, is no session: who has it must not be able to
    give himself another one that is not."""

    async def whose(session: str) -> str | None:
        said = browser.claims_said(session)
        narrowed = {"client_id", "scope", "scopes", "teams", "act"} & said.keys()
        if narrowed or not said.get("sid") or said.get("iss") != issuer:
            return None
        try:
            return (await authenticator.caller(f"Bearer {session}")).viewer.email
        except Unauthenticated:
            return None

    return whose


def _jti_of(token: str) -> str:
    """Not verified: what is found by it is compared with who asks."""
    jti = browser.claims_said(token).get("jti")
    return jti if isinstance(jti, str) else ""


def _jwks(settings: Settings) -> Sequence[dict[str, object]]:
    return [
        {**key.as_dict(private=False), "kid": id, "use": "sig", "alg": tokens.ED25519}
        for id, key in tokens.own_public_keys(settings).items()
    ]
