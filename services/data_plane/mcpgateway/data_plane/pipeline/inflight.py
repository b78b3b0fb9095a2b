"""Calls of legacy sessions that wait for an upstream, so that `notifications/cancelled` finds them,
and what else clients notify in their sessions.

A notification may come to any replica: a cancellation whose call is not here, and the word that
roots have changed, are told to all.
"""

import logging
from collections.abc import Callable

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import legacy
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
_ROOTS = "roots-changed"
_REASON = "cancelled by the client"
_NOTED_ID = 1024  # characters of an id of which other replicas are told
_keys = msgspec.msgpack.Decoder(Key)


def _to_nobody(_session: str) -> None:
    """No upstream is told."""


class InFlight:
    """By session and request id."""

    def __init__(self, owners: Owners, roots_changed: Callable[[str], None] = _to_nobody) -> None:
        """`roots_changed` hears the id of a session whose client has other roots now."""
        self._calls: dict[Key, Cancel] = {}
        self._owners = owners
        self._roots_changed = roots_changed
        owners.on_note(_KIND, self._noted)
        owners.on_note(_ROOTS, lambda body: roots_changed(body.decode()))

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

    def notified(self, session: str, frame: jsonrpc.Frame) -> None:
        """By a client in its session."""
        id = legacy.cancelled_request(frame)
        if id is not None:
            self.cancel((session, id))
        elif frame.method == legacy.ROOTS_CHANGED:
            self._roots_changed(session)
            self._owners.tell_all(_ROOTS, session.encode())

    def cancel(self, key: Key) -> None:
        """No effect when the call is over, on whichever replica; nor on another one than this when
        its id is longer than any client's (over 1024 characters, or 64 bits)."""
        if not self._cancel(key) and _can_be_noted(key[1]):
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


def _can_be_noted(id: jsonrpc.Id) -> bool:
    return len(id) <= _NOTED_ID if isinstance(id, str) else -(2**63) <= id < 2**63
