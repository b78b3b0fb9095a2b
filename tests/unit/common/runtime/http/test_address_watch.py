"""When addresses are looked for again, and who hears of them."""

import asyncio

import pytest

from mcpgateway.common.runtime.http.address_watch import AddressWatch
from support.wait import until


class Names:
    """Answers what a test says; an error is raised."""

    def __init__(self, answer: frozenset[str] | Exception | None) -> None:
        self.answer = answer
        self.asked = 0

    async def __call__(self) -> frozenset[str] | None:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def watch(names: Names, told: list[frozenset[str]]) -> AddressWatch:
    return AddressWatch(names, told.append, 0.01, asyncio.get_running_loop())


async def test_nobody_is_asked_before_the_start_and_after_the_stop() -> None:
    names, told = Names(frozenset({"10.0.0.1"})), list[frozenset[str]]()
    watched = watch(names, told)
    watched.start()
    watched.start()
    await until(lambda: len(told) > 2, "the addresses are told again and again")
    watched.stop()
    asked = names.asked
    await asyncio.sleep(0.05)  # what must not happen has no event
    assert names.asked == asked
    assert set(told) == {frozenset({"10.0.0.1"})}


async def test_an_unknown_answer_is_not_told_and_asked_for_again() -> None:
    names, told = Names(None), list[frozenset[str]]()
    watched = watch(names, told)
    watched.start()
    await until(lambda: names.asked > 2, "asked again")
    assert told == []
    names.answer = frozenset()
    await until(lambda: bool(told), "told")
    watched.stop()


async def test_a_failure_is_logged_and_does_not_end_the_watch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    names, told = Names(LookupError()), list[frozenset[str]]()
    watched = watch(names, told)
    watched.start()
    await until(lambda: names.asked > 2, "asked again")
    watched.stop()
    assert any(record.exc_info for record in caplog.records)


async def test_who_is_told_may_stop_it() -> None:
    names = Names(frozenset())
    stopped = asyncio.Event()

    def tell(_: frozenset[str]) -> None:
        watched.stop()
        stopped.set()

    watched = AddressWatch(names, tell, 0.01, asyncio.get_running_loop())
    watched.start()
    await asyncio.wait_for(stopped.wait(), 30)
    await asyncio.sleep(0.05)  # what must not happen has no event
    assert names.asked == 1
