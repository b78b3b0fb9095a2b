"""Who may say where tokens of others go. Everybody may register gateways; but what callers show to
the gateway, or gave it for an upstream, goes only where somebody says who has the whole gateway in
hand. Pure."""

from urllib.parse import urlsplit

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.control_plane.registry.access.rights import ENTRUST
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.drafts import NewAuth
from mcpgateway.control_plane.registry.model import Auth, Upstream

_EXCHANGES = frozenset(("token_exchange", "id_jag"))


def check_new(actor: Actor, auth: NewAuth | None) -> None:
    """Of a new gateway. Raises Denied."""
    if auth is not None and _exchanges(auth.shown):
        actor.check(ENTRUST, "have tokens of callers exchanged")


def check_changed(actor: Actor, before: Upstream, after: Upstream, auth: NewAuth | None) -> None:
    """`auth`: what is said of credentials. Raises Denied, and InvalidCall for a client's secrets
    that are not given again for another address."""
    moved = origin(before.url) != origin(after.url)
    if moved and auth is not None and auth.kept:
        problem = f"must hold its secrets themselves: they were given for {origin(before.url)}"
        raise InvalidCall(
            f"oauth_config {problem}", errors=[FieldProblem("oauth_config", problem, "origin")]
        )
    if moved and before.auth is not None and _of_users(before.auth):
        actor.check(ENTRUST, "move a gateway that is called with its users' own tokens")
    same = before.auth == after.auth and before.url == after.url
    if not same and after.auth is not None and _exchanges(after.auth):
        actor.check(ENTRUST, "have tokens of callers exchanged")


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _exchanges(auth: Auth) -> bool:
    return auth.oauth is not None and auth.oauth.grant_type in _EXCHANGES


def _of_users(auth: Auth) -> bool:
    return auth.type == "vault" or (auth.oauth is not None and not auth.oauth.shared)
