"""Calls of legacy sessions that wait for an upstream, so that `notifications/cancelled` finds them.

A cancellation may come to any replica: one whose call is not here is told to all.
"""

import logging
from collections.abc import Callable

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.data_plane.parked.owners import Owners

log = logging.getLogger(__name__)

LIMIT = 100_000  # calls; above, the newest is served but can not be cancelled by message


class Cancelled(GatewayError):
    """The client asked for it; told to nobody but the client."""

    code = "cancelled"


Cancel = Callable[[str], None]
"""Cancels one call, with the reason."""

Key = tuple[str, jsonrpc.Id]  # session and request id; 7 and "7" differ


_KIND = "cancelled"  # of notes
_REASON = "cancelled by the client"
_keys = msgspec.msgpack.Decoder(Key)


class InFlight:
    """By session and request id."""

    def __init__(self, owners: Owners) -> None:
        self._calls: dict[Key, Cancel] = {}
        self._owners = owners
        owners.on_note(_KIND, self._noted)

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, key: Key, cancel: Cancel) -> None:
        if len(self._calls) < LIMIT:
            self._calls[key] = cancel

    def replace(self, key: Key, before: Cancel, cancel: Cancel) -> None:
        """No effect where `before` is not what is there."""
        if self._calls.get(key) == before:
            self._calls[key] = cancel

    def remove(self, key: Key) -> None:
        self._calls.pop(key, None)

    def cancel(self, key: Key) -> None:
        """No effect when the call is over, on whichever replica."""
        if not self._cancel(key):
            self._owners.tell_all(_KIND, msgspec.msgpack.encode(key))

    def _noted(self, body: bytes) -> None:
        try:
            self._cancel(_keys.decode(body))
        except msgspec.DecodeError as error:
            log.warning("a note of a cancellation is not understood: %s", error)

    def _cancel(self, key: Key) -> bool:
        cancel = self._calls.get(key)
        if cancel is None:
            return False
        cancel(_REASON)
        return True
