"""Which replicas a front finds, and when it takes each of them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from mcpgateway.common.routing.build import build
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.common.runtime.tasks import end
from mcpgateway.data_plane.edge.siblings import Announced, Siblings
from mcpgateway.data_plane.front import lookout
from mcpgateway.data_plane.front.lookout import Lookout
from mcpgateway.data_plane.table.holder import TableHolder
from support.http import ScriptedApp, free_port, serving
from support.wait import until

HERE = socket.gethostname()


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    made = Pool()
    yield made
    await made.aclose()


def replica(id: str, port: int, name: str = "0", host: str = HERE) -> Announced:
    return Announced(id, name, host, f"127.0.0.1:{port}")


def holding(revision: int, registry: str = "a-registry") -> TableHolder:
    tables = TableHolder()
    tables.swap(build(registry, revision, ()), None)
    return tables


def ready(revision: int, status: int = 200) -> ScriptedApp:
    """A replica that holds a table of this revision."""
    table = {"registry": "a-registry", "revision": revision}
    body = msgspec.json.encode({"ready": status == 200, "table": table})
    return ScriptedApp(lambda exchange: exchange.respond(status, (), body))


def looking(pool: Pool, tables: TableHolder, *ports: int) -> Lookout:
    async def find() -> Sequence[str]:
        return [f"127.0.0.1:{port}" for port in ports]

    return Lookout(pool, find, tables)


async def test_replicas_that_hold_their_files_are_found_and_no_others(
    tmp_path: Path, pool: Pool
) -> None:
    living = [Siblings(tmp_path, pool, ("secret",)) for _ in range(3)]
    living[0].announce(replica("a", 1))
    living[1].announce(replica("f", 2, lookout.NAME))
    living[2].announce(replica("z", 3, host="elsewhere"))
    dead = tmp_path / "replicas" / "dead.json"
    dead.write_bytes(msgspec.json.encode(replica("dead", 4)))
    (tmp_path / "replicas" / "nonsense.json").write_text("{")
    assert await lookout.in_folder(tmp_path)() == ["127.0.0.1:1"]
    assert not dead.exists()
    for each in living:
        each.withdraw()
    assert await lookout.in_folder(tmp_path)() == []


async def test_a_name_stands_for_all_its_addresses_and_an_unknown_one_for_none() -> None:
    no_name = "a" * 64  # which needs no name service to be none
    found = await lookout.at(("127.0.0.1:7", "[::1]:8", f"{no_name}:9"))()
    assert found == ["127.0.0.1:7", "[::1]:8"]


async def test_a_replica_is_taken_when_it_is_ready_and_left_when_it_is_not(pool: Pool) -> None:
    status = [200]

    def answer(exchange: Exchange) -> None:
        exchange.respond(status[0], (), b'{"table":{"registry":"a-registry","revision":3}}')

    async with serving(ScriptedApp(answer)) as listener:
        found = looking(pool, holding(3), listener.port, free_port())
        await found.look()
        assert found.replicas.usable == 1
        status[0] = 503
        await found.look()
        assert found.replicas.usable == 0


async def test_a_new_replica_is_not_taken_with_an_older_table_than_ours(pool: Pool) -> None:
    async with serving(ready(2)) as old, serving(ready(4)) as new:
        found = looking(pool, holding(3), old.port, new.port)
        await found.look()
        assert [each.usable for each in found.replicas] == [False, True]


async def test_one_that_was_taken_stays_while_ours_is_newer(pool: Pool) -> None:
    tables = holding(2)
    async with serving(ready(2)) as listener:
        found = looking(pool, tables, listener.port)
        await found.look()
        tables.swap(build("a-registry", 3, ()), None)
        await found.look()
        assert found.replicas.usable == 1


async def test_without_a_table_of_ours_a_replica_is_taken_after_a_while(pool: Pool) -> None:
    async with serving(ready(2)) as listener:
        found = looking(pool, TableHolder(), listener.port)
        await found.look()
        assert found.replicas.usable == 0
        for each in found.replicas:
            each.since -= lookout.LATEST
        await found.look()
        assert found.replicas.usable == 1


async def test_one_that_broke_a_request_off_is_looked_at_soon(pool: Pool) -> None:
    app = ready(1)
    async with serving(app) as listener:
        found = looking(pool, holding(1), listener.port)
        task = asyncio.create_task(found.run())
        await until(lambda: found.replicas.usable == 1, "it is taken")
        (each,) = found.replicas
        found.replicas.broken(each)
        assert found.replicas.usable == 0
        await until(lambda: found.replicas.usable == 1, "it is taken again")
        await end(task)


async def test_what_is_under_way_at_a_silent_replica_is_given_up(pool: Pool) -> None:
    class Traveller:
        cuts = 0

        def go(self, replica: object) -> None:
            raise AssertionError("it is on its way")

        def stay(self) -> None:
            raise AssertionError("it is on its way")

        def cut(self) -> None:
            self.cuts += 1

    found, traveller = looking(pool, TableHolder(), free_port()), Traveller()
    for looks in range(1, lookout.SILENT + 1):
        await found.look()
        (each,) = found.replicas
        each.under_way.add(traveller)
        assert traveller.cuts == (looks >= lookout.SILENT)


async def test_one_that_is_gone_from_the_list_gets_nothing_more(pool: Pool) -> None:
    ports: list[int] = []

    async def find() -> Sequence[str]:
        return [f"127.0.0.1:{port}" for port in ports]

    async with serving(ready(1)) as listener:
        ports.append(listener.port)
        found = Lookout(pool, find, holding(1))
        await found.look()
        assert found.replicas.usable == 1
        ports.clear()
        await found.look()
        assert (found.replicas.usable, list(found.replicas)) == (0, [])
