"""Calls of legacy sessions that wait for an upstream, so that `notifications/cancelled` finds them.

A cancellation reaches the calls of this replica only.
"""

from typing import Protocol

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError

LIMIT = 100_000  # calls; above, the newest is served but can not be cancelled by message


class Cancelled(GatewayError):
    """The client asked for it; told to nobody but the client."""

    code = "cancelled"


class Cancellable(Protocol):
    """What `cancel` is passed on to."""

    def cancel(self, reason: str) -> None: ...


Key = tuple[str, jsonrpc.Id]  # session and request id; 7 and "7" differ


class InFlight:
    """By session and request id."""

    def __init__(self) -> None:
        self._calls: dict[Key, Cancellable] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, key: Key, call: Cancellable) -> None:
        if len(self._calls) < LIMIT:
            self._calls[key] = call

    def remove(self, key: Key) -> None:
        self._calls.pop(key, None)

    def cancel(self, key: Key) -> None:
        """No effect when the call is over or was never here."""
        call = self._calls.get(key)
        if call is not None:
            call.cancel("cancelled by the client")
