"""Who somebody is, asked of his provider with the tokens that it gave: the ID token verified, user
info, groups at Microsoft Graph, GitHub's own answers."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from mcpgateway.common.errors import GatewayError, Unauthenticated, UpstreamRejected
from mcpgateway.control_plane.identity.sso import id_token, metadata, profile
from mcpgateway.control_plane.identity.sso.id_token import Expected, PublicKey, UnknownKey
from mcpgateway.control_plane.identity.sso.metadata import Endpoints
from mcpgateway.control_plane.identity.sso.outside import Outside
from mcpgateway.control_plane.registry.people.sso import Claims, Identity, Provider

log = logging.getLogger(__name__)

# Not the address that a token names: tokens name one that is gone, and may name any.
GRAPH = "https://graph.microsoft.com/v1.0/me/getMemberObjects"
_FROM_ACCESS_TOKEN = ("realm_access", "resource_access")


class Questions:
    def __init__(self, outside: Outside, clock: Callable[[], datetime]) -> None:
        self._outside = outside
        self._clock = clock

    async def who(
        self, provider: Provider, endpoints: Endpoints, tokens: Claims, nonce: str
    ) -> Identity:
        """Raises Unauthenticated, UpstreamError."""
        access = str(tokens["access_token"])
        if not provider.is_oidc:
            return await self._github(endpoints, access)
        claims = await self._claims(provider, endpoints, tokens, nonce)
        found = profile.identity(provider, claims)
        if provider.preset == "entra" and found.groups is None and provider.graph:
            return found._replace(groups=await self._graph(provider, access))
        return found

    async def _claims(
        self, provider: Provider, endpoints: Endpoints, tokens: Claims, nonce: str
    ) -> Claims:
        """Of the ID token first of all, then of the other sources."""
        raw, access = tokens.get("id_token"), str(tokens["access_token"])
        if not isinstance(raw, str):
            raise Unauthenticated(
                f"{provider.display_name} gave no ID token: its scopes must name `openid`"
            )
        issuers = metadata.issuers(provider)
        expected = Expected(issuers, provider.client_id, nonce, access)
        claims = await self._verified(
            endpoints, lambda keys: id_token.verified(raw, keys, expected, self._now())
        )
        if provider.preset == "keycloak":
            claims = {**await self._roles(provider, endpoints, access), **claims}
        if endpoints.userinfo and profile.needs_userinfo(provider, claims):
            told = await self._userinfo(endpoints, access, claims.get("sub"))
            claims = profile.with_userinfo(provider, claims, told)
        return claims

    async def _verified(
        self, endpoints: Endpoints, verify: Callable[[tuple[PublicKey, ...]], Claims]
    ) -> Claims:
        """A key that is not known may be a new one: asked for once, and not at each token."""
        kept = await self._outside.document(endpoints.jwks)
        try:
            return verify(id_token.public_keys(kept.content))
        except UnknownKey:
            newer = await self._outside.newer(endpoints.jwks)
            if newer.fetched == kept.fetched:
                raise
            return verify(id_token.public_keys(newer.content))

    async def _userinfo(self, endpoints: Endpoints, access: str, subject: object) -> Claims:
        """Of somebody else it would be an attack (OpenID Connect Core 5.3.2)."""
        found = await self._outside.get(endpoints.userinfo, access)
        if not isinstance(found, dict) or found.get("sub") != subject:
            raise Unauthenticated("the user info is not of whom the ID token names (sub)")
        return found

    async def _roles(self, provider: Provider, endpoints: Endpoints, access: str) -> Claims:
        """Keycloak has them in its access token, which is a JWT of the same keys; in the ID token
        only where a mapper puts them."""
        try:
            kept = await self._outside.document(endpoints.jwks)
            _, claims = id_token.signed(access, id_token.public_keys(kept.content))
        except Unauthenticated:
            return {}
        if claims.get("iss") != provider.issuer:
            return {}
        return {name: claims[name] for name in _FROM_ACCESS_TOKEN if name in claims}

    async def _graph(self, provider: Provider, access: str) -> frozenset[str] | None:
        """None when Graph does not say: nothing is taken from anybody then."""
        try:
            async with asyncio.timeout(provider.graph_seconds):
                answer = await self._outside.post(GRAPH, access, {"securityEnabledOnly": True})
        except (GatewayError, TimeoutError) as error:
            log.warning(
                "%s: the groups of a login are too many for its token, and Microsoft Graph does "
                "not tell them: %s",
                provider.id,
                str(error) or "no answer in time",
            )
            return None
        listed = answer.get("value") if isinstance(answer, dict) else None
        if not isinstance(listed, list):
            return None
        most = provider.graph_groups or profile.MAX_GROUPS
        return frozenset(each for each in listed[:most] if isinstance(each, str))

    async def _github(self, endpoints: Endpoints, access: str) -> Identity:
        base = endpoints.userinfo
        user = await self._outside.get(base, access)
        emails = await self._outside.get(f"{base}/emails?per_page=100", access)
        organizations = await self._outside.get(f"{base}/orgs?per_page=100", access)
        if not isinstance(user, dict):
            raise UpstreamRejected(f"{base}: the answer must be a JSON object")
        return profile.github(user, _objects(emails), _objects(organizations))

    def _now(self) -> float:
        return self._clock().timestamp()


def _objects(value: Any) -> list[Claims]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
