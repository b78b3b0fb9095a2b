"""Indexes of searched servers are made once, kept true by deltas, and bounded."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from typing_extensions import override

from mcpgateway.common.errors import Bug, Unavailable
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.delta import apply
from mcpgateway.common.routing.model import Delta, Key, Record
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.slices import begun
from mcpgateway.data_plane.pipeline.searching.catalogues import FEW, Catalogue, Catalogues
from mcpgateway.data_plane.table.holder import TableHolder
from support.registries import REGISTRY, server, tool, upstream

MANY = 4_000


class World:
    """Catalogues that hear of a table's changes."""

    def __init__(self, *records: Record, tools: int = 1_000_000) -> None:
        self.tables = TableHolder()
        self.catalogues = Catalogues(tools)
        self.tables.on_change(self.catalogues.table_changed)
        self.tables.swap(build(REGISTRY, 1, (upstream(), *records)), None)

    @property
    def table(self) -> Table:
        return self.tables.current

    def change(self, *upserts: Record, deletes: tuple[Key, ...] = ()) -> None:
        revision = self.table.revision
        applied = apply(self.table, Delta(REGISTRY, revision, revision + 1, upserts, deletes))
        self.tables.swap(applied.table, applied.touched)

    def of(self, id: str = "s1") -> Catalogue:
        return self.catalogues.of(id, self.table)

    async def ids(self, id: str = "s1") -> list[str]:
        found = self.of(id)
        await found.wait()
        return sorted(found.index.ids())

    async def found(self, query: str) -> list[str]:
        found = self.of()
        await found.wait()
        return [each.id for each in begun(found.index.search(query, 5, lambda _: True), 10)]


def searched(*tools: str, id: str = "s1") -> Record:
    return server(id, tools=tools, discovery="search")


async def test_an_index_has_what_the_server_has() -> None:
    world = World(tool("t1"), tool("t2"), tool("t3"), searched("t1", "t2", "absent"))
    assert await world.ids() == ["t1", "t2"]
    assert world.of() is world.of()


async def test_it_is_kept_true_tool_by_tool() -> None:
    world = World(tool("t1", name="alpha"), tool("t2"), tool("t3"), searched("t1", "t2"))
    assert await world.found("alpha") == ["t1"]
    index = world.of().index
    world.change(tool("t1", name="beta"))
    assert (await world.found("alpha"), await world.found("beta")) == ([], ["t1"])
    world.change(deletes=(Key("tool", "t2"),))
    assert await world.ids() == ["t1"]
    world.change(tool("t2"))
    assert await world.ids() == ["t1", "t2"]
    world.change(tool("t3", name="gamma"))  # of no member
    assert await world.ids() == ["t1", "t2"]
    assert world.of().index is index


async def test_members_come_and_go_with_their_server() -> None:
    world = World(tool("t1"), tool("t2"), searched("t1"))
    assert await world.ids() == ["t1"]
    world.change(searched("t2"))
    assert await world.ids() == ["t2"]


async def test_a_table_that_is_built_anew_is_compared() -> None:
    world = World(tool("t1"), tool("t2"), searched("t1", "t2"))
    assert await world.ids() == ["t1", "t2"]
    world.tables.swap(build(REGISTRY, 9, (upstream(), tool("t2"), searched("t1", "t2"))), None)
    assert await world.ids() == ["t2"]


@pytest.mark.parametrize("how", ["deleted", "full"])
async def test_of_a_server_that_is_not_searched_any_more_nothing_is_kept(how: str) -> None:
    world = World(tool("t1"), searched("t1"))
    await world.ids()
    if how == "deleted":
        world.change(deletes=(Key("server", "s1"),))
    else:
        world.change(server("s1", tools=("t1",)))
    assert len(world.catalogues) == 0


async def test_a_large_one_is_made_while_others_have_their_turn() -> None:
    tools = [tool(f"t{n}") for n in range(MANY)]
    world = World(*tools, searched(*(each.id for each in tools)))
    made = world.of()
    waiting = asyncio.ensure_future(made.wait())
    turns = 0
    while not waiting.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 3
    assert len(made.index) == MANY


async def test_what_changes_while_it_is_made_is_in_it() -> None:
    tools = [tool(f"t{n}") for n in range(MANY)]
    world = World(*tools, searched(*(each.id for each in tools)))
    assert not world.of().ready
    world.change(tool("t0", name="zebra"), deletes=(Key("tool", "t1"),))
    assert await world.found("zebra") == ["t0"]
    assert len(world.of().index) == MANY - 1


class Broken(dict[str, None]):
    """Members of which the last can not be told."""

    @override
    def __iter__(self) -> Iterator[str]:
        yield from super().__iter__()
        raise RuntimeError("broken")


async def test_one_that_failed_is_made_anew_with_the_next_change(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tools = [tool(f"t{n}") for n in range(MANY)]
    world = World(*tools, searched(*(each.id for each in tools)))
    sound = world.table.indexes
    wrong: Any = {"s1": Broken({each.id: None for each in tools})}
    broken = replace(world.table, indexes=replace(sound, searched=wrong))
    made = world.catalogues.of("s1", broken)
    with pytest.raises(Bug):
        await made.wait()
    assert "could not be indexed" in caplog.text
    world.change(tool("t0", name="zebra"))
    assert await world.found("zebra") == ["t0"]


async def test_places_of_what_is_gone_are_given_back() -> None:
    tools = [tool(f"t{n}") for n in range(3 * FEW)]
    ids = [each.id for each in tools]
    world = World(*tools, searched(*ids))
    await world.ids()
    world.change(searched(*ids[:10]))
    assert len(await world.ids()) == 10
    assert world.of().index.gone == 0


async def test_the_one_that_was_asked_least_recently_goes_when_there_are_too_many() -> None:
    world = World(
        tool("t1"),
        tool("t2"),
        *(searched("t1", "t2", id=id) for id in ("s1", "s2", "s3")),
        tools=4,
    )
    first, second = world.of("s1"), world.of("s2")
    world.of("s1")
    world.of("s3")
    assert (len(world.catalogues), world.catalogues.tools) == (2, 4)
    assert world.of("s1") is first
    assert world.of("s2") is not second


async def test_one_alone_may_be_as_large_as_it_is() -> None:
    world = World(tool("t1"), tool("t2"), searched("t1", "t2"), tools=1)
    assert await world.ids() == ["t1", "t2"]


async def test_who_waits_for_one_that_is_given_up_is_told_to_come_again() -> None:
    tools = [tool(f"t{n}") for n in range(MANY)]
    world = World(*tools, searched(*(each.id for each in tools)))
    waiting = asyncio.ensure_future(world.of().wait())
    await asyncio.sleep(0)
    world.change(deletes=(Key("server", "s1"),))
    with pytest.raises(Unavailable):
        await waiting
    await world.catalogues.aclose()
