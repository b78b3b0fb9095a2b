"""From users as they are kept to callers as decisions see them, and the policy that they are
decided by."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from mcpgateway.common.policy import visibility
from mcpgateway.common.policy.access.decide import Circumstances
from mcpgateway.common.policy.access.policy import NO_POLICY, Policy, compiled
from mcpgateway.common.policy.access.scope import EVERYTHING, Scope
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.control_plane.registry.model import Viewer
from mcpgateway.control_plane.registry.people.model import AccessRule, ApiToken, Role, User
from mcpgateway.control_plane.registry.ports import Reader
from mcpgateway.control_plane.registry.routing_records import Routes

_ROUTES = Routes("", loopback_allowed=False, private_allowed=False)  # of which only records matter
_scopes = msgspec.json.Decoder(Scope)


def subject_of(
    user: User,
    at: datetime,
    *,
    scope: Scope = EVERYTHING,
    claims: bytes = b"{}",
    token: str = "",
    chain: tuple[str, ...] = (),
) -> Subject:
    """A user who calls at that time, with what his token says."""
    return Subject(_ROUTES.principal(user), scope, claims, token, chain, at.timestamp())


def viewer_of(subject: Subject) -> Viewer:
    """What a caller is to the registry's use cases. Its token narrows what it sees."""
    who = visibility.viewer(subject)
    return Viewer(subject.id, who.admin, tuple(sorted(who.teams)), subject)


def token_scope(row: ApiToken) -> Scope:
    """What an API token leaves of its owner's rights."""
    return _scopes.decode(_ROUTES.api_token(row).scope)


def policy_of(
    roles: Iterable[Role], rules: Iterable[AccessRule], before: Policy | None = None
) -> Policy:
    """What data planes make of the same: of roles that are active and rules that are enabled."""
    return compiled(
        {role.id: _ROUTES.role(role) for role in roles if role.active},
        {rule.id: _ROUTES.rule(rule) for rule in rules if rule.enabled},
        before,
    )


class Policies:
    """The policy of the registry as it is, read again when a role or a rule has changed."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._mark: tuple[int, ...] = ()
        self._policy = NO_POLICY

    async def current(self) -> Policy:
        """Raises Unavailable."""
        access = self._read.access
        mark = await access.policy_mark()
        if mark != self._mark:
            policy = policy_of(await access.roles(), await access.rules(), self._policy)
            self._policy, self._mark = policy, mark
        return self._policy

    async def seated(self, viewer: Viewer, source: str | None, now: datetime) -> Viewer:
        """The viewer, decided about by what is in force. Raises Unavailable."""
        known = Circumstances(time=now.timestamp(), source=source)
        return msgspec.structs.replace(viewer, policy=await self.current(), circumstances=known)
