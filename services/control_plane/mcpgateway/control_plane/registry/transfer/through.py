"""What a batch of documents does not gather: who may call and what they may do. Documents do not
name them."""

from mcpgateway.control_plane.registry.people.model import AccessRule, Revocation, Role, Team
from mcpgateway.control_plane.registry.people.ports import (
    GrantRows,
    IdentityTx,
    MemberRows,
    TokenRows,
    UserRows,
)
from mcpgateway.control_plane.registry.rows import KeyedRows, Rows
from mcpgateway.control_plane.registry.teams.team_ports import TeamRequests


class ThroughIdentity:
    """Implements the identity part of ports.WriteTx by that of another."""

    def __init__(self, tx: IdentityTx) -> None:
        self._identity = tx

    @property
    def users(self) -> UserRows:
        return self._identity.users

    @property
    def teams(self) -> KeyedRows[Team]:
        return self._identity.teams

    @property
    def members(self) -> MemberRows:
        return self._identity.members

    @property
    def roles(self) -> KeyedRows[Role]:
        return self._identity.roles

    @property
    def grants(self) -> GrantRows:
        return self._identity.grants

    @property
    def api_tokens(self) -> TokenRows:
        return self._identity.api_tokens

    @property
    def revocations(self) -> Rows[Revocation]:
        return self._identity.revocations

    @property
    def team_requests(self) -> TeamRequests:
        return self._identity.team_requests

    @property
    def rules(self) -> KeyedRows[AccessRule]:
        return self._identity.rules
