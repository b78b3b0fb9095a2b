"""What a token's scope says of each request: where from, when, how often. Only requests with such
a token pay for it, and none of them takes a shortcut.

How often is counted by hour and day of UTC, at all replicas together: each tells the others about
once a second what it has counted, and a new one asks them. So a limit is overshot by what others
let in within that second. Counts live in the replicas: when all of them end, they are forgotten.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from typing import NamedTuple

import msgspec

from mcpgateway.common.errors import Denied, GatewayError, LimitExceeded
from mcpgateway.common.policy.access.restrictions import (
    Restrictions,
    Unreadable,
    restrictions,
)
from mcpgateway.common.policy.access.scope import Scope
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.pipeline.call import Call

EVERY = 1.0  # seconds between two notes
COUNTED = 100_000  # tokens and their windows; those that were used longest ago are forgotten
_READ = 10_000  # scopes that are kept as they were read
_TOLD = 500  # windows of one note
_COUNTS, _WANTED = "token-counts", "token-counts-wanted"  # kinds of notes


class Window(NamedTuple):
    """An hour or a day: the `nth` of so many `seconds` since 1970."""

    token: str
    seconds: int
    nth: int


class _Counted(NamedTuple):
    """What replicas have counted in a window; only grows."""

    window: Window
    counts: dict[str, int]


_notes = msgspec.msgpack.Decoder(list[_Counted])
_encode = msgspec.msgpack.Encoder().encode


class TokenLimits:
    """`now` is Unix seconds; `source_of` says a client's address."""

    def __init__(
        self, owners: Owners, now: Callable[[], float], source_of: Callable[[Exchange], str]
    ) -> None:
        self._owners = owners
        self._now = now
        self._source_of = source_of
        self._windows: OrderedDict[Window, dict[str, int]] = OrderedDict()
        self._changed: set[Window] = set()
        self._read: OrderedDict[bytes, Restrictions] = OrderedDict()
        owners.on_note(_COUNTS, self._heard)
        owners.on_note(_WANTED, self._asked)

    def check_place(self, subject: Subject, exchange: Exchange) -> None:
        """Raises Denied for an address or a time that the token is not for."""
        if not subject.scope.guarded:
            return
        source = self._source_of(exchange)
        problem = self._restrictions(subject.scope).problem(source, self._now())
        if problem is not None:
            raise Denied(problem)

    def refusal(self, call: Call) -> GatewayError | None:
        """Counts a request, unless it is one too many."""
        subject = call.caller.subject
        if not subject.scope.limits:
            return None
        try:
            limits = self._restrictions(subject.scope).limits
        except Denied as error:
            return error
        now, token = self._now(), subject.token or call.caller.key
        windows = [(Window(token, span, int(now // span)), most) for most, span in limits]
        for window, most in windows:
            if sum(self._windows.get(window, {}).values()) >= most:
                return _exceeded(window, most, now)
        for window, _ in windows:
            self._count(window)
        return None

    async def run(self) -> None:
        """Until cancelled: asks the others, and tells them. It asks twice: when it asks first it
        may not hear yet."""
        self._owners.tell_all(_WANTED, b"")
        await asyncio.sleep(EVERY)
        self._owners.tell_all(_WANTED, b"")
        while True:
            self.tell()
            await asyncio.sleep(EVERY)

    def tell_again(self) -> None:
        """All that was counted here: what was told may be lost."""
        own = self._owners.replica
        self._changed.update(window for window, counts in self._windows.items() if own in counts)

    def tell(self) -> None:
        """What was counted here since."""
        changed, self._changed = self._changed, set()
        own = self._owners.replica
        told = [
            _Counted(window, {own: self._windows[window][own]})
            for window in changed
            if own in self._windows.get(window, {})
        ]
        self._send(told)
        self._forget()

    def _count(self, window: Window) -> None:
        counts = self._of(window)
        own = self._owners.replica
        counts[own] = counts.get(own, 0) + 1
        self._changed.add(window)

    def _of(self, window: Window) -> dict[str, int]:
        counts = self._windows.setdefault(window, {})
        self._windows.move_to_end(window)
        if len(self._windows) > COUNTED:
            self._windows.popitem(last=False)
        return counts

    def _heard(self, body: bytes) -> None:
        try:
            told = _notes.decode(body)
        except msgspec.DecodeError:
            return  # of another version: what it counted counts there
        for window, counts in told:
            known = self._of(window)
            for replica, count in counts.items():
                known[replica] = max(count, known.get(replica, 0))

    def _asked(self, body: bytes) -> None:
        """A replica is new: it is told what all have counted, those that are gone too."""
        self._forget()
        self._send([_Counted(*each) for each in self._windows.items()])

    def _send(self, told: list[_Counted]) -> None:
        for at in range(0, len(told), _TOLD):
            self._owners.tell_all(_COUNTS, _encode(told[at : at + _TOLD]))

    def _forget(self) -> None:
        """Windows that are over."""
        now = self._now()
        over = [each for each in self._windows if (each.nth + 1) * each.seconds <= now]
        for window in over:
            del self._windows[window]

    def _restrictions(self, scope: Scope) -> Restrictions:
        """Raises Denied for what can not be understood: it might have refused."""
        key = msgspec.json.encode(scope)
        found = self._read.get(key)
        if found is None:
            try:
                found = restrictions(scope)
            except Unreadable as error:
                raise Denied(f"this token's restrictions can not be read: {error}") from error
            self._read[key] = found
            if len(self._read) > _READ:
                self._read.popitem(last=False)
        return found


def _exceeded(window: Window, most: int, now: float) -> LimitExceeded:
    left = max(1, ceil((window.nth + 1) * window.seconds - now))
    word = "hour" if window.seconds == 3600 else "day"
    message = f"this token has had its {most} requests of this {word}: try again in {left} s"
    return LimitExceeded(message, retry_after=left)
