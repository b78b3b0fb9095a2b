"""A large registry: written, listed, searched and compiled, on a PostgreSQL of its own."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import asyncpg
import msgspec

from bench.contract import Lab, Line, Row, Target
from bench.figures import percentile
from bench.gateway import elapsed
from mcpgateway.cli.embedded.postgres import Postgres
from mcpgateway.control_plane.registry.model import Server, Tool, Upstream, Viewer, Who
from mcpgateway.control_plane.registry.routing_records import Routes
from mcpgateway.control_plane.registry.search import Wanted
from mcpgateway.control_plane.registry.views import After, Query
from mcpgateway.control_plane.store.database import PostgresStore, make_pool
from mcpgateway.control_plane.store.delta import PostgresRoutingSource
from mcpgateway.control_plane.store.migrate import migrate, migrations

UPSTREAMS, TOOLS, SERVERS, HELD = 50, 100_000, 5_000, 20
BATCH = 10_000  # tools of a write
SEARCH, PAGE, IMPORT = Target("<=", 50.0), Target("<=", 10.0), Target("<=", 20.0)
_ASKED = 200  # of a round
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_BY = Who(by="bench@example.com")
_SEEN: tuple[Viewer, ...] = (Viewer("bench@example.com", admin=True), Viewer("bob@example.com"))


def _words(text: str) -> list[str]:
    return text.split()


_VERBS = _words("get list create update delete search fetch export import merge close assign")
_NOUNS = _words(
    "issue repository branch commit ticket invoice payment customer order calendar message channel "
    "team project page document table record report dashboard alert metric trace pipeline build "
    "release container cluster bucket queue secret certificate domain policy role image contact"
)
_SYLLABLES = _words("ba co di fe gu ha ki lo mu ne pi ra so tu ve wa xi yo zu el an or in us")
_VOCABULARY = 3_000  # words of descriptions, the n-th as often as 1/n, as in any language


class Words:
    """The words of one registry."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - the same registry in each run
        made = ("".join(self.rng.choices(_SYLLABLES, k=3)) for _ in range(_VOCABULARY))
        self._all = [*_NOUNS, *_VERBS, *made]
        self._often = list(accumulate(1 / (place + 1) for place in range(len(self._all))))
        self.rng.shuffle(self._all)

    def some(self, count: int) -> str:
        return " ".join(self.rng.choices(self._all, cum_weights=self._often, k=count))

    def name(self) -> tuple[str, str, str]:
        """A verb and two things."""
        one, other = self.rng.choices(_NOUNS + self._all[:200], k=2)
        return self.rng.choice(_VERBS), one, other


def measure(lab: Lab) -> Iterator[Line]:
    postgres = Postgres(lab.folder / "registry").start()
    try:
        yield from asyncio.run(_measured(lab, postgres.dsn))
    finally:
        postgres.stop()


async def _measured(lab: Lab, dsn: str) -> list[Line]:
    words = Words(1)
    async with make_pool(dsn) as pool:
        async with pool.acquire() as connection:
            await migrate(connection, migrations())
        store = PostgresStore(pool, lambda: _AT)
        written = await _fill(store, words)
        await pool.execute("ANALYZE")
        lines = [Line(f"{BATCH:,} tools in one write", "s", tuple(written), IMPORT)]
        lines += await _read(lab, store, words)
        lines += await _compiled(lab, store, pool)
    return lines


async def _fill(store: PostgresStore, words: Words) -> list[float]:
    """Seconds of each write of tools."""
    upstreams = [_upstream(number) for number in range(UPSTREAMS)]
    async with store.write(_BY) as tx:
        await tx.upstreams.save(upstreams)
    seconds, ids = [], list[str]()
    for start in range(0, TOOLS, BATCH):
        tools = [_tool(upstreams[n % UPSTREAMS], n, words) for n in range(start, start + BATCH)]
        begun = time.perf_counter()
        async with store.write(_BY) as tx:
            await tx.tools.save(tools)
        seconds.append(elapsed(begun))
        ids += [tool.id for tool in tools]
    async with store.write(_BY) as tx:
        await tx.servers.save([_server(number, ids, words.rng) for number in range(SERVERS)])
    return seconds


async def _read(lab: Lab, store: PostgresStore, words: Words) -> list[Line]:
    read, rng = store.read, words.rng

    async def tools() -> None:
        after = After(f"up-{rng.randrange(UPSTREAMS)}-{rng.choice(_VERBS)}", "")
        await read.tools(Query(viewer=rng.choice(_SEEN), after=after, limit=51))

    async def servers() -> None:
        after = After(f"server {rng.randrange(SERVERS)}", "")
        await read.servers(Query(viewer=rng.choice(_SEEN), after=after, limit=51))

    async def searches() -> None:
        await read.search(Wanted(viewer=rng.choice(_SEEN), text=_asked(words)))

    lines = []
    for what, act, target in (
        (f"list 50 of {TOOLS:,} tools", tools, PAGE),
        (f"list 50 of {SERVERS:,} servers", servers, None),
        (f"search {TOOLS:,} tools and all else", searches, SEARCH),
    ):
        rounds = [await _times(act) for _ in range(lab.rounds)]
        for percent in (50, 95):
            values = tuple(percentile(each, percent) for each in rounds)
            lines.append(Line(f"{what}, p{percent}", "ms", values, target))
    return lines


async def _compiled(
    lab: Lab, store: PostgresStore, pool: "asyncpg.Pool[asyncpg.Record]"
) -> list[Line]:
    source = PostgresRoutingSource(pool, Routes("bench", True, True))
    seconds = []
    for _ in range(min(lab.rounds, 3)):
        begun = time.perf_counter()
        await source.delta(0)
        seconds.append(elapsed(begun))
    found = await store.read.tools(Query(viewer=_SEEN[0], limit=1))
    [tool] = [msgspec.convert(row, Tool, from_attributes=True) for row in found]
    milliseconds = []
    for version in range(lab.rounds):
        async with store.write(_BY) as tx:
            await tx.tools.save([msgspec.structs.replace(tool, version=version + 2)])
        begun = time.perf_counter()
        await source.delta(tx.revision - 1)
        milliseconds.append(elapsed(begun) * 1000)
    return [
        Line("snapshot compiled from the registry", "s", tuple(seconds)),
        Line("delta of one tool compiled", "ms", tuple(milliseconds)),
    ]


async def _times(act: Callable[[], Awaitable[Any]]) -> list[float]:
    """Milliseconds of each, one after the other."""
    found = []
    for _ in range(_ASKED):
        begun = time.perf_counter()
        await act()
        found.append(elapsed(begun) * 1000)
    return found


def _asked(words: Words) -> str:
    """As people ask: words, beginnings, whole names, phrases, slips of the pen, nothing."""
    verb, one, other = words.name()
    return words.rng.choice(
        (
            one,
            one[:4],
            f"{verb} {one}",
            f"up-3-{verb}-{one}-{other}",
            words.some(3),
            f"{one[:2]}{one[3:]} {other}",
            "zzqy wxv",
        )
    )


def _upstream(number: int) -> Upstream:
    return Upstream(
        **_common(number),
        name=f"up {number}",
        slug=f"up-{number}",
        url=f"https://up{number}.example/mcp",
        transport="STREAMABLEHTTP",
        era="modern",
        protocol_version="2026-07-28",
    )


def _tool(upstream: Upstream, number: int, words: Words) -> Tool:
    verb, one, other = words.name()
    own = f"{verb}_{one}_{other}_{number}"
    properties = {
        name: {"type": "string", "description": words.some(8)}
        for name in words.rng.sample(_NOUNS, 4)
    }
    definition = {
        "title": f"{verb} {one} {other}",
        "description": f"{verb} the {one} of a {other}. {words.some(40)}",
        "inputSchema": {"type": "object", "properties": properties},
    }
    return Tool(
        **_common(UPSTREAMS + number),
        upstream_id=upstream.id,
        name=f"{upstream.slug}-{own}".replace("_", "-"),
        original_name=own,
        definition=msgspec.json.encode(definition).decode(),
    )


def _server(number: int, ids: Sequence[str], rng: random.Random) -> Server:
    held = tuple(rng.sample(ids, HELD))
    return Server(**_common(UPSTREAMS + TOOLS + number), name=f"server {number}", tools=held)


def _common(number: int) -> dict[str, Any]:
    return {"id": f"{number:032x}", "created_at": _AT, "updated_at": _AT, "created": _BY}


ROW = Row(
    "registry",
    "A registry of many tools and servers",
    f"{TOOLS:,} tools of {UPSTREAMS} upstreams, with descriptions of 45 words, and {SERVERS:,} "
    f"servers of {HELD} tools each, on a PostgreSQL with its usual settings. Reads are made one "
    "after the other by the control plane's own store, for an administrator and for somebody else.",
    measure,
)
