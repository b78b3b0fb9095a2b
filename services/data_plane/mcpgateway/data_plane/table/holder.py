"""The one place where the current table is read, and swapped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mcpgateway.common.routing.model import Key
from mcpgateway.common.routing.table import Table

# Called with the new table and what changed; None: anything may have (a table built anew).
Listener = Callable[[Table, frozenset[Key] | None], None]


class TableHolder:
    """Readers take `current` once and decide a request by that. Swapping is one assignment, on
    the event loop; listeners run within the swap, must be quick, must not raise, and see
    the new table."""

    def __init__(self) -> None:
        self._current = self._newest = Table.empty()
        self._together = 0
        self._listeners: list[Listener] = []

    @property
    def current(self) -> Table:
        return self._current

    @property
    def newest(self) -> Table:
        """What was swapped in last, which readers may not see yet: what a change goes on from."""
        return self._newest

    @property
    def loaded(self) -> bool:
        """Whether there is a table at all, from NATS or from disk."""
        return self._current.registry != ""

    def swap(self, table: Table, touched: frozenset[Key] | None) -> None:
        self._newest = table
        if not self._together:
            self._show(touched)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Readers see the swaps within it as one, at its end: nobody decides by a table that is
        known to be old, as a snapshot is before the deltas after it."""
        self._together += 1
        try:
            yield
        finally:
            self._together -= 1
            if not self._together and self._newest is not self._current:
                self._show(None)

    def on_change(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def _show(self, touched: frozenset[Key] | None) -> None:
        self._current = self._newest
        for listener in self._listeners:
            listener(self._newest, touched)
