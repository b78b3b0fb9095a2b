"""Buckets in memory: of a replica alone, never there, or with answers that a test holds back."""

import asyncio
import time

from typing_extensions import override

from mcpgateway.data_plane.parked.bucket import Away, Entry, OwnStore
from mcpgateway.data_plane.parked.owners import Alone
from mcpgateway.data_plane.parked.session_state import SessionStates


class TestedStore(OwnStore):
    """`asked` lists what was read and put; `up` False is NATS away; `answers` cleared holds every
    answer back."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.answers = asyncio.Event()
        self.answers.set()

    @override
    async def get(self, key: str) -> Entry:
        await self._answer("get")
        return await super().get(key)

    @override
    async def put(self, key: str, value: bytes | None, after: int) -> int:
        await self._answer("put")
        return await super().put(key, value, after)

    async def _answer(self, question: str) -> None:
        self.asked.append(question)
        await self.answers.wait()
        if not self.up:
            raise Away("NATS is away")


class AwayStore(OwnStore):
    """Never there: nothing is read, and nobody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.up = False


def own_states() -> SessionStates:
    """Of a replica alone."""
    return SessionStates(OwnStore(), Alone("replica-1"), time.monotonic)
