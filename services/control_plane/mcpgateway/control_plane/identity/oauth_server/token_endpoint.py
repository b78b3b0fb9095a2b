"""The token endpoint's grants, and revocation (RFC 7009). Each grant compares what it was shown
with what was granted, and says precisely what differs."""

from collections.abc import Awaitable, Callable, Mapping

from mcpgateway.common.policy.access import oauth_scopes
from mcpgateway.control_plane.identity.oauth_server import authorization, client_metadata, resources
from mcpgateway.control_plane.identity.oauth_server.client_auth import digest
from mcpgateway.control_plane.identity.oauth_server.devices import Devices
from mcpgateway.control_plane.identity.oauth_server.errors import (
    OAuthError,
    invalid_grant,
)
from mcpgateway.control_plane.identity.oauth_server.granting import Granting, Issued
from mcpgateway.control_plane.identity.oauth_server.parameters import needed
from mcpgateway.control_plane.registry.people.oauth_server import Client, Grant, OAuthStore

Parameters = Mapping[str, str]


class TokenEndpoint:
    """`jti_of` reads the id of an access token of ours, "" of what is none."""

    def __init__(
        self,
        store: OAuthStore,
        granting: Granting,
        devices: Devices,
        jti_of: Callable[[str], str],
    ) -> None:
        self._store = store
        self._granting = granting
        self._devices = devices
        self._jti_of = jti_of
        self._grants: Mapping[str, Callable[[Client, Parameters, str], Awaitable[Issued]]] = {
            client_metadata.CODE: self._code,
            client_metadata.REFRESH: self._refresh,
            client_metadata.DEVICE: self._device,
        }

    async def issue(self, client: Client, parameters: Parameters, base: str) -> Issued:
        """The client has shown who it is. `base` is the gateway's public URL. Raises OAuthError."""
        kind = needed(parameters, "grant_type")
        grant = self._grants.get(kind)
        if grant is None:
            known = ", ".join(self._grants)
            raise OAuthError("unsupported_grant_type", f"grant_type must be one of: {known}")
        if kind not in client.metadata.grant_types:
            raise OAuthError("unauthorized_client", f"the client is not registered for {kind[:60]}")
        return await grant(client, parameters, base)

    async def _code(self, client: Client, parameters: Parameters, base: str) -> Issued:
        found = await self._store.handle(digest(needed(parameters, "code")), "code")
        if found is None or found[1].client_id != client.id:
            raise invalid_grant("the code is none that was given to this client")
        handle, grant = found
        if parameters.get("redirect_uri", handle.redirect_uri) != handle.redirect_uri:
            raise invalid_grant("redirect_uri is not the one that the code was asked for with")
        verifier = needed(parameters, "code_verifier")
        if not authorization.verifies(verifier, handle.challenge):
            raise invalid_grant("code_verifier does not belong to the code_challenge")
        _check_resource(parameters, grant, base)
        return await self._granting.redeem(client, handle, grant, grant.scopes)

    async def _refresh(self, client: Client, parameters: Parameters, base: str) -> Issued:
        found = await self._store.handle(digest(needed(parameters, "refresh_token")), "refresh")
        if found is None or found[1].client_id != client.id:
            raise invalid_grant("the refresh_token is none that was given to this client")
        handle, grant = found
        asked = oauth_scopes.parse(parameters.get("scope", "")) or grant.scopes
        if oauth_scopes.unknown(asked) or not oauth_scopes.covered(asked, grant.scopes):
            granted = " ".join(grant.scopes)
            raise OAuthError("invalid_scope", f"scope goes beyond what was granted: {granted}")
        _check_resource(parameters, grant, base)
        return await self._granting.redeem(client, handle, grant, asked)

    async def _device(self, client: Client, parameters: Parameters, base: str) -> Issued:
        device, grant = await self._devices.poll(client, needed(parameters, "device_code"))
        return await self._granting.redeem_device(client, device, grant)

    async def revoke(self, client: Client, parameters: Parameters) -> None:
        """Ends the family of a token, access or refresh; of a token that is not this client's
        nothing is said (RFC 7009 2.2). Raises OAuthError."""
        token = needed(parameters, "token")
        hint = parameters.get("token_type_hint", "")
        if hint not in ("", "access_token", "refresh_token"):
            raise OAuthError("unsupported_token_type", "token_type_hint is of no token of ours")
        found = await self._store.handle(digest(token), "refresh")
        grant = found[1] if found else await self._of_access(token)
        if grant is not None and grant.client_id == client.id:
            await self._granting.end(grant, "the client gave it back")

    async def _of_access(self, token: str) -> Grant | None:
        jti = self._jti_of(token)
        return await self._store.grant_of(jti) if jti else None


def _check_resource(parameters: Parameters, grant: Grant, base: str) -> None:
    if "resource" not in parameters:
        return
    if resources.checked(parameters["resource"], base) != grant.resource:
        granted = grant.resource or "none, for the gateway as a whole"
        raise OAuthError("invalid_target", f"resource is not the one that was granted: {granted}")
