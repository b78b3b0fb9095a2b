"""What single sign-on needs of the outside beside the registry's ports."""

from collections.abc import Sequence
from typing import Protocol

from mcpgateway.control_plane.registry.people.sso import Approval, Kept, Link, Status


class SsoStore(Protocol):
    """None of it has a revision: data planes do not depend on it. Raises Unavailable."""

    async def providers(self) -> list[Kept]: ...

    async def save_provider(self, kept: Kept, *, new: bool) -> None:
        """Raises Conflict when there is one of this id and it should be new."""

    async def remove_provider(self, id: str) -> bool:
        """With its links. Answers whether there was one."""

    async def link(self, provider_id: str, issuer: str, subject: str) -> Link | None: ...

    async def links_of(self, email: str) -> list[Link]: ...

    async def save_link(self, link: Link) -> None: ...

    async def approvals(self, statuses: Sequence[Status]) -> list[Approval]:
        """At most 1,000, the oldest first."""

    async def approval(self, id: str) -> Approval | None: ...

    async def approval_of(self, provider_id: str, subject: str) -> Approval | None:
        """The newest."""

    async def save_approval(self, approval: Approval) -> None: ...
