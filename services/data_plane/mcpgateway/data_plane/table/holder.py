"""The one place where the current table is read, and swapped."""

from collections.abc import Callable

from mcpgateway.common.routing.model import Key
from mcpgateway.common.routing.table import Table

# Called with the new table and what changed; None: anything may have (a table built anew).
Listener = Callable[[Table, frozenset[Key] | None], None]


class TableHolder:
    """Readers take `current` once and decide a request by that. Swapping is one assignment, on
    the event loop; listeners run within the swap, must be quick, must not raise, and see
    the new table."""

    def __init__(self) -> None:
        self._current = Table.empty()
        self._listeners: list[Listener] = []

    @property
    def current(self) -> Table:
        return self._current

    @property
    def loaded(self) -> bool:
        """Whether there is a table at all, from NATS or from disk."""
        return self._current.registry != ""

    def swap(self, table: Table, touched: frozenset[Key] | None) -> None:
        self._current = table
        for listener in self._listeners:
            listener(table, touched)

    def on_change(self, listener: Listener) -> None:
        self._listeners.append(listener)
