"""The tokens that callers' requests to upstreams carry: one for all callers, or each caller's own.

A token is read when a call first needs it, and kept until a minute before its end, or until another
one was put. That it is missing is kept, too, for a few seconds, or until one was put: so a call
works as soon as its caller has consented, at whichever replica.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import NamedTuple

from mcpgateway.common.errors import Denied, Unauthenticated, Unavailable
from mcpgateway.common.routing.model import Upstream
from mcpgateway.common.routing.upstream_tokens import UpstreamToken, Wanted, key_of
from mcpgateway.data_plane.parked.bucket import Away
from mcpgateway.data_plane.parked.token_bucket import EVERYTHING, TokenSource

Lines = tuple[tuple[bytes, bytes], ...]
_BY_ITSELF = ("shared", "exchange")  # tokens that the control plane gets without their user

KEPT = 50_000  # tokens; the least recently used goes and is read again
AHEAD = 60.0  # seconds before its end that a token is read again
MISSING = 5.0  # seconds that one is believed to be missing
PROBLEM = 2.0  # seconds that one is believed not to be had
EXCHANGE = 10.0  # seconds that the first call of a caller waits for an exchange
SHARED = 2.0  # seconds that a call waits for the token of an upstream that was just registered


class TokenUnknown(Unavailable):
    """This replica has to read it first; `need` says which."""

    def __init__(self, need: "Need") -> None:
        super().__init__(f"the token for upstream {need.upstream.name!r} is being read: call again")
        self.need = need


class ConsentMissing(Denied):
    """The caller has not let the gateway act for him at the upstream yet, or not in all that it
    wants (`scopes`)."""

    def __init__(self, upstream: Upstream, principal: str, scopes: tuple[str, ...] = ()) -> None:
        super().__init__(f"upstream {upstream.name!r} is called with your own authorization")
        self.upstream = upstream
        self.principal = principal
        self.scopes = scopes


class Need(NamedTuple):
    """`shown`: the token that the caller showed to the gateway, for an exchange."""

    upstream: Upstream
    principal: str
    key: str
    shown: str = ""


class _Held(NamedTuple):
    """`lines` None: there is none. `problem`: it can not be had. `asked`: for which scopes."""

    lines: Lines | None
    until: float
    problem: str = ""
    asked: tuple[str, ...] = ()


class UpstreamTokens:
    """`now` is Unix seconds."""

    def __init__(
        self, source: TokenSource, now: Callable[[], float], patience: float = EXCHANGE
    ) -> None:
        self._source = source
        self._now = now
        self._patience = patience
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._changes: dict[str, asyncio.Event] = {}
        source.on_change(self._changed)

    def lines(self, upstream: Upstream, principal: str, shown: str = "") -> Lines:
        """Raises TokenUnknown (see `learn`), ConsentMissing, Unavailable, Unauthenticated for a
        stranger where each caller has his own."""
        mine = upstream.tokens != "shared"
        if mine and not principal:
            raise Unauthenticated(
                f"upstream {upstream.name!r} is called with each caller's own authorization: log in"
            )
        key = key_of(principal if mine else "", upstream.id)
        held = self._held.get(key)
        if held is None or self._now() >= held.until:
            raise TokenUnknown(Need(upstream, principal, key, shown))
        self._held.move_to_end(key)
        if held.problem:
            raise Unavailable(f"no token for upstream {upstream.name!r}: {held.problem}")
        if held.lines is None:
            raise self._missing(upstream, principal)
        return held.lines

    def asked(self, upstream: Upstream, principal: str) -> tuple[str, ...]:
        """For which scopes the caller was asked to consent; empty where that is not known."""
        held = self._held.get(key_of(principal, upstream.id))
        return () if held is None else held.asked

    async def learn(self, need: Need) -> None:
        """Afterwards `lines` says what is so, for a while. Two that need the same read once."""
        reading = self._reading.get(need.key)
        if reading is None:
            reading = asyncio.create_task(self._learn(need))
            self._reading[need.key] = reading
            reading.add_done_callback(lambda _: self._reading.pop(need.key, None))
        await asyncio.shield(reading)

    async def _learn(self, need: Need) -> None:
        changed = asyncio.Event()
        self._changes[need.key] = changed
        try:
            found = await self._source.get(need.key)
            if need.upstream.tokens in _BY_ITSELF and not self._usable(found):
                await self._put(need, changed)
                found = await self._source.get(need.key)
            self._keep(need.key, self._judged(found))
        except (Away, TimeoutError) as error:
            said = str(error) or "the control plane does not answer"
            self._keep(need.key, _Held(None, self._now() + PROBLEM, said))
        finally:
            del self._changes[need.key]

    async def _put(self, need: Need, changed: asyncio.Event) -> None:
        """Waits until the control plane has put a token. Raises TimeoutError for an exchange, of
        which it would have heard."""
        if need.upstream.tokens == "exchange":
            changed.clear()
            await self._source.want(Wanted(need.principal, need.upstream.id, need.shown))
            async with asyncio.timeout(self._patience):
                await changed.wait()
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(min(SHARED, self._patience)):
                await changed.wait()

    def _usable(self, found: UpstreamToken | None) -> bool:
        """Also of a problem that was just told, which is not asked for again at once."""
        return found is not None and (not found.expires or found.expires > self._now())

    def _judged(self, found: UpstreamToken | None) -> _Held:
        now = self._now()
        if found is None:
            return _Held(None, now + MISSING)
        if found.problem:
            return _Held(None, now + PROBLEM, found.problem)
        if found.expires and found.expires <= now:
            return _Held(None, now + PROBLEM, "it has ended and was not renewed yet")
        until = max(found.expires - AHEAD, now + 1.0) if found.expires else inf
        lines = tuple((name.lower().encode(), value.encode()) for name, value in found.lines)
        return _Held(lines, until, asked=found.asked)

    def _keep(self, key: str, held: _Held) -> None:
        self._held[key] = held
        self._held.move_to_end(key)
        if len(self._held) > KEPT:
            self._held.popitem(last=False)

    def _missing(self, upstream: Upstream, principal: str) -> Exception:
        if upstream.tokens in ("oauth", "vault"):
            return ConsentMissing(upstream, principal)
        return Unavailable(f"there is no token for upstream {upstream.name!r} yet")

    def _changed(self, key: str) -> None:
        if key == EVERYTHING:
            self._held.clear()
        else:
            self._held.pop(key, None)
        waiting = self._changes.get(key)
        if waiting is not None:
            waiting.set()
