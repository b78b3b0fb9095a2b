"""The replicas behind a front: which of them takes a request, and who waits until one can.

Whether a replica is there is found out by `lookout`; that one is not, also by the first request
that it breaks off.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from mcpgateway.common.runtime.http.client import Origin

PATIENCE = 10.0  # seconds
MOST_WAITING = 4096  # requests; one more is told at once that there is nobody


class Traveller(Protocol):
    """A request that needs a replica."""

    def go(self, replica: "Replica") -> None:
        """Be sent there."""

    def stay(self) -> None:
        """There is none, or was none for too long."""

    def cut(self) -> None:
        """The replica under way to which it is hears nothing any more."""


class Replica:
    """One of them. `usable`: it said that it was ready and nothing was broken off since; `silent`
    counts the looks in a row that it did not answer."""

    __slots__ = ("address", "origin", "silent", "since", "under_way", "usable")

    def __init__(self, address: str, since: float) -> None:
        """`since` when it is known, in the loop's time."""
        host, _, port = address.rpartition(":")
        self.address = address
        self.origin = Origin("http", host.strip("[]"), int(port))
        self.since = since
        self.usable = False
        self.silent = 0
        self.under_way: set[Traveller] = set()


class Replicas:
    """`on_trouble` is told when a replica broke a request off: look at it again soon. `patience`
    is how long a request waits while no replica can take it, in seconds."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_trouble: Callable[[], None],
        patience: float = PATIENCE,
    ) -> None:
        self._loop = loop
        self.on_trouble = on_trouble
        self._patience = patience
        self._by_address: dict[str, Replica] = {}
        self._usable: list[Replica] = []
        self._turn = 0
        self._waiting: deque[tuple[Traveller, asyncio.TimerHandle]] = deque()

    def __iter__(self) -> Iterator[Replica]:
        return iter(tuple(self._by_address.values()))

    @property
    def usable(self) -> int:
        return len(self._usable)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def place(self, traveller: Traveller) -> None:
        """Sends it to the replica with the least under way; in turn where several have as little.
        Without any it waits, for a while only."""
        replica = self._choose()
        if replica is not None:
            traveller.go(replica)
        elif len(self._waiting) >= MOST_WAITING:
            traveller.stay()
        else:
            timer = self._loop.call_later(self._patience, self._given_up, traveller)
            self._waiting.append((traveller, timer))

    def forget(self, traveller: Traveller) -> None:
        """It does not wait any more."""
        for entry in self._waiting:
            if entry[0] is traveller:
                entry[1].cancel()
                self._waiting.remove(entry)
                return

    def broken(self, replica: Replica) -> None:
        """It broke a request off, or can not be connected to."""
        self._mark(replica, False)
        self.on_trouble()

    def seen(self, replica: Replica, ready: bool) -> None:
        """What came of a look at it."""
        if ready != replica.usable and self._by_address.get(replica.address) is replica:
            self._mark(replica, ready)

    def replace(self, addresses: Iterable[str]) -> list[Replica]:
        """These are there now, and no others. Returns those that are gone."""
        wanted = dict.fromkeys(addresses)
        gone = [each for each in self if each.address not in wanted]
        for each in gone:
            del self._by_address[each.address]
            self._mark(each, False)
        for address in wanted:
            if address not in self._by_address:
                self._by_address[address] = Replica(address, self._loop.time())
        return gone

    def close(self) -> None:
        """Nobody waits any more."""
        while self._waiting:
            traveller, timer = self._waiting.popleft()
            timer.cancel()
            traveller.stay()

    def status(self) -> Mapping[str, bool]:
        """Usable, by address."""
        return {each.address: each.usable for each in self}

    def _choose(self) -> Replica | None:
        usable = self._usable
        count = len(usable)
        if not count:
            return None
        turn = self._turn = (self._turn + 1) % count
        best = usable[turn]
        for other in (*usable[turn + 1 :], *usable[:turn]):
            if len(other.under_way) < len(best.under_way):
                best = other
        return best

    def _mark(self, replica: Replica, usable: bool) -> None:
        replica.usable = usable
        if not usable:
            if replica in self._usable:
                self._usable.remove(replica)
            return
        if replica not in self._usable:
            self._usable.append(replica)
        for _ in range(len(self._waiting)):  # those that wait again are not asked twice
            if not (self._waiting and self._usable):
                break
            traveller, timer = self._waiting.popleft()
            timer.cancel()
            self.place(traveller)

    def _given_up(self, traveller: Traveller) -> None:
        self.forget(traveller)
        traveller.stay()
