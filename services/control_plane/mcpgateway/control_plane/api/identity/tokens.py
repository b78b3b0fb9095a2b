"""/tokens: API tokens, and what they are used for."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.routing.model import Key
from mcpgateway.control_plane.api.http.applied import Writes, Written
from mcpgateway.control_plane.api.http.exchange import actor_of, at, id_of, json, read_object
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.http.paging import flag
from mcpgateway.control_plane.api.identity.shared import (
    Window,
    email_in_query,
    number,
    window,
)
from mcpgateway.control_plane.api.identity.token_input import read_reason, read_token
from mcpgateway.control_plane.api.nouns.noun import done
from mcpgateway.control_plane.registry.people import api_tokens
from mcpgateway.control_plane.registry.people.token_ports import TokenQuery, TokenView, Usage
from mcpgateway.control_plane.registry.ports import Change, Ports
from mcpgateway.control_plane.registry.teams.team_rights import managed

Json: TypeAlias = dict[str, Any]
MOST_DAYS = 365
_TOP = 10  # methods that usage names


class Tokens:
    def __init__(self, ports: Ports, writes: Writes) -> None:
        self._ports = ports
        self._writes = writes

    def routes(self) -> Sequence[Route]:
        one, many = {200: Shown(shown, title="ApiToken")}, {200: Shown(listed, title="ApiTokens")}
        made = Shown(created, title="ApiTokenMade")
        gone, guarded = {200: Shown(done)}, (403, 404, 409)
        return (
            at(
                "/tokens",
                GET=Operation(self.list, "List one's API tokens", many, (403,)),
                POST=Operation(self.create, "Make an API token", {201: made}, guarded),
            ),
            at("/tokens/admin/all", GET=Operation(self.all, "List all API tokens", many, (403,))),
            at(
                "/tokens/admin/{id}",
                DELETE=Operation(self.revoke_any, "Revoke anybody's API token", gone, guarded),
            ),
            at(
                "/tokens/teams/{id}",
                GET=Operation(self.of_team, "List a team's API tokens", many, guarded),
                POST=Operation(self.create_in, "Make an API token", {201: made}, guarded),
            ),
            at(
                "/tokens/{id}",
                GET=Operation(self.get, "One API token", one, (403,), tagged=True),
                PUT=Operation(self.replace, "Change an API token", one, guarded, tagged=True),
                DELETE=Operation(self.revoke, "Revoke an API token", gone, guarded),
            ),
            at(
                "/tokens/{id}/usage",
                GET=Operation(self.usage, "What a token is used for", {200: Shown(used)}, (403,)),
            ),
        )

    async def list(self, request: Request) -> Response:
        inactive, part = _asked(request)
        actor = actor_of(request)
        actor.check("tokens.read", "see API tokens")
        return await self._page(TokenQuery(actor.viewer.email, None, inactive, part.offset), part)

    async def all(self, request: Request) -> Response:
        """Of everybody, or with `?user_email=` of one."""
        inactive, part = _asked(request)
        email = email_in_query(request, "user_email")
        actor_of(request).check(api_tokens.MANAGE, "see tokens of others")
        return await self._page(TokenQuery(email, None, inactive, part.offset), part)

    async def of_team(self, request: Request) -> Response:
        inactive, part = _asked(request)
        id = id_of(request, "team")
        await managed(self._ports, actor_of(request), id, "see its tokens")
        return await self._page(TokenQuery(None, id, inactive, part.offset), part)

    async def get(self, request: Request) -> Response:
        row = await api_tokens.known(self._ports, actor_of(request), id_of(request, "token"))
        return json(shown(row), headers={"ETag": f'"{row.version}"'})

    async def usage(self, request: Request) -> Response:
        days = number(request.query_params, "days", 1, MOST_DAYS, 30)
        id = id_of(request, "token")
        await api_tokens.known(self._ports, actor_of(request), id)
        since = self._ports.clock() - timedelta(days=days)
        return json(used(days, await self._ports.store.read.tokens.usage(id, since)))

    async def create(self, request: Request) -> Response:
        return await self._create(request, None)

    async def create_in(self, request: Request) -> Response:
        return await self._create(request, id_of(request, "team"))

    async def replace(self, request: Request) -> Response:
        actor, id = actor_of(request), id_of(request, "token")

        async def act(ports: Ports) -> Change:
            draft = read_token(await read_object(request), False)
            return await api_tokens.replace(ports, actor, id, draft)

        async def show(change: Change) -> Written:
            row = await api_tokens.known(self._ports, actor, id)
            return Written(shown(row), _key(id), change.revision, version=row.version)

        return await self._writes.run(request, act, show)

    async def revoke(self, request: Request) -> Response:
        return await self._revoke(request, anybodys=False)

    async def revoke_any(self, request: Request) -> Response:
        return await self._revoke(request, anybodys=True)

    async def _create(self, request: Request, team_id: str | None) -> Response:
        actor, made = actor_of(request), [api_tokens.Made(Change("", None), "")]

        async def act(ports: Ports) -> Change:
            draft = read_token(await read_object(request), True, team_id)
            made[0] = await api_tokens.create(ports, actor, draft)
            return made[0].change

        async def show(change: Change) -> Written:
            row = await api_tokens.known(self._ports, actor, change.id)
            return Written(created(row, made[0].text), _key(row.id), change.revision, 201)

        return _unstored(await self._writes.run(request, act, show))

    async def _revoke(self, request: Request, *, anybodys: bool) -> Response:
        actor, id = actor_of(request), id_of(request, "token")
        reason = await _reason(request)

        async def act(ports: Ports) -> Change:
            return await api_tokens.revoke(ports, actor, id, reason, anybodys=anybodys)

        async def show(change: Change) -> Written:
            return Written(done(f"Token {id} revoked"), _key(id), change.revision)

        return await self._writes.run(request, act, show)

    async def _page(self, query: TokenQuery, part: Window) -> Response:
        rows, total = await self._ports.store.read.tokens.page(query._replace(limit=part.limit))
        return json(listed(rows, total, part.limit, part.offset))


def shown(row: TokenView) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "user_email": row.email,
        "team_id": row.team_id,
        "server_id": row.server_id,
        "resource_scopes": row.permissions,
        "ip_restrictions": row.ip_restrictions,
        "time_restrictions": row.time_restrictions,
        "usage_limits": row.usage_limits,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "last_used": row.last_used,
        "last_used_from": row.last_source,
        "is_active": row.active,
        "is_revoked": row.revoked_at is not None,
        "revoked_at": row.revoked_at,
        "revoked_by": row.revoked_by,
        "revocation_reason": row.revocation_reason,
        "tags": row.tags,
    }


def created(row: TokenView, text: str) -> Json:
    return {"token": shown(row), "access_token": text}


def listed(rows: Sequence[TokenView], total: int, limit: int, offset: int) -> Json:
    return {
        "tokens": [shown(row) for row in rows],
        "total": total,
        "limit": limit,
        "offset": offset,
    }


def used(days: int, usage: Sequence[Usage]) -> Json:
    """`average_response_time_ms` is not known by token: metrics have it by server."""
    allowed, refused = (sum(each.allowed for each in usage), sum(each.refused for each in usage))
    total = allowed + refused
    return {
        "period_days": days,
        "total_requests": total,
        "successful_requests": allowed,
        "blocked_requests": refused,
        "success_rate": allowed / total if total else 0.0,
        "average_response_time_ms": None,
        "top_endpoints": [[each.method, each.allowed + each.refused] for each in usage[:_TOP]],
    }


def _asked(request: Request) -> tuple[bool, Window]:
    return flag(request.query_params, "include_inactive"), window(request.query_params)


async def _reason(request: Request) -> str | None:
    """A DELETE may have a body, and most have none."""
    body = await read_object(request) if _has_body(request) else {}
    return read_reason(body)


def _has_body(request: Request) -> bool:
    described = request.scope.get("noted") is not None
    length = request.headers.get("content-length", "0")
    return described or length != "0" or "transfer-encoding" in request.headers


def _unstored(response: Response) -> Response:
    response.headers["cache-control"] = "no-store"
    return response


def _key(id: str) -> Key:
    return Key("api_token", id)
