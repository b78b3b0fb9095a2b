"""Replicas in one loop, without NATS: letters arrive in the next turn of the loop, in order.

`Loopback` is the post office: it makes owners, ends them, loses letters on demand.
"""

import asyncio
import os
import time
from collections.abc import Callable

from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.parked.handing import Handing, HandingLimits, Source
from mcpgateway.data_plane.parked.seals import Seals
from support.endpoint import KEYS
from support.owners import QUICK, Application

SOURCE = Source(time.monotonic, time.time, os.urandom)


class Loopback:
    """`losing` decides which letters are lost, by receiver and topic. `carried` counts the others,
    and `letters` has what was carried, as (to, topic, letter)."""

    def __init__(self) -> None:
        self.mailboxes: dict[str, Handing] = {}
        self.losing: Callable[[str, str], bool] = lambda _to, _topic: False
        self.letters: list[tuple[str, str, bytes]] = []
        self.up = True

    def owners(
        self,
        replica: str,
        handle: Callable[[Exchange], None] | None = None,
        limits: HandingLimits = QUICK,
        source: Source = SOURCE,
    ) -> Handing:
        """Who runs `handle` for what is handed to it."""
        made = Handing(replica, Seals(KEYS, replica, os.urandom), source, limits)
        made.connect(Carrier(self, replica))
        if handle is not None:
            made.serve(Application(handle))
        self.mailboxes[replica] = made
        return made

    async def start(
        self,
        replica: str,
        handle: Callable[[Exchange], None] | None = None,
        limits: HandingLimits = QUICK,
    ) -> Handing:
        return self.owners(replica, handle, limits)

    def close(self) -> None:
        for mailbox in self.mailboxes.values():
            mailbox.close()

    async def kill(self, replica: str) -> None:
        """Nothing that it sends arrives any more, and nobody is there to receive."""
        self.mailboxes.pop(replica)._post = None  # as if its process had ended

    def deliver(self, to: str, topic: str, letter: bytes) -> None:
        self.letters.append((to, topic, letter))
        if to in self.mailboxes:
            self.mailboxes[to].received(topic, letter)


class Carrier:
    """A Post of one replica."""

    def __init__(self, office: Loopback, own: str) -> None:
        self._office = office
        self._own = own

    @property
    def up(self) -> bool:
        return self._office.up

    def send(self, to: str, topic: str, letter: bytes, *, answerable: bool = False) -> None:
        office, soon = self._office, asyncio.get_running_loop().call_soon
        if not self.up or self._own not in office.mailboxes or office.losing(to, topic):
            return
        if answerable and to not in office.mailboxes:
            soon(office.mailboxes[self._own].nobody, topic)
        else:
            soon(office.deliver, to, topic, letter)

    def tell_all(self, letter: bytes) -> None:
        if not self.up or self._own not in self._office.mailboxes:
            return
        for mailbox in self._office.mailboxes.values():
            asyncio.get_running_loop().call_soon(mailbox.noted, letter)
