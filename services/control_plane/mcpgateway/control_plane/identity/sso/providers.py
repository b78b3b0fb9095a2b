"""The providers that there are: those of the settings, and those that administrators add. The
secrets of the latter are sealed; nobody is shown any."""

import logging
from collections.abc import Sequence

import msgspec

from mcpgateway.common import seal
from mcpgateway.common.errors import Conflict, NotFound
from mcpgateway.common.routing.sealing import store_context
from mcpgateway.control_plane.registry.people.sso import Kept, Provider, Registered
from mcpgateway.control_plane.registry.people.sso_ports import SsoStore
from mcpgateway.control_plane.registry.ports import Ports

log = logging.getLogger(__name__)


class Providers:
    """A provider of the settings hides one of the same id in the database."""

    def __init__(self, ports: Ports, store: SsoStore, configured: Sequence[Registered]) -> None:
        self._ports = ports
        self._store = store
        self._configured = {each.provider.id: each for each in configured}

    async def all(self) -> list[Registered]:
        """By id. Raises Unavailable."""
        found = {kept.provider.id: self._opened(kept) for kept in await self._store.providers()}
        merged = found | self._configured
        return [merged[id] for id in sorted(merged)]

    async def enabled(self) -> list[Registered]:
        return [each for each in await self.all() if each.provider.enabled]

    async def one(self, id: str) -> Registered:
        """Raises NotFound, Unavailable."""
        for each in await self.all():
            if each.provider.id == id:
                return each
        raise NotFound(f"no provider {id[:80]!r}")

    async def offered(self, id: str) -> Registered:
        """One that somebody may log in by. Raises NotFound."""
        found = await self.one(id)
        if not found.provider.enabled:
            raise NotFound(f"no provider {id[:80]!r}")
        return found

    async def add(self, provider: Provider, secret: str) -> Registered:
        """Raises Conflict."""
        if provider.id in self._configured:
            raise Conflict(f"there is a provider {provider.id!r} in the settings (SSO_*)")
        now = self._ports.clock()
        kept = Kept(
            provider=provider,
            secret=self._sealed(provider.id, secret),
            created_at=now,
            updated_at=now,
        )
        await self._store.save_provider(kept, new=True)
        return self._opened(kept)

    async def change(self, id: str, changed: Provider, secret: str | None) -> Registered:
        """`secret` None: as it is. Raises NotFound, Conflict for one of the settings."""
        held = await self._changeable(id)
        kept = Kept(
            provider=changed,
            secret=self._sealed(id, held.secret if secret is None else secret),
            created_at=held.created_at or self._ports.clock(),
            updated_at=self._ports.clock(),
        )
        await self._store.save_provider(kept, new=False)
        return self._opened(kept)

    async def remove(self, id: str) -> None:
        """Its users stay, and what its groups gave them. Raises NotFound, Conflict."""
        await self._changeable(id)
        await self._store.remove_provider(id)

    async def _changeable(self, id: str) -> Registered:
        held = await self.one(id)
        if held.of_settings:
            raise Conflict(f"provider {id!r} is of the settings (SSO_*): change it there")
        return held

    def _sealed(self, id: str, secret: str) -> bytes:
        context = store_context("sso_provider", id)
        return self._ports.sealer.seal(
            secret.encode(), context, self._ports.entropy(seal.NONCE_SIZE)
        )

    def _opened(self, kept: Kept) -> Registered:
        """One whose secret does not open is disabled."""
        times, secret = (kept.created_at, kept.updated_at), _open(self._ports.sealer, kept)
        if secret is not None:
            return Registered(kept.provider, secret, False, *times)
        log.warning(
            "the client secret of provider %s does not open: AUTH_ENCRYPTION_SECRET is another one "
            "than before. It is disabled until it gets its secret again",
            kept.provider.id,
        )
        return Registered(msgspec.structs.replace(kept.provider, enabled=False), "", False, *times)


def _open(sealer: seal.Sealer, kept: Kept) -> str | None:
    try:
        return sealer.open(kept.secret, store_context("sso_provider", kept.provider.id)).decode()
    except seal.SealError:
        return None
