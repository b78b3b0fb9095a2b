"""Letters between replicas over core NATS: nothing is stored, and nothing subscribed to per call.

One subscription for what is sent to this replica, one for what is sent to all. A letter that wants
to know whether anybody is there names a reply subject of the first one: NATS answers there.
"""

import asyncio
import logging
from collections import deque
from typing import NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from mcpgateway.common.runtime.nats import Shared, raise_if_cancelled
from mcpgateway.common.subjects import Subjects
from mcpgateway.data_plane.parked.post import Mailbox

log = logging.getLogger(__name__)

WAITING = 64 * 1024 * 1024  # bytes of letters not yet written to the connection; above, lost
_NO_RESPONDERS = "503"


class _Letter(NamedTuple):
    subject: str
    data: bytes
    reply: str


class NatsPost:
    """Implements `Post`. `lost` counts letters that could not be sent. Over a reconnect nats-py
    keeps 2 MiB of them."""

    def __init__(self, nats: Shared, subjects: Subjects, own: str, mailbox: Mailbox) -> None:
        """Make it before the connection runs."""
        self.lost = 0
        self._nats = nats
        self._subjects = subjects
        self._own = own
        self._mailbox = mailbox
        self._letters: deque[_Letter] = deque()
        self._waiting = 0
        self._news = asyncio.Event()
        self._written = asyncio.Event()  # nothing waits
        self._written.set()
        nats.use(self._work)

    @property
    def up(self) -> bool:
        return self._nats.connected

    def send(self, to: str, topic: str, letter: bytes, *, answerable: bool = False) -> None:
        reply = self._subjects.replica(self._own, topic) if answerable else ""
        self._put(_Letter(self._subjects.replica(to, topic), letter, reply))

    def tell_all(self, letter: bytes) -> None:
        self._put(_Letter(self._subjects.everyone, letter, ""))

    async def flush(self, seconds: float = 1.0) -> None:
        """Waits until NATS has what was sent, for at most so many seconds."""
        client = self._nats.client
        try:
            async with asyncio.timeout(seconds):
                if client is not None and self.up:
                    await self._written.wait()
                    await client.flush()
        except (NatsError, TimeoutError):
            log.warning("what was told other replicas last may be lost")

    def _put(self, letter: _Letter) -> None:
        if self._nats.client is None or self._waiting + len(letter.data) > WAITING:
            self.lost += 1
            return
        self._waiting += len(letter.data)
        self._letters.append(letter)
        self._written.clear()
        self._news.set()

    async def _work(self, client: Client) -> None:
        await client.subscribe(self._subjects.replica(self._own, "*"), cb=self._received)
        await client.subscribe(self._subjects.everyone, cb=self._noted)
        while True:
            raise_if_cancelled()
            await self._news.wait()
            self._news.clear()
            while self._letters:
                await self._write(client, self._letters.popleft())
            self._written.set()

    async def _write(self, client: Client, letter: _Letter) -> None:
        self._waiting -= len(letter.data)
        try:
            await client.publish(letter.subject, letter.data, letter.reply)
        except NatsError as error:
            self.lost += 1
            log.warning("a letter to %s is lost: %s", letter.subject, error)

    async def _received(self, message: Msg) -> None:
        topic = message.subject.rpartition(".")[2]
        if message.headers is None:
            self._mailbox.received(topic, message.data)
        elif message.headers.get("Status") == _NO_RESPONDERS:
            self._mailbox.nobody(topic)

    async def _noted(self, message: Msg) -> None:
        self._mailbox.noted(message.data)
