"""Event streams: how long an event is on its way, and what a stream that is open costs."""

import asyncio
import time
from collections.abc import Iterator

import uvloop

from bench import messages, steady
from bench.contract import Lab, Line, Row, Target
from bench.figures import percentile
from bench.gateway import Gateway, gateway, upstream
from bench.processes import memory, open_files
from bench.upstream import EVENTS
from bench.wrk import Load

DELAY, STREAMS, SIZE = Target("<=", 1.0), Target(">=", 20_000), Target("<=", 25.0)
_EACH = 250  # streams of one upstream, below the limit of connections to one origin
_SPARE = 500  # open files of a data plane that are no streams
_AT_ONCE = 200  # that are being opened
_SETTLE = 0.5  # seconds


def measure(lab: Lab) -> list[Line]:
    return [*_delays(lab), *_held(lab), *_listening(lab)]


def _delays(lab: Lab) -> Iterator[Line]:
    with gateway(lab.folder / "delays") as ours, upstream(lab.folder) as (served, _):
        ours.register("events", served[0])
        direct = steady.request(_load("stream", ours), served[0])
        through = steady.request(_load("events-stream", ours), ours.port)
        found: dict[str, list[list[float]]] = {"direct": [], "gateway": []}
        for _ in range(lab.rounds):
            for name, port, request in (
                ("direct", served[0], direct),
                ("gateway", ours.port, through),
            ):
                found[name].append(uvloop.run(_watch(port, request)))
    for name, rounds in found.items():
        for percent in (50, 99):
            values = tuple(percentile(one, percent) for one in rounds)
            target = DELAY if (name, percent) == ("gateway", 99) else None
            yield Line(f"an event on its way, {name}, p{percent}", "ms", values, target)


def _load(tool: str, ours: Gateway) -> Load:
    """With the tool's own name for the upstream, whose header says which tool it is."""
    headers = messages.modern_headers("tools/call", tool) | ours.authorization
    return Load("/mcp", headers, messages.modern_streamed(tool))


async def _watch(port: int, request: bytes) -> list[float]:
    """Milliseconds from the upstream's writing of an event to our having it, for a stream."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    found: list[float] = []
    async with asyncio.timeout(60):
        while len(found) < EVENTS:
            line = await reader.readline()
            if not line:
                raise ConnectionError(f"the stream ended after {len(found)} events")
            at = line.find(b'"progress":')
            if at >= 0:
                sent = int(line[at + 11 :].partition(b"}")[0])
                found.append((time.monotonic_ns() - sent) / 1e6)
    writer.close()
    return found


def _held(lab: Lab) -> Iterator[Line]:
    allowed = open_files()
    count = min(int(STREAMS.value), (allowed - _SPARE) // 2)
    if count < STREAMS.value:
        lab.note(
            f"A process may have {allowed:,} open files here, and a stream takes two: {count:,} "
            f"streams are opened, not {STREAMS.value:,.0f}."
        )
    origins = -(-count // _EACH)
    with gateway(lab.folder / "held") as ours, upstream(lab.folder, origins) as (served, _):
        requests = []
        for number, port in enumerate(served):
            ours.register(f"up{number}", port)
            load = _load(f"up{number}-hold", ours)
            requests.append(steady.request(load, ours.port))
        pid = ours.data_plane_pid
        before = memory(pid)
        each = [requests[number // _EACH] for number in range(count)]
        opened, after = uvloop.run(_open(ours.port, each, pid))
    yield Line("streams open at once", "streams", (opened,), STREAMS)
    yield Line("memory of the process per stream", "kB", ((after - before) / opened / 1e3,), SIZE)


def _listening(lab: Lab) -> Iterator[Line]:
    """Streams that hear of changes: they need no connection to an upstream."""
    count = min(int(STREAMS.value), open_files() - _SPARE)
    with gateway(lab.folder / "listening") as ours:
        headers = messages.modern_headers("subscriptions/listen") | ours.authorization
        request = steady.request(Load("/mcp", headers, messages.modern_listen()), ours.port)
        pid = ours.data_plane_pid
        before = memory(pid)
        opened, after = uvloop.run(_open(ours.port, [request] * count, pid))
    yield Line("listening streams open at once", "streams", (opened,))
    yield Line(
        "memory of the process per listening stream", "kB", ((after - before) / opened / 1e3,)
    )


async def _open(port: int, requests: list[bytes], pid: int) -> tuple[int, int]:
    """How many were opened, and the memory of the gateway while they are."""
    gate = asyncio.Semaphore(_AT_ONCE)
    writers: list[asyncio.StreamWriter] = []

    async def one(request: bytes) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise ConnectionError(f"a stream was refused: {head[:200]!r}")
            await reader.readuntil(b"data: ")
            writers.append(writer)

    async with asyncio.timeout(120):
        await asyncio.gather(*map(one, requests))
    await asyncio.sleep(_SETTLE)
    held = memory(pid)
    for writer in writers:
        writer.transport.abort()
    return len(writers), held


ROW = Row(
    "streams",
    "Event streams",
    f"A result of {EVENTS} events, 5 ms apart: from the upstream's write to the client's read, so "
    "both hops count. Then streams that stay open, each with a connection of its own on both "
    "sides; memory is what the process is larger by (resident), without the kernel's buffers.",
    measure,
    ("taskset",),
)
