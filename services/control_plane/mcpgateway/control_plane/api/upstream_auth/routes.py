"""/oauth/status, /oauth/tokens, /oauth/fetch-tools, /oauth/registered-clients, /vault and
/admin/gateways/discover-oauth."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import FieldProblem, InvalidCall, NotFound
from mcpgateway.common.routing.model import Key
from mcpgateway.control_plane.api.http.applied import Writes, Written, read_wait
from mcpgateway.control_plane.api.http.exchange import actor_of, at, id_of, json, read_object
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Operation
from mcpgateway.control_plane.api.nouns.url_input import read_url
from mcpgateway.control_plane.api.upstream_auth.shared import check_operator
from mcpgateway.control_plane.registry.actor import changeable
from mcpgateway.control_plane.registry.discovered.refresh import refresh
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.upstream_auth import servers, tokens, vault
from mcpgateway.control_plane.registry.upstream_auth.looking import tokens_of
from mcpgateway.control_plane.registry.upstream_auth.ports import ClientRow, TokenPorts, TokenRow
from mcpgateway.control_plane.registry.upstream_auth.protected import protected
from mcpgateway.control_plane.registry.upstreams import one

_OBJECT: Schema = {"type": "object"}
_LIST: Schema = {"type": "array", "items": {"type": "object"}}


class UpstreamAuth:
    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._ports = ports
        self._writes = writes

    def routes(self) -> Sequence[Route]:
        statuses = Operation(self.statuses, "Where the gateway may act for you", {200: _LIST})
        status = Operation(self.status, "Whether it may at one upstream", {200: _OBJECT})
        withdraw = Operation(self.withdraw, "Withdraw a consent", {204: None})
        fetching = (403, 409, 502, 504)
        fetch = Operation(self.fetch, "Read an upstream's lists by yours", {200: _OBJECT}, fetching)
        clients = Operation(self.clients, "As what we are registered", {200: _LIST}, (403,))
        client = Operation(self.client, "The same for a gateway", {200: _OBJECT}, (403,))
        forget = Operation(self.forget, "Forget a registration", {204: None}, (403,))
        put = Operation(self.put, "Store a token of yours", {204: None})
        drop = Operation(self.withdraw, "Take it away", {204: None})
        find = Operation(self.discover, "Find an authorization server", {200: _OBJECT}, (403, 502))
        return [
            at("/oauth/status", GET=statuses),
            at("/oauth/status/{id}", GET=status),
            at("/oauth/tokens/{id}", DELETE=withdraw),
            at("/oauth/fetch-tools/{id}", POST=fetch),
            at("/oauth/registered-clients", GET=clients),
            at("/oauth/registered-clients/{id}", GET=client, DELETE=forget),
            at("/vault/{id}", PUT=put, DELETE=drop),
            at("/admin/gateways/discover-oauth", POST=find),
        ]

    @property
    def _tokens(self) -> TokenPorts:
        return tokens_of(self._ports)

    async def statuses(self, request: Request) -> Response:
        rows = await self._tokens.store.tokens_of(actor_of(request).viewer.email)
        return json([_shown(row) for row in rows])

    async def status(self, request: Request) -> Response:
        actor, id = actor_of(request), id_of(request, "gateway")
        upstream = await one(self._ports, actor, id)
        row = await self._tokens.store.token(id, actor.viewer.email)
        config = tokens.config_of(upstream)
        told = {
            "gateway_id": id,
            "gateway_name": upstream.name,
            "oauth_enabled": config is not None,
            "grant_type": config.grant_type if config else None,
            "authorized": row is not None,
        }
        return json(told | (_shown(row) if row else {}))

    async def withdraw(self, request: Request) -> Response:
        """Of the caller's own. The upstream's authorization server may still believe it."""
        actor, id = actor_of(request), id_of(request, "gateway")
        if not await tokens.drop(self._ports, self._tokens, id, actor.viewer.email):
            raise NotFound(f"you have no token for gateway {id}")
        return Response(status_code=204)

    async def put(self, request: Request) -> Response:
        """`{"token"}`; nothing shows it again."""
        actor, id = actor_of(request), id_of(request, "gateway")
        fields = Fields(await read_object(request))
        token = fields.filled("token", vault.MAX, required=True)
        fields.check()
        assert token is not UNSET
        upstream = await one(self._ports, actor, id)
        await vault.store(self._ports, self._tokens, upstream, actor.viewer.email, token)
        return Response(status_code=204)

    async def fetch(self, request: Request) -> Response:
        """With the caller's own token, by who may change the gateway: its tools are for all."""
        actor, id = actor_of(request), id_of(request, "gateway")
        wait = read_wait(request.query_params)
        row = changeable(await one(self._ports, actor, id), actor, "gateway", id)
        done = await refresh(self._ports, actor.who, row, principal=actor.viewer.email)
        added = len(done.plans.tools.add)
        said = {"success": True, "message": f"{added} tools were added", "toolsAdded": added}
        written = Written(said, Key("upstream", id), done.revision)
        return await self._writes.answer(written, wait)

    async def clients(self, request: Request) -> Response:
        check_operator(actor_of(request))
        return json([_client(row) for row in await self._tokens.store.clients(None)])

    async def client(self, request: Request) -> Response:
        """Of a gateway, by its id."""
        actor, id = actor_of(request), id_of(request, "gateway")
        check_operator(actor)
        found = await self._tokens.store.clients([id])
        if not found:
            raise NotFound(f"nothing is registered for gateway {id}")
        return json(_client(found[0]))

    async def forget(self, request: Request) -> Response:
        """By the registration's id. The authorization server keeps what it knows."""
        actor, id = actor_of(request), id_of(request, "registration")
        check_operator(actor)
        if not await self._tokens.store.remove_client(id):
            raise NotFound(f"no registration {id}")
        return Response(status_code=204)

    async def discover(self, request: Request) -> Response:
        """`{"url"}` of an upstream, or `{"issuer"}`."""
        actor = actor_of(request)
        fields = Fields(await read_object(request))
        url = read_url(fields, "url", required=False)
        issuer = read_url(fields, "issuer", required=False)
        fields.check()
        check_operator(actor)
        network = self._tokens.network
        if issuer is UNSET:
            if url is UNSET:
                problem = FieldProblem("url", "is required, or issuer", "missing")
                raise InvalidCall("url is required, or issuer", errors=[problem])
            issuer = (await protected(network, url)).authorization_servers[0]
        found = await servers.described(network, issuer)
        shown: dict[str, Any] = msgspec.to_builtins(found)
        del shown["discovered"]
        return json(shown)


def _shown(row: TokenRow) -> dict[str, Any]:
    """Never the token."""
    return {
        "gateway_id": row.upstream_id,
        "kind": row.kind,
        "expires_at": row.expires_at,
        "problem": row.problem or None,
    }


def _client(row: ClientRow) -> dict[str, Any]:
    """Never its secret."""
    return {
        "id": row.id,
        "gateway_id": row.upstream_id,
        "issuer": row.issuer,
        "client_id": row.client_id,
        "redirect_uris": [row.redirect_uri],
        "scope": " ".join(row.scopes),
        "token_endpoint_auth_method": row.auth_method,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
    }
