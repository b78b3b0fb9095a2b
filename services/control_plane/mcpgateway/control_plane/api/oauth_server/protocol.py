"""What clients ask the authorization server: metadata, keys, registration, tokens, revocation."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.http.exchange import json, read_object
from mcpgateway.control_plane.api.oauth_server.exchange import base_of, for_clients, form, uncached
from mcpgateway.control_plane.identity.oauth_server import client_auth, client_metadata, metadata
from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError
from mcpgateway.control_plane.identity.oauth_server.parameters import single
from mcpgateway.control_plane.identity.oauth_server.server import OAuthServer

MAX_REGISTRATION = 32 * 1024  # bytes
_SHORT = {"cache-control": "public, max-age=300"}


class Protocol:
    def __init__(self, server: OAuthServer) -> None:
        self._server = server

    def routes(self) -> Sequence[Route]:
        return (
            *for_clients(metadata.WELL_KNOWN, "GET", self.metadata),
            *for_clients(metadata.WELL_KNOWN + "/{resource:path}", "GET", self.metadata),
            *for_clients("/oauth/jwks", "GET", self.keys),
            *for_clients("/register", "POST", self.register),
            *for_clients("/token", "POST", self.token),
            *for_clients("/revoke", "POST", self.revoke),
            *for_clients("/device_authorization", "POST", self.device),
        )

    def _base(self, request: Request) -> str:
        return base_of(request, self._server.public_url)

    async def metadata(self, request: Request) -> Response:
        clients = self._server.clients
        document = metadata.document(
            self._base(request),
            registration=clients.registration.offered,
            documents=clients.by_document,
        )
        # The answer depends on the address that was asked, unless that is set.
        return json(document, headers={**_SHORT, "vary": "host"})

    async def keys(self, request: Request) -> Response:
        return json({"keys": list(self._server.jwks)}, headers=_SHORT)

    async def register(self, request: Request) -> Response:
        clients = self._server.clients
        clients.check_may_register(request.headers.get("authorization", ""))
        try:
            said = await read_object(request, MAX_REGISTRATION)
        except InvalidCall as error:
            raise OAuthError("invalid_client_metadata", error.message) from error
        address = request.client.host if request.client else ""
        client, secret = await clients.register(said, address)
        issued = int(client.registered_at.timestamp()) if client.registered_at else 0
        body = {
            **msgspec.to_builtins(client.metadata),
            "redirect_uris": client.metadata.redirect_uris,
            "grant_types": client.metadata.grant_types,
            "response_types": ["code"],
            "token_endpoint_auth_method": client.metadata.auth_method,
            "application_type": client.metadata.application_type,
            "client_id": client.id,
            "client_id_issued_at": issued,
            **({"client_secret": secret, "client_secret_expires_at": 0} if secret else {}),
        }
        return uncached(body, 201)

    async def token(self, request: Request) -> Response:
        server, base = self._server, self._base(request)
        parameters = single(await form(request))
        shown = client_auth.shown(request.headers.get("authorization", ""), parameters)
        if parameters.get("grant_type") == client_metadata.CLIENT_CREDENTIALS:
            issued = await server.service_tokens.issue(shown, parameters, base)
        else:
            client = await server.clients.authenticate(shown, _audiences(base))
            issued = await server.tokens.issue(client, parameters, base)
        return uncached(issued.body)

    async def revoke(self, request: Request) -> Response:
        parameters = single(await form(request))
        shown = client_auth.shown(request.headers.get("authorization", ""), parameters)
        client = await self._server.clients.authenticate(shown, _audiences(self._base(request)))
        await self._server.tokens.revoke(client, parameters)
        return Response(status_code=200, headers={"cache-control": "no-store"})

    async def device(self, request: Request) -> Response:
        server, base = self._server, self._base(request)
        parameters = single(await form(request))
        shown = client_auth.shown(request.headers.get("authorization", ""), parameters)
        client = await server.clients.authenticate(shown, _audiences(base))
        started = await server.devices.start(client, parameters, base)
        page = f"{base}/device"
        return uncached(
            {
                **started._asdict(),
                "verification_uri": page,
                "verification_uri_complete": f"{page}?user_code={started.user_code}",
            }
        )


def _audiences(base: str) -> frozenset[str]:
    """What an assertion of a client may be for."""
    return frozenset((base, f"{base}/", f"{base}/token"))
