"""/oauth/consents: what clients may do in a user's name."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.control_plane.api.http.exchange import actor_of, at, id_of, json
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.identity.shared import email_in_query, window
from mcpgateway.control_plane.identity.oauth_server import consents
from mcpgateway.control_plane.identity.oauth_server.server import OAuthServer
from mcpgateway.control_plane.registry.people.oauth_server import Consent

Json: TypeAlias = dict[str, Any]


class ConsentRoutes:
    def __init__(self, server: OAuthServer) -> None:
        self._server = server

    def routes(self) -> Sequence[Route]:
        many = {200: Shown(listed, title="OAuthConsents")}
        return (
            at(
                "/oauth/consents",
                GET=Operation(self.list, "List what clients may do in one's name", many, (403,)),
            ),
            at(
                "/oauth/consents/{id}",
                DELETE=Operation(self.withdraw, "Withdraw a consent", {204: None}, (403, 404)),
            ),
        )

    async def list(self, request: Request) -> Response:
        part, user = window(request.query_params), email_in_query(request, "user")
        rows, total = await consents.listed(
            self._server, actor_of(request), user, part.limit, part.offset
        )
        return json(listed(rows, total, part.limit, part.offset))

    async def withdraw(self, request: Request) -> Response:
        id, user = id_of(request, "consent"), email_in_query(request, "user")
        await consents.withdraw(self._server, actor_of(request), user, id)
        return Response(status_code=204)


def shown(consent: Consent) -> Json:
    """`resources` as URLs; none: the gateway as a whole."""
    return {
        "id": consents.id_of(consent.email, consent.client_id),
        "user_email": consent.email,
        "client_id": consent.client_id,
        "client_name": consent.client_name,
        "scopes": consent.scopes,
        "resources": [url for url in consent.resources if url],
        "since": consent.since,
        "expires_at": consent.expires_at,
        "remembered": consent.remembered,
    }


def listed(rows: Sequence[Consent], total: int, limit: int, offset: int) -> Json:
    return {
        "consents": [shown(row) for row in rows],
        "total": total,
        "limit": limit,
        "offset": offset,
    }
