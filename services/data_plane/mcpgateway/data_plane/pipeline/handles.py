"""Makes and opens handles: texts that lead a client's next request back to this replica."""

from collections.abc import Callable

from mcpgateway.common import seal
from mcpgateway.common.mcp.handles import (
    Handle,
    Place,
    Purpose,
    open_handle,
    seal_handle,
    stable_nonce,
)


class Handles:
    """`replica` is the own id, `now` Unix seconds, `entropy` draws random bytes."""

    def __init__(
        self,
        sealer: seal.Sealer,
        group: tuple[str, str],
        replica: str,
        now: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        """`group` is (cluster, group)."""
        self.replica = replica
        self._sealer = sealer
        self._group = group
        self._now = now
        self._entropy = entropy

    def make(self, purpose: Purpose, server: str, caller: str, key: str, seconds: float) -> str:
        """A handle to `key` on this replica, good for so many seconds. `server` and `caller` (its
        key) say for whom."""
        handle = Handle(self.replica, key, int(self._now() + seconds) + 1)
        nonce = self._entropy(seal.NONCE_SIZE)
        return seal_handle(self._sealer, purpose, self._place(server, caller), handle, nonce)

    def make_stable(self, purpose: Purpose, server: str, caller: str, handle: Handle) -> str:
        """The same text for the same handle, whenever and wherever it is made. Raises ValueError
        for one that is too long."""
        place = self._place(server, caller)
        nonce = stable_nonce(self._sealer, purpose, place, handle)
        return seal_handle(self._sealer, purpose, place, handle, nonce)

    def open(self, purpose: Purpose, server: str, caller: str, text: str) -> Handle:
        """Raises HandleError."""
        return open_handle(self._sealer, purpose, self._place(server, caller), text, self._now())

    @property
    def now(self) -> float:
        """Unix seconds."""
        return self._now()

    def _place(self, server: str, caller: str) -> Place:
        return Place(*self._group, server, caller)
