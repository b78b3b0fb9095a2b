"""Calls a REST service with the gateway's own HTTP client, as fast as answers come: what a program
would do that needs no gateway. Prints the requests per second, and the microseconds of CPU of each.

A task for each connection awaits its answers and reads them as JSON. No two requests are the same.
"""

import argparse
import asyncio
import time

import msgspec
import uvloop

from bench.messages import NUMBER
from mcpgateway.common.runtime.http.pool import Pool

_HEADERS = ((b"content-type", b"application/json"), (b"accept", b"application/json"))
_LIMIT = 1 << 20  # bytes of an answer


async def call(pool: Pool, url: str, number: int) -> None:
    body = msgspec.json.encode({"text": f"hello {NUMBER + number}"})
    async with await pool.request("POST", url, _HEADERS, body) as response:
        if response.status != 200:
            raise RuntimeError(f"{url} answered {response.status}")
        msgspec.json.decode(await response.read(_LIMIT))


async def calls(pool: Pool, url: str, until: float) -> int:
    made = 0
    while time.perf_counter() < until:
        await call(pool, url, made)
        made += 1
    return made


async def main(url: str, seconds: float, connections: int) -> None:
    pool = Pool()
    await call(pool, url, 0)
    begun, used = time.perf_counter(), time.process_time()
    until = begun + seconds
    made = sum(await asyncio.gather(*[calls(pool, url, until) for _ in range(connections)]))
    took, used = time.perf_counter() - begun, time.process_time() - used
    print(made / took, used * 1e6 / made)
    await pool.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.direct", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(options.url, options.seconds, options.connections))
