"""Calls of a tool at once: as many as it says, the others in order, none twice."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.routing.model import Tool
from mcpgateway.data_plane.pipeline.handling.gates import Gates


def tool(limit: int, id: str = "t") -> Tool:
    return Tool(id, "u", "name", "name", max_concurrency=limit)


class Visits:
    """Calls that stay in their place until they are told to leave."""

    def __init__(self, gates: Gates, limit: int) -> None:
        self.gates = gates
        self.tool = tool(limit)
        self.inside: list[int] = []
        self.leave: dict[int, asyncio.Event] = {}

    async def visit(self, number: int) -> None:
        self.leave[number] = asyncio.Event()
        async with self.gates.place(self.tool):
            self.inside.append(number)
            try:
                await self.leave[number].wait()
            finally:
                self.inside.remove(number)

    def begin(self, *numbers: int) -> list["asyncio.Task[None]"]:
        return [asyncio.create_task(self.visit(number)) for number in numbers]


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_those_above_the_limit_enter_in_order_as_others_leave() -> None:
    heard: list[str] = []
    gates = Gates(counted=heard.append)
    visits = Visits(gates, 2)
    calls = visits.begin(1, 2, 3, 4)
    await settled()
    assert (visits.inside, gates.waiting) == ([1, 2], 2)
    visits.leave[2].set()
    await settled()
    assert (visits.inside, gates.waiting) == ([1, 3], 1)
    for each in visits.leave.values():
        each.set()
    await asyncio.gather(*calls)
    assert heard == ["waited", "waited"]
    assert gates._gates == {}


async def test_a_tool_without_a_limit_waits_for_nothing() -> None:
    gates = Gates(0)
    async with AsyncExitStack() as stack:
        for _ in range(100):
            await stack.enter_async_context(gates.place(tool(0)))
        assert gates.waiting == 0


async def test_tools_do_not_wait_for_each_other() -> None:
    gates = Gates(0)
    async with gates.place(tool(1, "a")), gates.place(tool(1, "b")):
        assert gates.waiting == 0


async def test_one_too_many_is_refused_at_once() -> None:
    heard: list[str] = []
    gates = Gates(1, counted=heard.append)
    visits = Visits(gates, 1)
    calls = visits.begin(1, 2)
    await settled()
    with pytest.raises(Unavailable, match="was not called: try again"):
        await visits.visit(3)
    assert heard == ["refused"]
    for each in calls:
        each.cancel()
    await asyncio.wait(calls)


async def test_who_waits_too_long_is_told_that_it_was_not_called() -> None:
    gates = Gates(seconds=0.01)
    async with gates.place(tool(1)):
        with pytest.raises(Unavailable, match=r"none ended within 0\.01 s; it was not called"):
            async with gates.place(tool(1)):
                pass
        assert gates.waiting == 0


async def test_a_place_that_was_handed_to_who_left_goes_to_the_next() -> None:
    gates = Gates()
    visits = Visits(gates, 1)
    async with gates.place(visits.tool):
        second, third = visits.begin(2, 3)
        await settled()
    second.cancel()  # in the turn in which its place came
    await settled()
    assert visits.inside == [3]
    visits.leave[3].set()
    await asyncio.wait([second, third])
    assert gates._gates == {}


async def test_a_higher_limit_lets_those_in_who_wait() -> None:
    gates = Gates()
    visits = Visits(gates, 1)
    calls = visits.begin(1, 2, 3)
    await settled()
    visits.tool = tool(3)
    (fourth,) = visits.begin(4)
    await settled()
    visits.leave[1].set()
    await settled()
    assert set(visits.inside) >= {2, 3}
    for each in visits.leave.values():
        each.set()
    await asyncio.gather(*calls, fourth)
