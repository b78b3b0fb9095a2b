"""What users let clients do in their name: to look at, and to withdraw."""

import hashlib

from mcpgateway.common.errors import NotFound
from mcpgateway.control_plane.identity.oauth_server.server import OAuthServer
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.people.oauth_server import Consent

MANAGE = "admin.user_management"  # to look after those of others


def id_of(email: str, client_id: str) -> str:
    """32 hex digits: a `client_id` may be a URL, which a path had better not hold."""
    return hashlib.sha256(f"{email}\n{client_id}".encode()).hexdigest()[:32]


async def listed(
    server: OAuthServer, actor: Actor, user: str | None, limit: int, offset: int
) -> tuple[list[Consent], int]:
    """Those of `user`, one's own when None. Raises Denied."""
    email = _whose(actor, user, "see consents of others")
    return await server.store.consents(email, server.clock(), limit, offset)


async def withdraw(server: OAuthServer, actor: Actor, user: str | None, id: str) -> None:
    """Refreshes nothing from now on, and access tokens that are out count no more. Raises Denied,
    NotFound."""
    email = _whose(actor, user, "withdraw consents of others")
    for client_id in await server.store.clients_of(email):
        if id_of(email, client_id) == id:
            await server.granting.withdraw(email, client_id, actor.viewer.email)
            return
    raise NotFound(f"no consent {id!r} of {email}")


def _whose(actor: Actor, user: str | None, doing: str) -> str:
    if user is None or user == actor.viewer.email:
        return actor.viewer.email
    actor.check(MANAGE, doing)
    return user
