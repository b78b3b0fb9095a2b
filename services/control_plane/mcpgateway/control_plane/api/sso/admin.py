"""/auth/sso/admin/providers and /auth/sso/pending-approvals: for who has admin.sso_providers and
admin.user_management."""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.common.errors import Denied
from mcpgateway.control_plane.api.http.exchange import (
    at,
    id_of,
    json,
    read_object,
    viewer_of,
)
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.api.http.paging import flag
from mcpgateway.control_plane.api.sso.provider_input import (
    MASK,
    applied,
    edits,
    new,
    provider_of,
)
from mcpgateway.control_plane.identity.sso.approvals import Approvals
from mcpgateway.control_plane.identity.sso.providers import Providers
from mcpgateway.control_plane.registry.people.sso import Approval, Registered, Status

PROVIDERS, APPROVALS = "/auth/sso/admin/providers", "/auth/sso/pending-approvals"
_MANAGE, _DECIDE = "admin.sso_providers", "admin.user_management"
_ACTIONS = ("approve", "reject")
_STATUSES: dict[str, Status] = {"approve": "approved", "reject": "rejected"}
_MANY: Schema = {"type": "array", "items": {"type": "object"}}
_ALL: tuple[Status, ...] = ("pending", "approved", "rejected")


def shown(held: Registered) -> dict[str, Any]:
    """Without the secret."""
    provider = held.provider
    body: dict[str, Any] = msgspec.to_builtins(provider)
    for theirs, ours in (("is_enabled", "enabled"), ("team_mapping", "team_mappings")):
        body[theirs] = body.pop(ours)
    return {
        **body,
        "provider_type": "oidc" if provider.is_oidc else "oauth2",
        "client_secret": MASK if held.secret else None,
        "source": "settings" if held.of_settings else "database",
        "created_at": held.created_at,
        "updated_at": held.updated_at,
    }


def approval(held: Approval) -> dict[str, Any]:
    return {
        "id": held.id,
        "email": held.email,
        "full_name": held.full_name,
        "auth_provider": held.provider_id,
        "status": held.status,
        "requested_at": held.requested_at,
        "expires_at": held.expires_at,
        "decided_at": held.decided_at,
        "decided_by": held.decided_by,
        "reason": held.reason,
    }


class SsoAdmin:
    def __init__(self, providers: Providers, approvals: Approvals) -> None:
        self._providers = providers
        self._approvals = approvals

    def routes(self) -> Sequence[Route]:
        one, many = Shown(shown, title="SsoProvider"), _MANY
        waiting = Shown(approval, title="SsoApproval")
        return (
            at(
                PROVIDERS,
                GET=Operation(self.list, "List identity providers", {200: many}, (403,)),
                POST=Operation(self.create, "Add an identity provider", {201: one}, (403, 409)),
            ),
            at(
                f"{PROVIDERS}/{{id}}",
                GET=Operation(self.get, "One identity provider", {200: one}, (403, 404)),
                PUT=Operation(self.change, "Change it", {200: one}, (403, 404, 409)),
                DELETE=Operation(self.delete, "Remove it", {204: None}, (403, 404, 409)),
            ),
            at(APPROVALS, GET=Operation(self.waiting, "Who waits", {200: many}, (403,))),
            at(
                f"{APPROVALS}/{{id}}/action",
                POST=Operation(self.decide, "Let in or refuse", {200: waiting}, (403, 404, 409)),
            ),
        )

    async def list(self, request: Request) -> Response:
        _allowed(request, _MANAGE)
        return json([shown(each) for each in await self._providers.all()])

    async def get(self, request: Request) -> Response:
        _allowed(request, _MANAGE)
        return json(shown(await self._providers.one(provider_of(request))))

    async def create(self, request: Request) -> Response:
        _allowed(request, _MANAGE)
        draft = new(Fields(await read_object(request)))
        made = await self._providers.add(draft.provider, draft.secret or "")
        return json(shown(made), 201)

    async def change(self, request: Request) -> Response:
        _allowed(request, _MANAGE)
        id, fields = provider_of(request), Fields(await read_object(request))
        read = edits(fields)
        fields.check()
        draft = applied(fields, read, (await self._providers.one(id)).provider)
        return json(shown(await self._providers.change(id, *draft)))

    async def delete(self, request: Request) -> Response:
        _allowed(request, _MANAGE)
        await self._providers.remove(provider_of(request))
        return Response(status_code=204)

    async def waiting(self, request: Request) -> Response:
        _allowed(request, _DECIDE)
        decided = flag(request.query_params, "include_decided")
        expired = flag(request.query_params, "include_expired")
        statuses = _ALL if decided else _ALL[:1]
        found = await self._approvals.listed(statuses, expired=expired)
        return json([approval(each) for each in found])

    async def decide(self, request: Request) -> Response:
        viewer = _allowed(request, _DECIDE)
        id = id_of(request, "approval")
        fields = Fields(await read_object(request))
        action = fields.choice("action", _ACTIONS)
        if not isinstance(action, str):
            fields.problem("action", "is required: approve or reject", "missing")
        reason = fields.text("reason", 1000)
        fields.check()
        said = reason if isinstance(reason, str) else None
        decided = await self._approvals.decide(id, _STATUSES[str(action)], viewer, said)
        return json(approval(decided))


def _allowed(request: Request, permission: str) -> str:
    """Who asks. Raises Denied."""
    viewer = viewer_of(request)
    if not viewer.may(permission):
        raise Denied(f"this needs the permission {permission}")
    return viewer.email
