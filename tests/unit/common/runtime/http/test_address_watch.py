"""When addresses are looked for again, and who hears of them."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from typing_extensions import override

from mcpgateway.common.runtime.http.address_watch import AddressWatch


class Handle:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Rig:
    """A watch whose timers go off when the test says so; its names answer what the test says, and
    an error is raised."""

    def __init__(self, answer: frozenset[str] | Exception | None = None) -> None:
        self.answer = answer
        self.told: list[frozenset[str]] = []
        self.asked = 0
        self.timers: list[Handle] = []
        loop: Any = self  # as far as a watch needs one
        self.watch = AddressWatch(self._resolve, self.tell, 30, loop)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Handle:
        assert seconds == 30
        self.timers.append(Handle(callback))
        return self.timers[-1]

    def create_task(self, work: Any) -> "asyncio.Task[None]":
        self.task = asyncio.get_running_loop().create_task(work)
        return self.task

    async def _resolve(self) -> frozenset[str] | None:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def tell(self, addresses: frozenset[str]) -> None:
        self.told.append(addresses)

    async def later(self) -> None:
        """The time is over, once."""
        timer = self.timers.pop()
        assert not timer.cancelled
        timer.callback()
        await asyncio.wait([self.task])


async def test_who_has_started_is_told_each_time_and_only_once() -> None:
    rig = Rig(frozenset({"10.0.0.1"}))
    rig.watch.start()
    rig.watch.start()
    assert rig.asked == 0
    assert len(rig.timers) == 1
    for _ in range(3):
        await rig.later()
    assert rig.told == [frozenset({"10.0.0.1"})] * 3


async def test_a_stop_is_the_end_until_the_next_start() -> None:
    rig = Rig(frozenset())
    rig.watch.start()
    rig.watch.stop()
    assert rig.timers.pop().cancelled
    rig.watch.start()
    await rig.later()
    assert rig.told == [frozenset()]


async def test_a_stop_while_a_name_is_looked_up_keeps_what_comes_from_being_told() -> None:
    rig = Rig(frozenset())
    rig.watch.start()
    rig.timers.pop().callback()
    rig.watch.stop()
    await asyncio.wait([rig.task])
    assert (rig.told, rig.timers) == ([], [])


async def test_an_unknown_answer_is_not_told_and_asked_for_again() -> None:
    rig = Rig(None)
    rig.watch.start()
    await rig.later()
    assert rig.told == []
    rig.answer = frozenset()
    await rig.later()
    assert rig.told == [frozenset()]


async def test_a_failure_is_logged_and_does_not_end_the_watch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig(LookupError())
    rig.watch.start()
    await rig.later()
    assert any(record.exc_info for record in caplog.records)
    assert len(rig.timers) == 1


async def test_who_is_told_may_stop_it() -> None:
    class Stopping(Rig):
        @override
        def tell(self, addresses: frozenset[str]) -> None:
            self.watch.stop()

    rig = Stopping(frozenset())
    rig.watch.start()
    await rig.later()
    assert rig.timers == []
