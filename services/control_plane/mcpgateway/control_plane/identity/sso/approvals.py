"""Who is new and waits for an administrator (SSO_REQUIRE_ADMIN_APPROVAL)."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from mcpgateway.common import ids
from mcpgateway.common.errors import Conflict, NotFound
from mcpgateway.control_plane.registry.people.sso import Approval, Identity, Provider, Status
from mcpgateway.control_plane.registry.people.sso_ports import SsoStore
from mcpgateway.control_plane.registry.ports import Ports

LASTS = timedelta(days=30)


class Approvals:
    """One for an account of a provider with its email: agreed to for one address, an account is not
    let in with another."""

    def __init__(self, ports: Ports, store: SsoStore) -> None:
        self._ports = ports
        self._store = store

    async def status(self, provider: Provider, identity: Identity) -> Status | None:
        """None: never asked for, or too long ago."""
        held = await self._held(provider, identity)
        return None if held is None else held.status

    async def ask(self, provider: Provider, identity: Identity) -> None:
        """Does nothing when it was asked for already."""
        if await self._held(provider, identity) is not None:
            return
        now = self._ports.clock()
        await self._store.save_approval(
            Approval(
                id=ids.make_id(self._ports.entropy(16)),
                email=identity.email,
                full_name=identity.name,
                provider_id=provider.id,
                subject=identity.subject,
                requested_at=now,
                expires_at=now + LASTS,
            )
        )

    async def listed(self, statuses: Sequence[Status], *, expired: bool) -> list[Approval]:
        """The oldest first. `expired`: those too that nobody decided in time."""
        now = self._ports.clock()
        return [
            each
            for each in await self._store.approvals(statuses)
            if expired or each.status != "pending" or each.expires_at > now
        ]

    async def decide(self, id: str, status: Status, by: str, reason: str | None) -> Approval:
        """Raises NotFound, Conflict when somebody decided already."""
        held = await self._store.approval(id)
        if held is None:
            raise NotFound(f"nobody waits under {id!r}")
        if held.status != "pending":
            raise Conflict(f"this was {held.status} by {held.decided_by} already")
        now = self._ports.clock()
        if held.expires_at <= now:
            raise Conflict("this has expired: he has to log in once more to ask again")
        decided = msgspec.structs.replace(
            held, status=status, decided_at=now, decided_by=by, reason=reason
        )
        await self._store.save_approval(decided)
        return decided

    async def _held(self, provider: Provider, identity: Identity) -> Approval | None:
        held = await self._store.approval_of(provider.id, identity.subject)
        if held is None or held.email != identity.email:
            return None
        undecided = held.status == "pending"
        return None if undecided and held.expires_at <= self._ports.clock() else held
