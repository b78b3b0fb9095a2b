"""Who may say where tokens of others go. Everybody may register gateways; but what callers show to
the gateway, or gave it for an upstream, goes only where somebody says who has the whole gateway in
hand. Pure."""

from urllib.parse import urlsplit

from msgspec import UNSET

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.control_plane.registry.access.rights import ENTRUST, RUN
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.drafts import NewAuth, UpstreamDraft
from mcpgateway.control_plane.registry.model import Auth, Transport, Upstream

_EXCHANGES = frozenset(("token_exchange", "id_jag"))


def check_new(actor: Actor, auth: NewAuth | None, transport: Transport | None) -> None:
    """Of a new gateway. Raises Denied."""
    if transport == "STDIO":
        actor.check(RUN, "register a local command")
    if auth is not None and _exchanges(auth.shown):
        actor.check(ENTRUST, "have tokens of callers exchanged")


def check_changed(actor: Actor, before: Upstream, after: Upstream, draft: UpstreamDraft) -> None:
    """`draft` is what made `after` of `before`. Raises Denied, and InvalidCall for a client's
    secrets that are not given again for another address."""
    if _runs(after, before, draft):
        actor.check(RUN, "change what a local command is")
    auth = draft.auth or None
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


def check_run(
    actor: Actor, before: Upstream | None, after: Upstream, *, known_otherwise: bool
) -> None:
    """Of a version that comes back, maybe with the variables of then (`known_otherwise`). Raises
    Denied."""
    ran = before and (before.transport, before.transport_options)
    same = ran == (after.transport, after.transport_options) and not known_otherwise
    if after.transport == "STDIO" and not same:
        actor.check(RUN, "bring a local command back")


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _runs(after: Upstream, before: Upstream, draft: UpstreamDraft) -> bool:
    """Whether it says what is run: a registered command is not made another one."""
    if "STDIO" not in (before.transport, draft.transport):
        return False
    said = (draft.transport, draft.environment, draft.document)
    return (
        any(each is not UNSET for each in said)
        or after.transport_options != before.transport_options
        or after.url != before.url
    )


def _exchanges(auth: Auth) -> bool:
    return auth.oauth is not None and auth.oauth.grant_type in _EXCHANGES


def _of_users(auth: Auth) -> bool:
    return auth.type == "vault" or (auth.oauth is not None and not auth.oauth.shared)
