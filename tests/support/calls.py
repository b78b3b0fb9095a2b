"""Calls that go on while a test does something to the suite."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from support.suite import Suite, text_of
from support.wait import until


@dataclass
class Calls:
    """A loop of calls that goes on; `after(n)` returns when n more have been answered."""

    answered: int = 0
    failures: list[str] = field(default_factory=list)
    stopped: bool = False
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def after(self, more: int) -> None:
        target = self.answered + more
        async with asyncio.timeout(60), self.news:
            await self.news.wait_for(lambda: self.answered >= target or bool(self.failures))
        assert self.failures == []

    async def loop(self, suite: Suite, path: str, mode: str) -> None:
        async with suite.client(path, mode) as client:
            while not self.stopped:
                text = f"call {self.answered}"
                try:
                    result = await client.call_tool("upstream-echo", {"text": text})
                    if text_of(result) != text:
                        self.failures.append(f"{text!r} was answered {text_of(result)!r}")
                except Exception as error:  # noqa: BLE001 - any failure at all breaks the promise
                    self.failures.append(repr(error))
                async with self.news:
                    self.answered += 1
                    self.news.notify_all()


@asynccontextmanager
async def calls_going_on(suite: Suite, path: str) -> AsyncIterator[Calls]:
    calls = Calls()
    loops = [
        asyncio.create_task(calls.loop(suite, path, mode)) for mode in ("legacy", "2026-07-28")
    ]
    try:
        await calls.after(20)
        yield calls
        await calls.after(20)
    finally:
        calls.stopped = True  # not cancelled: the SDK's client does not take that well in a call
        await asyncio.gather(*loops)


async def healed(suite: Suite, role: str, killed: list[int]) -> None:
    """Returns when the supervisor has started the role again."""
    await until(lambda: bool(set(suite.pids(role)) - set(killed)), f"{role} is started again")
