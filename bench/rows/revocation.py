"""From a revocation over REST to the end of what was open for it, on two replicas."""

import asyncio
import time

import aiohttp
import uvloop

from bench import messages, steady
from bench.contract import Lab, Line, Row, Target, Trouble
from bench.figures import percentile
from bench.gateway import Gateway, gateway
from bench.wrk import Load

REVOKED = 100  # tokens of a round
WITHIN = Target("<=", 250.0, worst=250.0)
_LONGEST = 30.0  # seconds that a stream may stay open before the row gives up


def measure(lab: Lab) -> list[Line]:
    with (
        gateway(lab.folder, pinned=False) as ours,
        ours.data_plane("second") as second,
    ):
        ports = (ours.port, second.port)
        rounds = [uvloop.run(_round(ours, ports, number)) for number in range(lab.rounds)]
    return [
        Line(
            "a revoked token: its streams at both replicas have ended, p50", "ms", _at(rounds, 50)
        ),
        Line(
            "a revoked token: its streams at both replicas have ended, p99",
            "ms",
            _at(rounds, 99),
            WITHIN,
        ),
    ]


def _at(rounds: list[list[float]], percent: int) -> tuple[float, ...]:
    return tuple(percentile(one, percent) for one in rounds)


async def _round(ours: Gateway, ports: tuple[int, ...], number: int) -> list[float]:
    """Milliseconds of each revocation, until the last stream has ended."""
    base = f"http://127.0.0.1:{ours.port}"
    async with aiohttp.ClientSession(base, headers=ours.authorization) as session:
        return [await _revoked(session, ports, f"{number}-{each}") for each in range(REVOKED)]


async def _revoked(session: aiohttp.ClientSession, ports: tuple[int, ...], name: str) -> float:
    async with session.post("/tokens?wait=applied", json={"name": name}) as made:
        made.raise_for_status()
        said = await made.json()
    load = _listen(said["access_token"])
    streams = [await _open(port, load) for port in ports]
    ends = [asyncio.create_task(_end(reader)) for reader, _ in streams]
    begun = time.monotonic()
    async with session.delete(f"/tokens/{said['token']['id']}") as gone:
        gone.raise_for_status()
    async with asyncio.timeout(_LONGEST):
        last = max(await asyncio.gather(*ends))
    for _, writer in streams:
        writer.close()
    return (last - begun) * 1000


def _listen(token: str) -> Load:
    headers = messages.modern_headers("subscriptions/listen")
    shown = {"Authorization": f"Bearer {token}"}
    return Load("/mcp", headers | shown, messages.modern_listen())


async def _open(port: int, load: Load) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(steady.request(load, port))
    async with asyncio.timeout(_LONGEST):
        head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head[:20]:
        raise Trouble(f"a stream was not opened: {head[:300]!r}")
    return reader, writer


async def _end(reader: asyncio.StreamReader) -> float:
    """When the stream has ended: its last chunk is the empty one."""
    before = b""
    while data := await reader.read(65536):
        before = (before + data)[-16:]
        if before.endswith(b"0\r\n\r\n"):
            break
    return time.monotonic()


ROW = Row(
    "revocation",
    f"A revoked token, felt at two replicas, {REVOKED} a round",
    "From the sending of `DELETE /tokens/{id}` to the public address until the event streams that "
    "were open with the token at both replicas have ended: the transaction, publishing, NATS, the "
    "swap of the table and the cut are all in it. Calls with the token are refused from the same "
    "swap on.",
    measure,
)
