"""Searches among so many tools of one server, in the process: `python -m bench.search`.

The tools are those that queries are labelled for, again and again as other companies' own, so that
words are as frequent as they are in such catalogues. Prints JSON: milliseconds of each answer, of
each change of one tool until it is found, and the longest time without a chance for others to run.
Times are of the processor, so that other load on the machine does not count.
"""

import argparse
import asyncio
import ctypes
import gc
import json
import resource
import time
from collections.abc import Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bench.labelled import labelled_queries, labelled_tools
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.delta import applying
from mcpgateway.common.routing.model import Delta, Principal, Server, Tool, Upstream
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View
from mcpgateway.common.runtime.slices import in_slices
from mcpgateway.data_plane.pipeline.searching.catalogues import Catalogue, Catalogues
from mcpgateway.data_plane.pipeline.searching.searching import offered_as, told
from mcpgateway.data_plane.table.holder import TableHolder

ADMIN = Subject(Principal("admin@example.com", admin=True))
SERVER = "s" * 32
CHANGES = 50
LIMIT = 5


class Watch:
    """The longest time that one turn of the loop took while it was watched, in milliseconds."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.longest = max(self.longest, (now - before) * 1000)
            before = now

    def stop(self) -> float:
        self._task.cancel()
        return self.longest


def tools(count: int) -> Iterator[Tool]:
    known = labelled_tools()
    for number in range(count):
        company, at = divmod(number, len(known))
        of = known[at]
        name = of.name if company == 0 else f"company{company}-{of.name}"
        yield replace(of, id=f"{number:032x}", upstream="up", name=name)


def table(count: int) -> Table:
    gc.disable()
    every = tuple(tools(count))
    server = Server(SERVER, "all", tools=tuple(each.id for each in every), discovery="search")
    up = Upstream("up", "up", "up", "http://10.0.0.1:1/mcp")
    made = build("a-registry", 1, (up, *every, server))
    gc.enable()
    gc.collect()
    gc.freeze()
    return made


def _view(of: Table) -> View:
    found = of.view(ADMIN, SERVER)
    if found is None:
        raise LookupError("the server is not in the table")
    return found


def _resident() -> int:
    """Bytes of memory that the process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def _answer(catalogue: Catalogue, view: View, query: str) -> str:
    await catalogue.wait()

    def shown(tool: Tool) -> bool:
        return offered_as(view, tool) is not None

    return told(view, await in_slices(catalogue.index.search(query, LIMIT, shown)))


async def _change(tables: TableHolder, number: int) -> None:
    """One tool is another, as a delta makes it."""
    before = tables.current
    tool = next(iter(before.tools.values()))
    changed = replace(tool, definition=b'{"description":"changed %d"}' % number)
    delta = Delta("a-registry", before.revision, before.revision + 1, (changed,))
    applied = await in_slices(applying(before, delta))
    tables.swap(applied.table, applied.touched)


async def _timed(work: Coroutine[Any, Any, object]) -> float:
    """Milliseconds. Before it others have their turn, as between two requests."""
    await asyncio.sleep(0)
    begun = time.thread_time()
    await work
    return (time.thread_time() - begun) * 1000


async def _found_changed(tables: TableHolder, catalogue: Catalogue, number: int) -> None:
    await _change(tables, number)
    await _answer(catalogue, _view(tables.current), f"changed {number}")


async def measure(count: int) -> dict[str, list[float]]:
    tables, catalogues = TableHolder(), Catalogues()
    tables.on_change(catalogues.table_changed)
    tables.swap(table(count), None)
    gc.set_threshold(20_000, 50, 100)  # as a data plane has it
    ctypes.CDLL(None).malloc_trim(0)  # so that what is kept does not hide in what was given back
    before, watch, begun = _resident(), Watch(), time.thread_time()
    catalogue = catalogues.of(SERVER, tables.current)
    await catalogue.wait()
    made = time.thread_time() - begun
    kept = _resident() - before
    queries = [each.query for name in ("queries", "unseen") for each in labelled_queries(name)]
    view = _view(tables.current)
    ask = partial(_answer, catalogue, view)
    answers = [await _timed(ask(query)) for query in queries]
    changes = [await _timed(_found_changed(tables, catalogue, n)) for n in range(CHANGES)]
    pause = watch.stop()
    await catalogues.aclose()
    return {
        "answer": answers,
        "change": changes,
        "pause": [pause],
        "made": [made],
        "bytes": [kept / count],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.search", description=__doc__)
    parser.add_argument("--tools", type=int, default=100_000)
    print(json.dumps(asyncio.run(measure(parser.parse_args().tools))))
